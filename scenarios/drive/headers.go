package drive

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios"
)

// HeaderSource begins where a promise was read from, of one that a server's own headers
// make.
const HeaderSource = "headers"

// meetLaws learns from what came before the plan what that may send, and what is promised
// where the server says it itself, which it writes down. It returns all that came before.
func (j *Job) meetLaws(ctx context.Context, s *wire.Session, before, trial []history.Call, tell teller,
	met *results.Server) ([]history.Call, error) {
	if j.Laws.Headers {
		if err := j.promised(before, tell); err != nil {
			return before, err
		}
		met.Promise, met.PromiseSource = j.Laws.promiseText(), j.Laws.Source
	}
	j.Laws.sessionsOf(s)
	if j.Part.Of <= 1 { // all parts of a plan go by the same plan
		before = append(before, j.look(ctx, s, trial)...)
		j.began(before)
	}
	return before, j.fitsLaws(true)
}

// promised takes a job's promise from the headers of the replies that came before its
// plan: the last reply that says a law counts, as what is loaded may have a limit of its
// own. What the headers name and no law says is told.
func (j *Job) promised(before []history.Call, tell teller) error {
	said, where := headersOf(before)
	for _, n := range said.Notes {
		tell.say("%s", n)
	}
	switch {
	case said.Timeless != "": // beside laws too: it may be what refuses
		return hint.New(fmt.Errorf("the server's headers say a limit without a time (%s)", said.Timeless),
			"say it with --promise, for example --promise '100 per 1m'")
	case len(said.Laws) == 0:
		return hint.New(errors.New("no reply to the handshake, or to the one call that was tried, has a header that "+
			"says a limit"),
			"RateLimit-Policy would: say the promise yourself, with --promise or a profile")
	}
	laws := *j.Laws // the job's own: another attempt reads its own
	laws.Promise, laws.Source = said.Laws, HeaderSource+": "+where
	if err := laws.Promise.Validate(); err != nil {
		return err
	}
	j.Laws = &laws
	return j.fitsLaws(false)
}

// headersOf reads the last calls' headers that say a law, and else the last that say
// anything; and where that was.
func headersOf(calls []history.Call) (found promise.Headers, where string) {
	for _, c := range calls {
		list, err := history.ParseHints(c.Hints)
		if err != nil || c.Hints == "" {
			continue // another writer's, which say nothing to us
		}
		var fields []promise.Field
		var text []string
		for _, h := range list {
			if h.Kind == history.HintClaim {
				fields = append(fields, promise.Field{Name: h.From, Value: h.Raw})
				text = append(text, h.From+": "+h.Raw)
			}
		}
		if len(fields) == 0 {
			continue
		}
		if h := promise.ReadHeaders(fields); len(h.Laws) > 0 || len(found.Laws) == 0 {
			found, where = h, strings.Join(text, ", ")
		}
	}
	return found, where
}

// The calls that follow what headers say is left.
const (
	beyond  = 2                     // so many more than are granted
	between = 80 * time.Millisecond // them, at most
)

// countDown appends calls one after the other to a plan: only a refusal behind a reply
// that says that calls are left, with nothing else under way, contradicts what headers
// say. The law that grants the least refuses first.
func (j *Job) countDown(plan *scenarios.LawPlan, client string) {
	var least promise.Law
	rest := time.Duration(0)
	for _, l := range j.Laws.Promise {
		rest = max(rest, l.Refilled())
		if l.Kind == promise.Window && (least.N == 0 || l.N < least.N) {
			least = l
		}
	}
	if least.N == 0 {
		return
	}
	n := least.N + beyond
	gap := min(between, least.Every/time.Duration(2*n))
	first := plan.Length + rest
	length := first + time.Duration(n)*gap
	if gap < 2*j.Laws.lasts || length > j.Laws.Budget {
		plan.Left = append(plan.Left, "what is left isn't counted down call by call: there is no time for it")
		return
	}
	for i := range n {
		a := j.load()
		a.Due, a.Client = first+time.Duration(i)*gap, client
		plan.Arrivals = append(plan.Arrivals, a)
	}
	plan.Length = length
}
