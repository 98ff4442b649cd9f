package audit

import (
	"cmp"
	"fmt"
	"time"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/scenarios"
)

// DefaultTime is how long an audit may take where nobody says it.
const DefaultTime = 10 * time.Minute

// DefaultLawCalls is how many calls an audit of laws may send where nobody says it: all of
// them are held against every law for every trick.
const DefaultLawCalls = 20_000

// A Budget is the most that traffic may take. The zero value of a field bounds nothing,
// but for an audit's time.
type Budget struct {
	Time  time.Duration
	Calls int
	Flag  string // what changes it; empty: --budget
}

func (b Budget) orDefault() Budget {
	if b.Time == 0 {
		b.Time = DefaultTime
	}
	b.Flag = cmp.Or(b.Flag, "--budget")
	return b
}

// spent is the rest of a budget of calls that is used up.
const spent = -1

func (b Budget) less(cost Budget) Budget {
	b.Time -= cost.Time
	if b.Calls > 0 {
		if b.Calls -= cost.Calls; b.Calls == 0 {
			b.Calls = spent
		}
	}
	return b
}

// within reports if a cost fits into a budget.
func (b Budget) within(left Budget) bool {
	return b.Time <= left.Time && (left.Calls == 0 || b.Calls <= left.Calls)
}

// leaves says what is left of a budget.
func (b Budget) leaves() string {
	text := "the budget leaves " + words.Span(max(0, b.Time))
	if b.Calls != 0 {
		text += " and " + words.Count(max(0, b.Calls), "call")
	}
	return text
}

// String says a cost.
func (b Budget) String() string {
	return fmt.Sprintf("%s in %s", words.Count(b.Calls, "call"), words.Span(b.Time))
}

// costOf is what cues take, with the rest that fills the bucket again.
func costOf(l profiles.Limit, cues []scenarios.Cue) (b Budget) {
	for _, c := range cues {
		b.Time = max(b.Time, c.At)
		if b.Calls += c.Calls; c.Opens {
			b.Calls++
		}
	}
	b.Time += seconds(float64(l.Burst) / l.Rate)
	return b
}
