package load

import (
	"fmt"
	"math"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results"
)

// An Answer is what one trial of a search says of its rate.
type Answer string

// The answers of a trial.
const (
	Kept      Answer = "kept"      // every threshold
	Broken    Answer = "broken"    // a threshold, or the rate itself
	Generator Answer = "generator" // we were the limit, so that it says nothing of the server
)

// Search settings.
const (
	bracketFactor = 2 // from one trial to the next while no bracket is known
	Confirmations = 2 // runs at the rate found that must keep the thresholds too
	maxTrials     = 40
	lowestRate    = 0.1 // a second; what fails there is no question of rate
)

// A Search looks for the highest rate that whole runs sustain: it doubles
// until one fails, halves the gap until it is as small as asked for, and
// confirms. It is pure: Next says the rate to try, Add takes in what came of
// it.
type Search struct {
	precision float64
	lo, hi    float64 // highest rate kept, lowest broken; 0 and +Inf where unknown
	next      float64
	phase     string
	confirmed int
	done      bool
	limited   bool
	why       string
	trials    []results.LoadTrial
}

// NewSearch returns a search that begins at a rate, and ends where the gap is
// at most a precision (0.05 is 5 %).
func NewSearch(first, precision float64) *Search {
	return &Search{precision: precision, hi: math.Inf(1), next: first, phase: "bracket"}
}

// Next is the rate of the next trial; false where the search is over.
func (s *Search) Next() (rate float64, phase string, ok bool) { return s.next, s.phase, !s.done }

// Add takes in the trial of Next.
func (s *Search) Add(t results.LoadTrial, answer Answer) {
	t.Rate, t.Phase, t.Verdict = s.next, s.phase, string(answer)
	s.trials = append(s.trials, t)
	switch {
	case s.phase == "confirm":
		s.confirm(answer)
	case answer == Kept:
		s.lo = s.next
		s.narrow()
	default:
		s.hi, s.limited = s.next, answer == Generator
		s.narrow()
	}
	if len(s.trials) >= maxTrials && !s.done {
		s.end("no rate could be confirmed within %d trials: the server's speed changes from run to run", maxTrials)
	}
}

// narrow chooses the next rate of the bracket.
func (s *Search) narrow() {
	switch {
	case math.IsInf(s.hi, 1):
		s.next = s.lo * bracketFactor
	case s.hi <= lowestRate && s.trials[len(s.trials)-1].Refused:
		s.end("every call was refused, even at %.3g/s", s.hi)
	case s.hi <= lowestRate:
		s.end("even %.3g/s is too much", s.hi)
	case s.lo == 0:
		s.next = s.hi / bracketFactor / bracketFactor
	case s.hi/s.lo-1 > s.precision:
		s.phase, s.next = "bisect", math.Sqrt(s.lo*s.hi)
	default:
		s.phase, s.next, s.confirmed = "confirm", s.lo, 0
	}
}

// confirm takes in a confirmation. One that fails means that the rate was kept
// by luck: the search goes on between it and the highest rate below that was
// kept.
func (s *Search) confirm(answer Answer) {
	if answer == Kept {
		if s.confirmed++; s.confirmed == Confirmations {
			s.end("%s", s.reason())
		}
		return
	}
	s.hi, s.limited, s.lo = s.next, answer == Generator, 0
	for _, t := range s.trials {
		if t.Verdict == string(Kept) && t.Rate < s.hi {
			s.lo = max(s.lo, t.Rate)
		}
	}
	s.phase = "bisect"
	s.narrow()
}

func (s *Search) reason() string {
	if s.limited {
		return fmt.Sprintf("at %s the generator was the limit, not the server: it may sustain more",
			words.PerSecond(s.hi))
	}
	return fmt.Sprintf("at %s a threshold is broken", words.PerSecond(s.hi))
}

func (s *Search) end(format string, args ...any) {
	s.done, s.why = true, fmt.Sprintf(format, args...)
}

// Stop ends the search before its time.
func (s *Search) Stop(why string) {
	if !s.done {
		s.end("%s", why)
	}
}

// Result is what the search found.
func (s *Search) Result() results.LoadCapacity {
	c := results.LoadCapacity{Limited: s.limited, Why: s.why, Trials: s.trials}
	if s.confirmed >= Confirmations {
		c.Rate, c.Confirmed = s.lo, s.confirmed+1
	}
	if !math.IsInf(s.hi, 1) {
		c.Above = s.hi
	}
	return c
}
