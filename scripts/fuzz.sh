#!/usr/bin/env bash
# Runs every fuzz target of the module, one after the other: the go command
# fuzzes one at a time.
#
#   scripts/fuzz.sh [DURATION]     30s each where none is given
set -euo pipefail

readonly GO=${GO:-go} DURATION=${1:-30s}

packages=$("$GO" list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./...)
count=0
for package in $packages; do
	listing=$("$GO" test -list '^Fuzz' "$package")
	for target in $(grep '^Fuzz' <<<"$listing" || true); do
		printf '== %s %s\n' "$package" "$target"
		"$GO" test -run '^$' -fuzz "^$target\$" -fuzztime "$DURATION" "$package"
		count=$((count + 1))
	done
done
if ((count == 0)); then
	echo 'fuzz: no fuzz target found' >&2
	exit 1
fi
printf 'fuzz: %d targets, %s each\n' "$count" "$DURATION"
