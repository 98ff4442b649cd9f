package verdict

import (
	"fmt"
	"slices"

	"github.com/mcpload/mcpload/history"
)

// most is how many refills or spans a hypothesis may have before it is no
// explanation any more.
const most = 3

// firstOdd is the first call that the promise doesn't explain and that was let
// through, or wasn't; past the last call where there is none.
func (p *past) firstOdd(admitted bool) int {
	for _, i := range p.odd {
		if p.story.calls[i].admitted == admitted {
			return i
		}
	}
	return len(p.story.calls)
}

// around returns the refused calls before and after a call, or -1 and the number of calls.
func (s *story) around(call int) (before, after int) {
	before, after = call-1, call+1
	for before >= 0 && s.calls[before].admitted {
		before--
	}
	for after < len(s.calls) && s.calls[after].admitted {
		after++
	}
	return before, after
}

// tries are up to n of the calls from one to another, evenly.
func tries(from, to, n int) []int {
	var list []int
	for k := 0; k < n; k++ {
		i := to
		if to-from >= n {
			i = from + k*(to-from)/(n-1)
		} else if i = from + k; i > to {
			break
		}
		list = append(list, i)
	}
	return list
}

// moments are hypotheses of a bucket that was full again at some moments, and of
// a limit that wasn't at work in some spans. Where calls failed just before every
// moment the server started anew, which is what fills a bucket.
func (p *past) moments() []hypothesis {
	filled, anew := p.refilled()
	if anew {
		return filled
	}
	off := p.off(false)
	if len(off) == 0 && len(filled) > 0 {
		filled[0].words += ", or the limit was off at that moment: this traffic can't tell"
	}
	return append(off, filled...)
}

// stops is the hypothesis of a limit that isn't at work any more.
func (p *past) stops() []hypothesis { return p.off(true) }

// refilled is the hypothesis of a bucket that was full again at some moments:
// each is searched for between the last refusal before a call that shouldn't
// have been let through, and that call.
func (p *past) refilled() (list []hypothesis, anew bool) {
	s := p.story
	var at []float64
	odd := p.firstOdd(true)
	for range most {
		if odd >= len(s.calls) {
			break
		}
		before, _ := s.around(odd)
		best, next := -1.0, odd+1
		for _, i := range tries(before+1, odd, 24) {
			moment := s.calls[i].sent - 1e-9
			left := s.unexplained(&flow{l: p.limit, filled: append(slices.Clone(at), moment)}, 0, 0)
			reached := len(s.calls)
			if len(left) > 0 {
				reached = left[0]
			}
			if reached >= next { // the latest is next to what filled it
				best, next = moment, reached
			}
		}
		if best < 0 {
			return nil, false
		}
		at, odd = append(at, best), next
	}
	if odd < len(s.calls) || len(at) == 0 {
		return nil, false
	}
	words := "the bucket was full again at " + instants(at)
	if anew = !slices.ContainsFunc(at, func(t float64) bool { return !p.failedBefore(t) }); anew {
		words += ", right after calls had failed: the server started anew"
	} else {
		words += " (it started anew, or a clock was set forward)"
	}
	return []hypothesis{{kind: "refilled", exact: true, words: words, model: func() model {
		return &flow{l: p.limit,
			filled: at}
	}}}, anew
}

// failedBefore reports if a call broke in the second before an instant.
func (p *past) failedBefore(at float64) bool {
	return slices.ContainsFunc(p.calls, func(c history.Call) bool {
		ago := at - float64(int64(c.Sent)-p.bucket.origin)/1e9
		return c.Outcome == history.Broken && 0 <= ago && ago < 1
	})
}

// off is the hypothesis of a limit that isn't at work in some spans, or that isn't
// from one instant on to the end.
func (p *past) off(toEnd bool) []hypothesis {
	s := p.story
	var spans [][2]float64
	odd := p.firstOdd(true)
	for range most {
		if odd >= len(s.calls) {
			break
		}
		before, after := s.around(odd)
		var best [2]float64
		next := odd
		for _, i := range tries(before+1, odd, 12) {
			for _, k := range tries(odd, after-1, 12) {
				span := [2]float64{s.calls[i].sent - 1e-9, s.calls[k].end + 1e-9}
				left := s.unexplained(&flow{l: p.limit, off: append(slices.Clone(spans), span)}, 0, 0)
				reached := len(s.calls)
				if len(left) > 0 {
					reached = left[0]
				}
				if reached > next {
					best, next = span, reached
				}
			}
		}
		if next == odd || p.oddIn(best) < 3 { // a call or two let through are no span
			return nil
		}
		spans, odd = append(spans, best), next
	}
	if odd < len(s.calls) || len(spans) == 0 || toEnd != p.stopped(spans) {
		return nil
	}
	return []hypothesis{{kind: "off", exact: true, words: p.offWords(spans),
		model: func() model { return &flow{l: p.limit, off: spans} }}}
}

func (p *past) offWords(spans [][2]float64) string {
	s := p.story
	last := spans[len(spans)-1]
	if p.stopped(spans) {
		return fmt.Sprintf("it stops refusing: from %.1fs on more was let through than promised, and nothing was "+
			"refused any more", s.calls[p.firstOdd(true)].sent)
	}
	var from []float64
	for _, span := range spans {
		from = append(from, span[0])
	}
	return fmt.Sprintf("the limit was off for a while, at %s for up to %s, and is kept before and after (it fails "+
		"open, as where its store can't be reached)",
		instants(from), seconds(last[1]-last[0]))
}

// oddIn counts the calls let through in a span that the promise doesn't explain.
func (p *past) oddIn(span [2]float64) int {
	n := 0
	for _, i := range p.odd {
		if c := p.story.calls[i]; c.admitted && span[0] <= c.sent && c.sent <= span[1] {
			n++
		}
	}
	return n
}

// stopped reports if there is one span, and nothing was refused after it began.
func (p *past) stopped(spans [][2]float64) bool {
	_, after := p.story.around(p.story.at(spans[0][1]))
	return len(spans) == 1 && after >= len(p.story.calls)
}

// at is the last call that was sent by an instant.
func (s *story) at(instant float64) int {
	last := 0
	for i, c := range s.calls {
		if c.sent <= instant {
			last = i
		}
	}
	return last
}

// instants are told from the first call, to a tenth of a second.
func instants(list []float64) string {
	words := ""
	for i, t := range list {
		if i > 0 {
			words += ", "
		}
		words += fmt.Sprintf("%.1fs", t)
	}
	return words
}
