package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// mostClaimed is how many laws of headers are looked at.
const mostClaimed = 8

// unpromised are the laws that headers say and nobody promised: of another number or another
// length. A bucket may be said as its burst and how long it takes to be full, or by its pace.
func (c Claims) unpromised(said promise.Promise) (warnings []string) {
	for _, claimed := range c.laws {
		if slices.ContainsFunc(said, func(l promise.Law) bool { return isSaid(&claimed, &l) }) {
			continue
		}
		words := make([]string, len(said))
		for i, l := range said {
			words[i] = fmt.Sprintf("%q", l.String())
		}
		warnings = append(warnings, fmt.Sprintf("headers say a limit of %s, which isn't promised (%s)", claimed,
			strings.Join(words, ", ")))
	}
	return warnings
}

// Beside adds to what headers say, as remarks, what is wrong with it beside what is promised: laws
// that nobody promised, and hints of a refusal that no client can heed.
func (c Claims) Beside(said promise.Promise, calls []history.Call) Claims {
	if len(c.Headers) > 0 {
		c.Notes = append(slices.Clone(c.Notes), c.unpromised(said)...)
	}
	c.Flaw, _ = HintFlaw(calls)
	return c
}

// isSaid reports if what a header says can be a law.
func isSaid(claimed, l *promise.Law) bool {
	near := func(a, b time.Duration) bool { return (a - b).Abs() <= time.Second }
	switch {
	case claimed.Kind == promise.Cap || l.Kind == promise.Cap:
		return claimed.Kind == l.Kind && claimed.N == l.N
	case l.Kind == promise.Bucket:
		paced := math.Abs(claimed.Pace()-l.Pace()) <= 0.05*l.Pace()
		return paced || claimed.N == l.N && near(claimed.Every, l.Refilled())
	case l.Kind == promise.Window:
		return claimed.N == l.N && near(claimed.Every, l.Every)
	case l.Kind == promise.Quota:
		return claimed.N == l.N
	}
	return false
}
