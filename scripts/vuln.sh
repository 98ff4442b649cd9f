#!/usr/bin/env bash
# Runs govulncheck. A vulnerability that our code reaches fails; a database that
# can't be reached doesn't, but is said in a way that nobody overlooks: it means
# that nothing was checked.
#
#   scripts/vuln.sh MODULE@VERSION PACKAGES...
set -euo pipefail

readonly GO=${GO:-go} TOOL=$1
shift

# Not `go run`, which hides the tool's exit status.
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
GOBIN=$bin "$GO" install "$TOOL"

status=0
output=$("$bin/govulncheck" "$@" 2>&1) || status=$?
printf '%s\n' "$output"
if ((status != 0)) && grep -q '^govulncheck: fetching vulnerabilities: ' <<<"$output"; then
	cat <<-'END'
		********************************************************************************
		* NOT CHECKED: govulncheck could not reach its database, see above.            *
		* No known vulnerability was looked for. Run `make vuln` where it is reachable.*
		********************************************************************************
	END
	exit 0
fi
exit "$status"
