package conform

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// crowd is how many calls are under way at once where they are told apart.
const crowd = 16

// slow is how long a call must take, at least, for anything to happen meanwhile.
const slow = 200 * time.Millisecond

// meanwhile sends requests at once, does something while they are under way, and
// returns the exchanges in their order once all are answered, or no answer comes. do may
// be nil.
func (t *Trial) meanwhile(requests []Request, do func()) []*Exchange {
	if t.Transport != HTTP {
		return t.alongLines(requests, do)
	}
	return t.sendAll(requests, do)
}

// sendAll sends requests at once, does something while they are under way, if there is
// anything to do, and returns the exchanges in their order.
func (t *Trial) sendAll(requests []Request, do func()) []*Exchange {
	out := make([]*Exchange, len(requests))
	var all sync.WaitGroup
	for k, r := range requests {
		all.Go(func() { out[k] = t.exchange(t.main, r) })
	}
	if do != nil {
		do()
	}
	all.Wait()
	t.exchanges = append(t.exchanges, out...)
	return out
}

// alongLines is meanwhile where all answers come by one stream: each message is given
// to the request that it answers, or whose token it names.
func (t *Trial) alongLines(requests []Request, do func()) []*Exchange {
	before := len(t.exchanges)
	out := make([]*Exchange, len(requests))
	began := t.now()
	for k, r := range requests {
		within := r.Within
		r.Await, r.Within = "", t.Timeout
		out[k] = t.send(t.main, r)
		out[k].Request.Await, out[k].Request.Within = requests[k].Await, within
	}
	if do != nil {
		do()
	}
	var list []Message
	for late := t.now().Add(t.Timeout); t.now().Before(late); t.pause(slow / 10) {
		t.send(t.main, t.harmless(t.main))
		list = append(list, foundIn(t.exchanges[before:], out)...)
		before = len(t.exchanges) // as each message comes once
		share(out, list, t.now().Sub(began))
		if !slices.ContainsFunc(out, func(e *Exchange) bool { return e.answer() == nil }) {
			break
		}
	}
	for _, e := range out {
		if e.answer() == nil {
			e.Reply.Silent = true
		}
	}
	return out
}

// foundIn are the messages of exchanges in the order in which they came, but for the
// answers to those that aren't among out.
func foundIn(all, out []*Exchange) (list []Message) {
	for _, e := range all {
		for _, m := range e.Reply.Messages {
			if slices.Contains(out, e) || !m.Answers() || !sameJSON(m.ID, []byte(e.Request.Await)) {
				list = append(list, m)
			}
		}
	}
	return list
}

// share gives each exchange the messages that are its own.
func share(out []*Exchange, list []Message, after time.Duration) {
	for _, e := range out {
		had := e.answer() != nil
		e.Reply.Messages = nil
		token := e.progressToken()
		for _, m := range list {
			if m.Answers() && sameJSON(m.ID, []byte(e.Request.Await)) || m.Method != "" && token != nil &&
				sameJSON(member(m.Params, "progressToken"), token) {
				e.Reply.Messages = append(e.Reply.Messages, m)
			}
		}
		if !had && e.answer() != nil {
			e.Reply.Took = after
		}
	}
}

// slowest is the call that took longest of the tools that may be called; the answer
// says that none takes long.
func (t *Trial) slowest() (*call, *Answer) {
	list, none := t.calls()
	if none != nil {
		return nil, none
	}
	var best *call
	for k := range list {
		if c := &list[k]; c.OK() && !c.toolFailed() && !c.asksInput() &&
			(best == nil || c.Reply.Took > best.Reply.Took) {
			best = c
		}
	}
	if best == nil || best.Reply.Took < slow {
		return nil, new(needs("--tool NAME --args JSON, of a call that takes a while",
			"no tool that may be called takes %s", slow))
	}
	return best, nil
}

// copies are calls like one, each with an id of its own.
func (t *Trial) copies(c *call, n int) []Request {
	out := make([]Request, n)
	for k := range out {
		out[k] = once(t.callOf(c.tool, c.arguments, nil))
	}
	return out
}

func honoursCancels(t *Trial) Answer {
	if Stateless(t.Revision) && t.Transport == HTTP {
		return skip("whoever cancels here hangs up, and hears no more of it")
	}
	c, none := t.slowest()
	if none != nil {
		return *none
	}
	whole := t.Timeout // how long the fastest takes beside the others
	for _, e := range t.meanwhile(t.copies(c, atOnce), nil) {
		if !e.OK() || e.toolFailed() {
			return skip("of %d calls at once one has no result: %s", atOnce, e.words())
		}
		whole = min(whole, e.Reply.Took)
	}
	if whole < slow {
		return needs("--tool NAME --args JSON, of a call that takes a while", "of %d calls at once one takes %s",
			atOnce, whole.Round(time.Millisecond))
	}
	for range cancelTries { // a pause of this machine may make cancellations late, or calls later than theirs
		a := t.cancelsAtOnce(c, whole)
		if a.State != Fail {
			return unaccused(a)
		}
		none = &a
	}
	return unaccused(*none)
}

// cancelTries is how often calls must all have their results to be held against a server.
const cancelTries = 3

// cancelsAtOnce cancels eight calls, of which the fastest takes whole.
func (t *Trial) cancelsAtOnce(c *call, whole time.Duration) Answer {
	requests := t.copies(c, atOnce)
	for k := range requests {
		requests[k].Within = min(t.Timeout, 4*whole)
	}
	refused, began, late := "", t.now(), time.Duration(0)
	got := t.meanwhile(requests, func() {
		t.pause(whole / 4)
		for _, r := range requests {
			params := map[string]any{"requestId": json.RawMessage(r.Await), "reason": "mcpload looks if calls can be " +
				"cancelled"}
			if e := t.send(t.main, t.main.spelt("", "notifications/cancelled", params)); e.Reply.Status >= 300 {
				refused = e.words()
			}
		}
		late = t.now().Sub(began)
	})
	if a := t.works(t.main); a != nil {
		return *a
	}
	if refused != "" {
		return skip("it accepts no cancellation: %s", refused)
	}
	carried, last := 0, got[0]
	for _, e := range got {
		if e.OK() && e.Reply.Took >= whole*3/4 {
			carried, last = carried+1, e
		}
	}
	switch right := t.meanwhile(t.copies(c, 1), nil)[0]; {
	case late > whole/2:
		return skip("the cancellations came %s late", (late - whole/4).Round(time.Millisecond))
	case !right.OK() || right.Reply.Took > 2*whole:
		return skip("a call that nobody cancels takes now %s and now %s", whole.Round(time.Millisecond),
			right.Reply.Took.Round(time.Millisecond))
	case carried == atOnce:
		return fail(last, "each of %d calls of %s, cancelled after %s, has its result after %s or more, as if it "+
			"weren't", atOnce, c.name(), (whole / 4).Round(time.Millisecond), (whole * 3 / 4).Round(time.Millisecond))
	}
	return pass("%d of %d cancelled calls come to no result", atOnce-carried, atOnce)
}

// tokenOf is the progress token of a call under load.
func tokenOf(k int) string { return "mcpload-under-" + strconv.Itoa(k) }

// reported calls the tool that reports progress, if there is one, 16 times at once.
func (t *Trial) reported() ([]*Exchange, *Answer) {
	list, none := t.calls()
	if none != nil {
		return nil, none
	}
	for _, c := range list {
		if !c.OK() || c.toolFailed() || c.asksInput() {
			continue
		}
		e := t.watched(&c)
		if len(e.progress()) == 0 {
			continue
		}
		requests := make([]Request, crowd)
		for k := range requests {
			requests[k] = t.callOf(c.tool, c.arguments, map[string]any{"progressToken": tokenOf(k)})
		}
		return t.meanwhile(requests, nil), nil
	}
	return nil, new(needs("--tool NAME of a tool that reports progress", "no tool that may be called reports progress"))
}

func keepsTokensApart(t *Trial) Answer {
	before := len(t.exchanges)
	got, none := t.reported()
	if none != nil {
		return *none
	}
	seen := got
	if t.Transport != HTTP { // what belongs to nobody is in none of theirs
		seen = slices.Concat(got, slices.DeleteFunc(slices.Clone(t.exchanges[before:]),
			func(e *Exchange) bool { return slices.Contains(got, e) }))
	}
	last, met, n := map[string]float64{}, map[string]*Exchange{}, 0
	for k, e := range seen {
		for _, m := range e.progress() {
			token := text(member(m.Params, "progressToken"))
			if strings.HasPrefix(token, progressToken) || k >= len(got) && strings.HasPrefix(token, "mcpload-under-") {
				continue // of the call before, or seen already
			}
			if !given(token) {
				return fail(e, "it reports progress of %s, which no call gave",
					spelling(member(m.Params, "progressToken")))
			}
			value, ok := progressOf(m)
			if !ok {
				return fail(e, "the progress is %s", spelling(member(m.Params, "progress")))
			}
			key := fmt.Sprintf("%d %s", k, token) // streams have no order among them
			if was, some := last[key]; some && value <= was {
				return fail(e, "the progress of %s is %g after %g", excerpt(token), value, was)
			}
			said := fmt.Sprintf("%s is %g", excerpt(token), value) // which grows, and so is said once
			if before := met[said]; before != nil && before != e {
				return fail(e, "the progress of %s on two streams", said).showing(before, e)
			}
			met[said] = e
			last[key] = value
			n++
		}
	}
	if n == 0 {
		return skip("of %d calls at once none reports progress", crowd)
	}
	return pass("%d reports of %d calls at once", n, crowd)
}

// given reports if a token is one of those that the calls at once gave.
func given(token string) bool {
	for k := range crowd {
		if token == tokenOf(k) {
			return true
		}
	}
	return false
}

func keepsStreamsApart(t *Trial) Answer {
	got, none := t.reported()
	if none != nil {
		return *none
	}
	n := 0
	for k, e := range got {
		for _, m := range e.progress() {
			if token := text(member(m.Params, "progressToken")); given(token) && token != tokenOf(k) {
				return fail(e, "the stream of the call with the token %s reports progress of %s", tokenOf(k),
					excerpt(token))
			}
			n++
		}
	}
	if n == 0 {
		return skip("of %d calls at once none reports progress", crowd)
	}
	return pass("%d reports of %d calls at once", n, crowd)
}
