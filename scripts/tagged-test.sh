#!/usr/bin/env bash
# Runs the tests that a build tag adds, and no others: the rest has been tested
# without it. Usage: tagged-test.sh TAG TIMEOUT [flags of go test]
set -euo pipefail
tag=$1 timeout=$2
shift 2
go=${GO:-go}

files() { "$go" list -f '{{.ImportPath}} {{.TestGoFiles}} {{.XTestGoFiles}}' "$@" ./...; }
mapfile -t packages < <(comm -13 <(files | sort) <(files -tags "$tag" | sort) | cut -d' ' -f1)
((${#packages[@]})) || { echo "no package has tests with the tag $tag" >&2; exit 1; }

names() { "$go" test -list '^Test' "$@" "${packages[@]}" | grep '^Test' | sort -u; }
tests=$(comm -13 <(names) <(names -tags "$tag"))
[[ -n $tests ]] || { echo "the tag $tag adds no test" >&2; exit 1; }

printf 'with the tag %s: %s\n' "$tag" "${tests//$'\n'/, }"
exec "$(dirname "$0")/go-test.sh" "${packages[*]}" -timeout "$timeout" -p 1 -tags "$tag" \
	-run "^(${tests//$'\n'/|})\$" "$@"
