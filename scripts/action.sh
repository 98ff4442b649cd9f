#!/usr/bin/env bash
# What the GitHub Action of action.yml does, apart from installing and
# uploading: judges by the environment variables that action.yml sets, writes
# the reports into $OUTPUT and the summary and outputs where GitHub wants them.
# It ends with 0 whatever the verdict is; the action's last step decides by the
# outputs, after everything was uploaded.
set -euo pipefail

summary=${GITHUB_STEP_SUMMARY:-/dev/stderr}
outputs=${GITHUB_OUTPUT:-/dev/stderr}
out=${OUTPUT:-mcpload-results}
mkdir -p "$out"
rm -f "$out/result.json" # of an earlier step: what is there at the end is of this one

# append FLAG TEXT adds the flag once for every line of the text.
args=(run)
append() {
	local line
	while IFS= read -r line; do
		[[ -z $line ]] || args+=("$1" "$line")
	done <<<"$2"
}

if [[ ${SERVERS:-} == all ]]; then
	args+=(--all)
elif [[ -n ${SERVERS:-} ]]; then
	args+=(--server "$SERVERS")
fi
for flag in url rate burst tool repeat quarantine; do
	name=${flag^^}
	[[ -z ${!name:-} ]] || args+=("--$flag" "${!name}")
done
[[ ${LIVE:-false} != true ]] || args+=(--live)
append --threshold "${THRESHOLDS:-}"
while IFS= read -r line; do
	[[ -z $line ]] || args+=("$line")
done <<<"${ARGS:-}"

status=0
mcpload "${args[@]}" --results "$out/store" --format json -o "$out/result.json" || status=$?
verdicts=(pass fail error inconclusive)
verdict=${verdicts[status]:-error}

if [[ -s $out/result.json ]]; then
	for report in markdown:summary.md html:report.html junit:junit.xml table:report.txt; do
		mcpload report last --results "$out/store" --format "${report%%:*}" -o "$out/${report#*:}" || {
			echo "::error title=mcpload::the ${report%%:*} report could not be written"
			verdict=error status=2
		}
	done
	[[ ! -s $out/summary.md ]] || cat "$out/summary.md" >>"$summary"
else
	echo "mcpload could not run; see the log of this step." >>"$summary"
fi

# The run's folder has every call, which comparing latencies takes.
stored=
[[ ! -s $out/result.json || ! -d $out/store/runs ]] || stored=$(find "$out/store/runs" -mindepth 1 -maxdepth 1 -type d | sort | tail -n 1)

if [[ -n ${BASELINE:-} && -n $stored ]]; then
	if [[ -e $BASELINE ]]; then
		limits=()
		while IFS= read -r line; do
			[[ -z $line ]] || limits+=(--max "$line")
		done <<<"${MAX:-}"
		compared=0
		mcpload compare "$BASELINE" "$stored" "${limits[@]}" >"$out/compare.txt" || compared=$?
		cat "$out/compare.txt"
		{
			echo
			echo '### Against the baseline'
			echo
			echo '```'
			cat "$out/compare.txt"
			echo '```'
		} >>"$summary"
		case $compared in
		0) ;;
		1) verdict=fail status=1 ;;
		3) [[ $verdict != pass ]] || verdict=inconclusive status=3 ;;
		*) verdict=error status=2 ;;
		esac
	else
		echo "::notice title=mcpload::there is no baseline at $BASELINE yet; nothing was compared"
	fi
fi

case $verdict in
pass) ;;
inconclusive) echo "::warning title=mcpload::inconclusive: no fault was found, but this run could have missed one" ;;
fail) echo "::error title=mcpload::a server breaks its promise, or got worse; the summary has the proof" ;;
*) echo "::error title=mcpload::could not run; the log of this step says why" ;;
esac
{
	echo "verdict=$verdict"
	echo "status=$status"
	echo "result=$out/result.json"
	echo "run=$stored"
} >>"$outputs"
