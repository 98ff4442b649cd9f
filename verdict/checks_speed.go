package verdict

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/history"
)

// Served is the check of traffic just under the rate: nothing is refused, and
// at least 90 % of it is served.
var Served = Check{
	ID:    "served",
	Doc:   "traffic just under the rate is served: nothing refused, at least 90 % admitted",
	Judge: judgeServed,
}

// judgeServed fails only where a refusal is proven unjustified: the network may
// have bunched calls so that an honest bucket ran dry. A few refusals of that
// kind are let pass where the run as a whole has certified the limit: one that
// is lower would have shown there.
func judgeServed(t *Trial) Finding {
	planned, granted, refused := len(t.Calls), t.count(history.OK), t.count(history.Limited)
	f := Finding{
		Check: "served",
		Want:  "nothing refused, at least 90 % admitted",
		Saw:   fmt.Sprintf("%d of %d admitted, %d refused", granted, planned, refused),
	}
	if planned == 0 {
		return f
	}
	high, pos := t.burstMax()
	switch {
	case refused > 0 && t.court.unjustified(high):
		f.Verdict = Fail
		_, f.Witness = t.court.excuseOf(pos)
		f.Cause = t.court.cause()
	case refused > 0 && float64(granted) >= 0.9*float64(planned) && t.court.certified():
		f.Verdict = Pass
		f.Saw += "; delays explain that, and the run has certified the limit"
	case refused > 0:
		f.Saw += "; delays can explain that"
	case float64(granted) >= 0.9*float64(planned):
		f.Verdict = Pass
	default:
		f.Saw += t.firstFailure()
	}
	return t.advised(f)
}

// RefusalShape is the check that refusals say what they are in a way that
// clients can use.
var RefusalShape = Check{
	ID:    "refusal-shape",
	Doc:   "a refusal answers its own request, with a code that the protocol leaves free",
	Judge: judgeRefusalShape,
}

// The protocol reserves these codes for itself: an implementation must not
// emit one that the specification doesn't define (MCP 2026-07-28, basic,
// "Error Codes").
const (
	reservedLow, reservedHigh = -32099, -32020
	legacyLow, legacyHigh     = -32019, -32000
)

func judgeRefusalShape(t *Trial) Finding {
	f := Finding{Check: "refusal-shape", Want: "the request's id, a free code, a time to retry"}
	refused, hinted, strange := 0, 0, 0
	shapes := map[string]int{}
	var reserved, legacy bool
	for _, c := range t.Calls {
		if c.Misanswered() && strings.HasPrefix(c.Detail, history.WrongID) {
			strange++
		}
		if c.Outcome != history.Limited {
			continue
		}
		refused++
		if saysWhen(hintsOf(c)) {
			hinted++
		}
		shapes[shape(c)]++
		reserved = reserved || (c.Code >= reservedLow && c.Code <= reservedHigh)
		legacy = legacy || (c.Code >= legacyLow && c.Code <= legacyHigh)
	}
	f.Saw = fmt.Sprintf("%s: %s", plural(refused, "refusal"), listed(shapes))
	switch {
	case strange > 0:
		f.Verdict = Fail
		f.Saw += fmt.Sprintf("; %s answered with a wrong id", plural(strange, "call"))
		f.Cause = "replies carry another request's id, so that the caller waits for ever"
	case refused == 0:
		f.Saw = "nothing was refused"
		f.Verdict = Pass
	default:
		f.Verdict = Pass
	}
	if reserved {
		f.Warnings = append(f.Warnings, "the error code lies in -32020…-32099, which the protocol reserves for itself")
	}
	if legacy {
		f.Warnings = append(f.Warnings, "the error code lies in -32000…-32019, which has no agreed meaning: clients "+
			"can't know it is a refusal")
	}
	if refused > 0 && hinted == 0 {
		f.Warnings = append(f.Warnings, "refusals don't say when to retry (no Retry-After)")
	}
	return f
}

// shape says how a refusal was signalled.
func shape(c history.Call) string {
	switch {
	case c.Status == 429 || c.Status == 503:
		return fmt.Sprintf("HTTP %d", c.Status)
	case c.Code != 0:
		return fmt.Sprintf("JSON-RPC error %d", c.Code)
	}
	return "tool result that says so"
}

func listed(counts map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d× %s", counts[name], name))
	}
	return strings.Join(parts, ", ")
}
