package probe

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/verdict"
)

// A Signal is how refusals look, and how good a signal that is.
type Signal struct {
	Refusals    int // that were looked at
	Statuses    []Tally
	Codes       []Tally
	Media       []Named // media types of the refusals' HTTP replies; none on other transports
	Words       string  // what one of them said
	Legality    string  // what the protocol says of the code; empty where there was no refusal
	Legal       bool
	Misanswered int   // answers with another id than the request's, or that came twice
	RetryAfter  Value // "absent", "honest", "too short", "too long" or "present and wrong"
	Said        int   // refusals that said how long to wait
	Took        Medians
}

// A Tally is how often a number was seen: an HTTP status (0: the transport has
// none) or a JSON-RPC code (0: none, the refusal is a tool result).
type Tally struct{ Number, Count int }

// A Named is how often a media type was seen; "" is a reply that named none.
type Named struct {
	Name  string
	Count int
}

// Medians of what the server took, and how many calls they are of.
type Medians struct {
	Admitted, Limited   time.Duration
	Admissions, Refusal int
}

// Answers about Retry-After.
const (
	RetryAbsent = "absent"
	RetryHonest = "honest"
	RetryEnough = "not too short" // it was too short a wait to try if less would have done
	RetryShort  = "too short"
	RetryLong   = "too long"
	RetryWrong  = "present and wrong" // nobody can heed it, or two of one refusal contradict each other
)

// readSignal looks at every refusal of the probe.
func (p *probe) readSignal() {
	s := &p.report.Signal
	statuses, codes, media := map[int]int{}, map[int]int{}, map[string]int{}
	var admitted, limited []time.Duration
	for _, c := range p.calls {
		if c.Misanswered() {
			s.Misanswered++
		}
		switch {
		case c.Outcome == history.OK && c.Method == p.load.Method && c.Tool == p.load.Tool:
			admitted = append(admitted, c.Service())
		case c.Outcome == history.Limited:
			limited = append(limited, c.Service())
			statuses[c.Status]++
			codes[c.Code]++
			if c.Status != 0 {
				media[c.Media]++
			}
			if s.Words == "" {
				s.Words = c.Detail
			}
			if c.RetryAfter > 0 || c.Hints != "" {
				s.Said++
			}
		}
	}
	s.Refusals = len(limited)
	s.Statuses, s.Codes = tallies(statuses), tallies(codes)
	for name, count := range media {
		s.Media = append(s.Media, Named{name, count})
	}
	slices.SortFunc(s.Media, func(a, b Named) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Name, b.Name)) })
	s.Took = Medians{median(admitted), median(limited), len(admitted), len(limited)}
	if s.Refusals == 0 {
		return
	}
	s.Legal, s.Legality = Legality(s.Codes[0].Number, s.Statuses[0].Number, p.cfg.Stateless)
	if saw, ok := verdict.HintFlaw(p.calls); ok {
		s.RetryAfter.Answer, s.RetryAfter.Evidence = RetryWrong, saw
	}
	if s.Said == 0 {
		s.RetryAfter = Value{Answer: RetryAbsent, Evidence: fmt.Sprintf("none of %d refusals said how long to wait",
			s.Refusals)}
	}
}

// tallies are counts, the most frequent first.
func tallies(m map[int]int) []Tally {
	var list []Tally
	for n, count := range m {
		list = append(list, Tally{n, count})
	}
	slices.SortFunc(list, func(a, b Tally) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return a.Number - b.Number
	})
	return list
}

func median(ds []time.Duration) time.Duration {
	if len(ds) == 0 {
		return 0
	}
	slices.Sort(ds)
	return ds[len(ds)/2]
}

// Legality says if a refusal may look like that, by what JSON-RPC 2.0 (section
// 5.1) and the MCP revision say of error codes, and what it tells a client.
// Status is 0 on transports without one.
func Legality(code, status int, stateless bool) (legal bool, words string) {
	switch {
	case code == 0 && (status == 0 || status/100 == 2):
		return true, "no error code: a tool result with isError, which a client can't tell from a tool that failed"
	case code == 0:
		return true, "no JSON-RPC error: the HTTP status is the only signal"
	case code == -32700 || code == -32600 || code == -32601 || code == -32602 || code == -32603:
		return false, "a code of JSON-RPC itself, which means something else"
	case stateless && -32099 <= code && code <= -32020:
		return false, "reserved for the protocol itself since revision 2026-07-28"
	case -32019 <= code && code <= -32000:
		return true, "a server's own code that carries no meaning: others use it for any error"
	case -32099 <= code && code <= -32000:
		return true, "in the range for servers' own errors; reserved for the protocol since revision 2026-07-28"
	case -32768 <= code && code <= -32100:
		return false, "reserved by JSON-RPC for future use"
	}
	return true, "outside the reserved ranges, so free for an application"
}

// tryRetryAfter takes refusals at their word: a retry just before the instant
// that they name should be refused, and one just after it admitted.
func (p *probe) tryRetryAfter(ctx context.Context) error {
	v := &p.report.Signal.RetryAfter
	if p.capped > 0 {
		v.Evidence = "there is a place as soon as a call ends, and no refusal can know when"
		return nil
	}
	begin := p.sent
	defer func() { v.Calls = p.sent - begin }()
	honest, tooEarly := "", false
	for range 2 {
		refusal, err := p.drain(ctx, p.client)
		if err != nil {
			return err
		}
		if refusal.RetryAfter == 0 {
			return nil
		}
		if early := p.early(refusal); early > 0 {
			retry, err := p.retryAt(ctx, refusal.Sent+early)
			if err != nil {
				v.Evidence = "the wait of " + refusal.RetryAfter.String() + " did not fit into the budget"
				return err
			}
			if retry.Outcome == history.OK {
				v.Answer = RetryLong
				v.Evidence = fmt.Sprintf("it said %s, and a retry after %s was admitted", short(refusal.RetryAfter),
					short(retry.Received-refusal.Sent))
				return nil
			}
			tooEarly = true
			honest = fmt.Sprintf("a retry %s too early was refused", short(refusal.RetryAfter-early))
			if retry.RetryAfter > 0 {
				refusal = retry
			}
		}
		margin := margin(refusal) + p.cfg.Clocks.Most(refusal.RetryAfter) - refusal.RetryAfter
		retry, err := p.retryAt(ctx, refusal.Received+refusal.RetryAfter+margin)
		if err != nil {
			v.Evidence = "the wait of " + short(refusal.RetryAfter) + " did not fit into the budget"
			return err
		}
		if retry.Outcome == history.Limited {
			v.Answer = RetryShort
			v.Evidence = fmt.Sprintf("it said %s, and a retry %s after the refusal was refused",
				short(refusal.RetryAfter), short(retry.Sent-refusal.Received))
			return nil
		}
		v.Answer, v.Evidence = RetryEnough, fmt.Sprintf("a retry %s after the wait was admitted", short(margin))
		if tooEarly {
			v.Answer, v.Evidence = RetryHonest, honest+fmt.Sprintf(", and one %s after the wait was admitted",
				short(margin))
		}
	}
	return nil
}

// margin is how long after the wait that a refusal asks for a retry is certainly
// late enough, if the refusal is honest: whole seconds may have been rounded down
// by one, and a date by two.
func margin(refusal history.Call) time.Duration {
	m := 2*time.Millisecond + refusal.RetryAfter/50
	hints, err := history.ParseHints(refusal.Hints)
	if err != nil {
		return m // of another writer: they say nothing to us
	}
	for _, h := range hints {
		if h.Kind == history.HintWait && (h.Lo+h.Hi)/2 == refusal.RetryAfter {
			m = max(m, h.Hi-refusal.RetryAfter)
		}
	}
	return m
}

func short(d time.Duration) string { return d.Round(time.Millisecond).String() }

// early is how long after a refusal a retry is certainly too early, if the
// refusal is honest: a wait that is told in whole seconds may be rounded up by
// one. It is 0 where no such instant is left.
func (p *probe) early(refusal history.Call) time.Duration {
	wait := refusal.RetryAfter
	margin := max(wait/7, 20*time.Millisecond)
	if wait%time.Second == 0 {
		margin = time.Second + wait/50
	}
	margin += p.cfg.Clocks.Most(wait) - wait
	if wait <= margin+5*time.Millisecond {
		return 0
	}
	return wait - margin
}

// retryAt sends one call at an instant of the clock.
func (p *probe) retryAt(ctx context.Context, at time.Duration) (history.Call, error) {
	p.rest(at - p.prober.Now() - p.pause)
	calls, err := p.send(ctx, p.volley(p.client, 1, 0))
	if err != nil {
		return history.Call{}, err
	}
	return calls[0], nil
}
