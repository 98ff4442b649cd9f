#!/usr/bin/env bash
# Makes what the interop matrix needs beside the live tests' servers: one Python
# environment for each further FastMCP, an authorization server and the official
# conformance suite, below the folder of live-setup.sh, and nginx from the system's
# packages where it is missing and we may install it.
set -euo pipefail
cd "$(dirname "$0")/.."

# The pinned versions: FastMCP and the SDK of its time.
readonly FASTMCPS=(2.12.5:1.16.0 2.13.3:1.22.0 3.1.1:1.26.0 3.4.11:1.30.0)
readonly OLD_PYDANTIC=2.11.10 # what SDK 1.16 imports from it is gone in later ones
readonly OIDC=9.13.3         # oidc-provider, an authorization server
readonly OFFICIAL=0.2.0-alpha.12 # the official conformance suite, and the Node that it wants
readonly OFFICIAL_NODE=22.23.3
readonly LIMITERS=(express@5.3.0 express-rate-limit@8.7.5 express-slow-down@3.1.1 rate-limiter-flexible@11.4.0 bottleneck@2.19.5)
readonly LIMITS=(limits:limits==5.8.0:slowapi==0.1.10 limits-elastic:limits==3.14.1) # elastic windows are gone since
readonly MISSING_TOOL=3

say() { printf 'interop: %s\n' "$*" >&2; }

scripts/live-setup.sh
cache=$(scripts/live-setup.sh --path)/interop
python=$(readlink -f "$(scripts/live-setup.sh --path)/fastmcp2/bin/python")
mkdir -p "$cache"

for pair in "${FASTMCPS[@]}"; do
	fastmcp=${pair%%:*} sdk=${pair##*:} more=()
	[[ $sdk != 1.16.0 ]] || more=("pydantic==$OLD_PYDANTIC")
	env=$cache/fastmcp-$fastmcp
	[[ -f $env/.made && $(<"$env/.made") == "$pair ${more[*]}" ]] && continue
	say "making fastmcp-$fastmcp with SDK $sdk"
	rm -rf "$env"
	"$python" -m venv "$env"
	"$env/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "fastmcp==$fastmcp" "mcp==$sdk" "${more[@]}" >&2 ||
		{ say "ERROR: fastmcp-$fastmcp was not installed; is its registry reachable?"; exit 1; }
	printf '%s\n' "$pair ${more[*]}" >"$env/.made"
done

if [[ ! -f $cache/oidc/.made || $(<"$cache/oidc/.made") != "$OIDC" ]]; then
	say "installing oidc-provider $OIDC"
	npm install --silent --no-audit --no-fund --prefix "$cache/oidc" "oidc-provider@$OIDC" >&2 ||
		{ say "ERROR: oidc-provider was not installed; is npm there, and its registry reachable?"; exit 1; }
	printf '%s\n' "$OIDC" >"$cache/oidc/.made"
fi

if [[ ! -f $cache/official/.made || $(<"$cache/official/.made") != "$OFFICIAL $OFFICIAL_NODE" ]]; then
	say "installing the official conformance suite $OFFICIAL"
	npm install --silent --no-audit --no-fund --prefix "$cache/official" "@modelcontextprotocol/conformance@$OFFICIAL" "node@$OFFICIAL_NODE" >&2 ||
		{ say "ERROR: the official suite was not installed; is npm there, and its registry reachable?"; exit 1; }
	printf '%s\n' "$OFFICIAL $OFFICIAL_NODE" >"$cache/official/.made"
fi

if [[ ! -f $cache/limiters-node/.made || $(<"$cache/limiters-node/.made") != "${LIMITERS[*]}" ]]; then
	say "installing limiters of npm's"
	npm install --silent --no-audit --no-fund --prefix "$cache/limiters-node" "${LIMITERS[@]}" >&2 ||
		{ say "ERROR: ${LIMITERS[*]} were not installed; is npm there, and its registry reachable?"; exit 1; }
	printf '%s\n' "${LIMITERS[*]}" >"$cache/limiters-node/.made"
fi

for one in "${LIMITS[@]}"; do
	IFS=: read -r name packages more <<<"$one"
	env=$cache/$name
	[[ -f $env/.made && $(<"$env/.made") == "$one" ]] && continue
	say "making $name"
	rm -rf "$env"
	"$python" -m venv "$env"
	"$env/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$packages" ${more:+"$more"} starlette==1.10.0 uvicorn==0.54.0 >&2 ||
		{ say "ERROR: $packages was not installed; is its registry reachable?"; exit 1; }
	printf '%s\n' "$one" >"$env/.made"
done

if ! command -v nginx >/dev/null && ! [[ -x /usr/sbin/nginx ]]; then
	if ((EUID == 0)) && command -v apt-get >/dev/null; then
		say "installing nginx"
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nginx-light; } >&2
	else
		say "ERROR: no nginx found, and no right to install it"
		exit "$MISSING_TOOL"
	fi
fi
