#!/usr/bin/env bash
# Makes what the live tests need: two Python environments with FastMCP and one
# npm prefix with the reference server. All of it goes below one folder of the
# user's cache; nothing is installed on the system, except in CI (CI is set) a
# browser and jq where there are none.
#
#   scripts/live-setup.sh          make what is missing, print what is there
#   scripts/live-setup.sh --path   print the folder and do nothing
#   scripts/live-setup.sh --fastmcp   make the newest FastMCP only, which needs Python only
#
# The folder is $MCPLOAD_TEST_CACHE, or ~/.cache/mcpload-test.
#
# Each environment is made in a folder of its own, named for its pinned
# versions, and a link with a fixed name is turned to it once it is whole:
#
#   fastmcp2/bin/python            FastMCP 2.x
#   fastmcp-newest/bin/python      the newest FastMCP that installs
#   junit/bin/python               xmlschema, a validator of XML
#   everything/node_modules/.bin/mcp-server-everything
#   keyed-NAME/                    twelve servers of others that need a key
#   axe/node_modules/axe-core/axe.min.js   the accessibility checker
#   chromium                               a link to the browser of this machine
#   jq                                     a link to the jq of this machine
#
# So an interrupted or outdated one is never seen through the link, and is made
# again. Exit status: 0 all there, 3 a tool is missing (Python, Node, npm, Chromium, jq),
# anything else: an installation failed.
set -euo pipefail

# The pinned versions; this is the one place that has them.
readonly FASTMCP2=2.14.7 FASTMCP2_SDK=1.30.0
readonly FASTMCP_NEWEST=4.1.1 FASTMCP_NEWEST_SDK=2.3.0 # 4.1.3 and 4.1.6 want a certifi that not every index has yet
readonly XMLSCHEMA=4.3.2 # validates JUnit reports
readonly EVERYTHING=2026.8.31
readonly AXE=4.14.1
# Servers that need a key: their folder, npm or python, and the package.
readonly KEYED=(
	"tavily node tavily-mcp@0.2.10"
	"firecrawl node firecrawl-mcp@3.3.5"
	"brave node @brave/brave-search-mcp-server@2.0.63"
	"perplexity node @perplexity-ai/mcp-server@0.5.1"
	"exa node exa-mcp-server@3.1.5"
	"github node @modelcontextprotocol/server-github@2025.4.8"
	"gitlab node @modelcontextprotocol/server-gitlab@2025.4.25"
	"slack node @modelcontextprotocol/server-slack@2025.4.25"
	"notion node @notionhq/notion-mcp-server@1.9.0"
	"airtable node airtable-mcp-server@1.9.5"
	"figma node figma-developer-mcp@0.13.2"
	"elevenlabs python elevenlabs-mcp==0.12.2"
)

readonly CACHE=${MCPLOAD_TEST_CACHE:-$HOME/.cache/mcpload-test}
readonly MISSING_TOOL=3

say() { printf 'live-setup: %s\n' "$*" >&2; }

# missing TOOL WHY ends the script: no later step could do without the tool.
missing() {
	say "ERROR: no $1 found: $2"
	exit "$MISSING_TOOL"
}

# find_python prints the first Python of at least 3.11 that can make
# environments. Those that the pinned versions were tried on come first, each
# as Linux and macOS name it and where pyenv keeps it.
find_python() {
	local minor candidate
	for minor in 13 12 11; do
		for candidate in "python3.$minor" "${PYENV_ROOT:-$HOME/.pyenv}/versions/3.$minor".*/bin/python; do
			interpreter "$candidate" && return
		done
	done
	interpreter python3
}

# interpreter prints the path of the Python that a command starts. A pyenv shim
# chooses it by folder, so an environment must not be tied to the shim.
interpreter() {
	"$1" - 2>/dev/null <<-'PY'
		import sys, venv, ensurepip
		if sys.version_info < (3, 11):
		    sys.exit(1)
		print(sys.executable)
	PY
}

# make_env NAME KEY KIND PACKAGES... makes an environment with the packages, and
# turns the link NAME to it; or leaves a whole one alone. KEY names the versions
# and the folder; KIND is python or node.
make_env() {
	local name=$1 key=$2 kind=$3
	shift 3
	local link=$CACHE/$name dir=$CACHE/made/$key
	if [[ -f $link/.made && $(<"$link/.made") == "$key" ]] && "starts_$kind" "$link"; then
		return
	fi
	say "making $name: $*"
	rm -rf "$dir"
	mkdir -p "$dir"
	if ! "install_$kind" "$dir" "$@"; then
		say "ERROR: $name was not installed; is its registry reachable?"
		exit 1
	fi
	printf '%s\n' "$key" >"$dir/.made"
	ln -sfn "$dir" "$link"
}

install_python() {
	local dir=$1
	shift
	"$PYTHON" -m venv "$dir" &&
		"$dir/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$@" >&2
}

# starts_python fails when the interpreter that the environment was made with
# has gone.
starts_python() { "$1/bin/python" -c '' 2>/dev/null; }

install_node() {
	local dir=$1
	shift
	npm install --loglevel=error --no-audit --no-fund --prefix "$dir" "$@" >&2
}

starts_node() { [[ -d $1/node_modules ]]; }

# find_chromium prints where the browser is that draws the pages: $CHROMIUM, or
# the first that this machine has. Where there is none, CI installs it with apt; a
# developer's machine is left alone.
find_chromium() {
	local name
	if [[ -n ${CHROMIUM:-} ]]; then
		command -v "$CHROMIUM"
		return
	fi
	for name in chromium chromium-browser google-chrome-stable google-chrome; do
		command -v "$name" && return
	done
	by_apt chromium
}

# find_jq prints where jq is, which turns logs into histories.
find_jq() { command -v jq || by_apt jq; }

# by_apt installs a program in CI, and prints where it is. It fails elsewhere.
by_apt() {
	[[ -n ${CI:-} ]] && command -v apt-get >/dev/null && ((EUID == 0)) || return
	say "installing $1 with apt"
	apt-get update >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$1" >&2 || return
	command -v "$1"
}

# lock lets one set-up at a time into the folder. The lock is a link to its
# owner's process id, because a link is made, with what it says, in one step.
lock() {
	local owner told=
	until ln -s "$$" "$CACHE/lock" 2>/dev/null; do
		owner=$(readlink "$CACHE/lock") || continue
		if kill -0 "$owner" 2>/dev/null; then
			[[ $owner == "$told" ]] || say "waiting for another set-up, process $owner"
			told=$owner
			sleep 1
		else
			say "process $owner left its lock behind, removing it"
			rm -f "$CACHE/lock"
		fi
	done
	trap 'rm -f "$CACHE/lock"' EXIT
}

newest_fastmcp() {
	make_env fastmcp-newest "fastmcp-$FASTMCP_NEWEST-mcp-$FASTMCP_NEWEST_SDK" python \
		"fastmcp==$FASTMCP_NEWEST" "mcp==$FASTMCP_NEWEST_SDK"
}

main() {
	if [[ ${1:-} == --path ]]; then
		printf '%s\n' "$CACHE"
		return
	fi
	PYTHON=$(find_python) || missing 'Python 3.11 or newer, with venv' 'FastMCP runs on it'
	if [[ ${1:-} == --fastmcp ]]; then
		mkdir -p "$CACHE/made"
		lock
		newest_fastmcp
		say "$CACHE/fastmcp-newest: FastMCP $FASTMCP_NEWEST, SDK $FASTMCP_NEWEST_SDK"
		return
	fi
	command -v node >/dev/null || missing 'node' 'the reference server runs on it'
	command -v npm >/dev/null || missing 'npm' 'it installs the reference server'
	mkdir -p "$CACHE/made"
	lock
	local chromium jq
	chromium=$(find_chromium) || missing 'chromium' 'the pages are tried in it; name one with CHROMIUM=/path, or install it with your package manager'
	ln -sfn "$chromium" "$CACHE/chromium"
	jq=$(find_jq) || missing 'jq' 'access logs are turned into histories with it; install it with your package manager'
	ln -sfn "$jq" "$CACHE/jq"
	make_env fastmcp2 "fastmcp-$FASTMCP2-mcp-$FASTMCP2_SDK" python \
		"fastmcp==$FASTMCP2" "mcp==$FASTMCP2_SDK"
	newest_fastmcp
	make_env junit "xmlschema-$XMLSCHEMA" python "xmlschema==$XMLSCHEMA"
	make_env everything "everything-$EVERYTHING" node \
		"@modelcontextprotocol/server-everything@$EVERYTHING"
	make_env axe "axe-core-$AXE" node "axe-core@$AXE"
	local keyed name kind package
	for keyed in "${KEYED[@]}"; do
		read -r name kind package <<<"$keyed"
		make_env "keyed-$name" "keyed-${package//[@\/=]/-}" "$kind" "$package"
	done
	cat >&2 <<-END
		live-setup: $CACHE
		live-setup:   fastmcp2        FastMCP $FASTMCP2, SDK $FASTMCP2_SDK, $("$CACHE/fastmcp2/bin/python" --version)
		live-setup:   fastmcp-newest  FastMCP $FASTMCP_NEWEST, SDK $FASTMCP_NEWEST_SDK, $("$CACHE/fastmcp-newest/bin/python" --version)
		live-setup:   everything      server-everything $EVERYTHING, Node $(node --version)
		live-setup:   axe             axe-core $AXE
		live-setup:   chromium        $("$CACHE/chromium" --version 2>/dev/null), $chromium
		live-setup:   jq              $("$CACHE/jq" --version), $jq
	END
}

main "$@"
