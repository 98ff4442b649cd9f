package drive

import (
	"fmt"
	"time"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// DefaultBudget is about how long a server is tried, where nobody says how long. One that answers
// within 800 ms is tried in all of what there is.
const DefaultBudget = 15 * time.Minute

// share is how long a revision may take of what is left: half of it, so that those after it come to
// theirs, and the last one all. nil: as long as it does.
func (c *Config) share(spent time.Duration, after int) func() time.Duration {
	if c.Budget == 0 {
		return nil
	}
	most := c.Budget - spent
	if after > 0 {
		most /= 2
	}
	until := time.Now().Add(most)
	return func() time.Duration { return time.Until(until) }
}

// A Step is a row that is about to be tried.
type Step struct {
	conform.Step
	Revision string
	After    int           // revisions that follow, as far as the server speaks them
	Took     time.Duration // since the first one
	Most     int           // processes that the revision's rows begin in all
	Bound    bool          // the revision's rows may take no longer than May from now on
	May      time.Duration
}

// ahead is about how long the rest of the revision takes, and what follows it at most, if
// all takes as long as what is done, and no less than the processes take that are yet to be begun;
// while too little is done to tell, only these count.
func (s *Step) ahead() (rest, others time.Duration) {
	const few = 3 // rows
	if s.Nth > few {
		all := s.Took / time.Duration(s.Nth-1) * time.Duration(s.Of)
		rest, others = all-s.Took, all*time.Duration(s.After)
	}
	return max(rest, time.Duration(s.Starts)*s.Start), max(others, time.Duration(s.Most*s.After)*s.Start)
}

// String is where the work stands, for one line of a screen.
func (s *Step) String() string {
	text := fmt.Sprintf("MCP %s, %s (%d of %d)", s.Revision, s.Row, s.Nth, s.Of)
	if rest, _ := s.ahead(); rest >= 5*time.Second {
		text += ", " + about(rest) + " left"
	}
	return text
}

// A Pace says now and then how long the work may still take. Its zero value has said nothing.
type Pace struct {
	began, told time.Time
}

// Said is what to say before a step, where somebody has waited since it was said last and
// there is more to wait for; else it is empty.
func (p *Pace) Said(s Step) string {
	const first, then, little = 10 * time.Second, 20 * time.Second, 30 * time.Second
	now, fresh := time.Now(), p.told.IsZero()
	if p.began.IsZero() {
		p.began = now
	}
	rest, others := s.ahead()
	slow := s.Start >= time.Second && s.Starts > 0 && s.Nth == 1 // which is known before anything is tried
	if rest+others < little || now.Sub(p.began) < first && !slow || now.Sub(p.told) < then {
		return ""
	}
	p.told = now
	text := s.String()
	if fresh {
		text = "MCP " + s.Revision + " takes " + about(rest) + " more"
	}
	if fresh && slow {
		text = fmt.Sprintf("a start takes %.2g s, and %d are needed: %s", s.Start.Seconds(), s.Starts, text)
	}
	if s.After > 0 {
		text += ", and what older revisions it speaks up to " + about(others)
	}
	switch {
	case s.Bound && rest > s.May:
		text += "; --budget leaves it " + about(s.May) + ", so that what is demanded most strongly comes first"
	case fresh:
		text += "; --protocol and --row try less, --budget ends it earlier"
	}
	return text
}

// about is a time as people say it.
func about(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("about %d s", max(1, (d+time.Second/2)/time.Second))
	case d < 10*time.Minute:
		return fmt.Sprintf("about %.2g min", d.Minutes())
	}
	return fmt.Sprintf("about %.0f min", d.Minutes())
}
