#!/usr/bin/env bash
# go test: go-test.sh "PACKAGES" [flags of go test].
#
# In CI (CI is set), where a neighbour on the same machine can spoil what takes real time:
# where at most three tests are red, each is tried once more by itself, and the log says
# which. A test that is red twice is red. Whether an honest server is ever failed isn't left
# to this: `make noise` knows no second try, and a property is tried again with the values
# that broke it.
set -euo pipefail
packages=$1
shift
go=${GO:-go}
if [[ -z ${CI:-} ]]; then
	# shellcheck disable=SC2086 # the packages and the flags are words
	exec "$go" test ${TESTFLAGS:-} "$@" $packages
fi

again=$(mktemp)
trap 'rm -f "$again"' EXIT
status=0
# shellcheck disable=SC2086 # the flags are words
"$go" run gotest.tools/gotestsum@v1.13.0 --format standard-quiet --rerun-fails=1 --rerun-fails-max-failures=3 \
	--rerun-fails-report="$again" --packages "$packages" -- ${TESTFLAGS:-} "$@" || status=$?
if [[ -s $again ]]; then
	echo 'go-test: RED AT FIRST, and tried once more by itself:'
	cat "$again"
fi
exit "$status"
