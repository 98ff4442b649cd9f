package verdict

import (
	"fmt"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// RefusalForm says if every refusal has the shape that is promised: its HTTP status, its
// JSON-RPC code, and a word of when to come back. Where nothing was refused nobody can
// tell.
func RefusalForm(want promise.RefusalShape, calls []history.Call) Finding {
	f := Finding{Check: "refusal-form", Want: "every refusal has " + joined(formParts(want))}
	refused, first := 0, ""
	var wrong []int
	for i := range calls {
		c := &calls[i]
		if c.Outcome != history.Limited || !c.Planned() {
			continue
		}
		refused++
		if says := strayForm(want, c); says != "" {
			if wrong = append(wrong, i+1); first == "" {
				first = says
			}
		}
	}
	if refused == 0 {
		f.Saw = "no call was refused"
		return f
	}
	f.Verdict = Pass
	f.Saw = fmt.Sprintf("each of %d has", refused)
	if len(wrong) > 0 {
		f.Verdict, f.Cause = Fail, "refusals don't look as the promise says"
		f.Saw = fmt.Sprintf("%d of %d don't: call %d has %s", len(wrong), refused, wrong[0], first)
		f.Witness = &Witness{Calls: wrong[:min(len(wrong), 20)]}
	}
	return f
}

// formParts is what of a shape can be held against a history, in words. Headers aren't
// in one.
func formParts(want promise.RefusalShape) (parts []string) {
	if want.Status != 0 {
		parts = append(parts, fmt.Sprintf("status %d", want.Status))
	}
	if want.Code != 0 {
		parts = append(parts, fmt.Sprintf("code %d", want.Code))
	}
	switch want.RetryAfter {
	case "":
	case "none":
		parts = append(parts, "no word of when to come back")
	default:
		parts = append(parts, "a word of when to come back")
	}
	return parts
}

// strayForm says what a refusal has in place of what is promised. A transport without
// statuses has none to be wrong.
func strayForm(want promise.RefusalShape, c *history.Call) string {
	hinted := c.RetryAfter != 0 || c.Hints != ""
	switch {
	case want.Status != 0 && c.Status != 0 && c.Status != want.Status:
		return fmt.Sprintf("status %d", c.Status)
	case want.Code != 0 && c.Code != want.Code:
		return fmt.Sprintf("code %d", c.Code)
	case want.RetryAfter == "none" && hinted:
		return "a word of when to come back"
	case want.RetryAfter != "" && want.RetryAfter != "none" && !hinted:
		return "no word of when to come back"
	}
	return ""
}

// joined puts "and" before the last of some parts.
func joined(parts []string) string {
	text := parts[0]
	for i, part := range parts[1:] {
		if i == len(parts)-2 {
			text += " and " + part
		} else {
			text += ", " + part
		}
	}
	return text
}
