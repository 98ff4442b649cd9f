#!/usr/bin/env bash
# Tries the first two commands of the README as on a fresh machine. The first one is
# given nothing of the caller's environment: a copy of this tree without its history,
# an empty home, Go and the system's own programs. What it built then judges a server
# in a root of a Debian that debootstrap has just made, where there is one, we are root
# and a mirror answers; else in a root that holds nothing but the program and its
# libraries. It says which. Modules, and what Go has compiled before, are taken from the
# caller's caches, as they'd take minutes.
# Needs Linux, and root or user namespaces.
set -euo pipefail
cd "$(dirname "$0")/.."
go=$(command -v "${GO:-go}")

root=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf --one-file-system "$root"' EXIT
mkdir -p "$root"/{src,home,tmp}
git ls-files -z | xargs -0 -r cp --parents -t "$root/src"
fresh() {
	env -i HOME="$root/home" PATH="$("$go" env GOROOT)/bin:/usr/bin:/bin" GOTOOLCHAIN=local \
		GOMODCACHE="$("$go" env GOMODCACHE)" GOCACHE="$("$go" env GOCACHE)" GOPROXY=off "$@"
}
first=$(sed -n 's/^    go \(run .*\)$/\1/p' README.md | head -1)
second=$(sed -n 's/^    mcpload \(run http.*\)$/\1/p' README.md | head -1)
[[ -n $first && -n $second ]] || { echo 'clean root: the README has lost its first two commands' >&2; exit 1; }

echo "clean root: go $first"
fresh go -C "$root/src" $first >"$root/first" 2>&1 || { cat "$root/first"; exit 1; }
head -2 "$root/first"
grep -q '^pass: ' "$root/first" || { cat "$root/first"; exit 1; }

# The root: a fresh Debian, or the program and the libraries that it says it needs.
fresh go -C "$root/src" build -o "$root/mcpload" ./cmd/mcpload
debian() { # debootstrap keeps on trying for long, so that the mirror is asked first
	((EUID == 0)) && command -v debootstrap >/dev/null &&
		timeout 30 bash -c 'exec 3<>/dev/tcp/deb.debian.org/80' 2>/dev/null &&
		unshare --mount timeout "${MCPLOAD_DEBOOTSTRAP:-300}" debootstrap --variant=minbase stable "$root/root" \
			http://deb.debian.org/debian >"$root/debootstrap" 2>&1
}
if debian; then
	echo "clean root: Debian $(cat "$root/root/etc/debian_version"), made by debootstrap"
else
	[[ ! -s $root/debootstrap ]] || tail -2 "$root/debootstrap"
	echo "clean root: there is no debootstrap, no root or no mirror, so that it's an empty root"
	rm -rf --one-file-system "$root/root"
	mkdir "$root/root" "$root/root/tmp"
	for library in $(ldd "$root/mcpload" 2>/dev/null | grep -o '/[^ ]*' || true); do
		cp --parents -L "$library" "$root/root"
	done
fi
cp "$root/mcpload" "$root/root/"
flags=()
((EUID == 0)) || flags+=(--map-root-user)
within() { exec env -i HOME=/tmp "$(command -v unshare)" "${flags[@]}" --root="$root/root" /mcpload "$@"; }
within mock --server acb --addr 127.0.0.1:0 >"$root/address" 2>/dev/null &
server=$!
for _ in {1..600}; do [[ ! -s $root/address ]] || break; sleep 0.05; done
second=${second/http:\/\/127.0.0.1:8000\/mcp/$(cat "$root/address")}
second=${second/--tool ping/--tool echo} # which is what a mock has
echo "clean root: mcpload $second --scenario burst"
for _ in 1 2 3; do # a busy machine makes it inconclusive, which the program says
	status=0
	(within $second --scenario burst >"$root/second" 2>&1) || status=$?
	((status == 3)) || break
done
head -2 "$root/second"
((status == 0)) || { cat "$root/second"; exit 1; }
[[ -n $(find "$root/root/tmp" -name document.json) ]] || { echo 'clean root: the run is not kept' >&2; exit 1; }
echo 'clean root: the first two commands of the README work'
