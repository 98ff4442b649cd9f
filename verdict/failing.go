package verdict

import (
	"fmt"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
)

// Failing is the trick of calls that ask for a tool that there isn't. Where they are let
// through without limit nothing is proven, as many servers look for the tool before they
// ask the limiter, and do nothing for such a call; but whoever reads the promise as one of
// all calls ought to know.
const Failing = "calls of a tool that there isn't"

// failsFreely warns where more calls failed than the promise lets through.
func (t *Trial) failsFreely(k *trick) []string {
	if !t.served(k.before) {
		return nil // nothing is, whatever it is
	}
	e := t.court.weighing(t.limit(), 1)
	for _, p := range slices.Concat(t.of(k.client, k.before), k.own) {
		c := t.court.calls[p-1]
		if c.Outcome == history.ToolError || c.Outcome == history.Rejected && c.Status/100 <= 2 {
			c.Outcome = history.OK // as if it had cost a token
		}
		e.Add(p, &c)
	}
	w, burst := e.tightest(t.limit().Rate)
	if burst <= float64(t.limit().Burst)+t.Tolerance {
		return nil
	}
	proof := w.overAdmission(t.limit())
	return []string{fmt.Sprintf("calls that fail cost nothing: %s of a tool that there isn't, and plain ones before "+
		"them, were answered in %s, where %s are let through; if what fails is promised to cost as much, that is "+
		"broken", words.Count(proof.Admitted, "call"), (proof.To - proof.From).Round(time.Millisecond),
		tokens(proof.Allowed))}
}
