package target

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/verdict"
)

// A batch is calls that are gathered until it is whole, and then leave as one message.
type batch struct {
	arrivals []history.Arrival
	done     []func(history.Call)
}

// sendAs sends a call of an audit's trick.
func (c *Clients) sendAs(ctx context.Context, a history.Arrival, g audit.Guise, done func(history.Call)) {
	if g.Plain() {
		c.sendPlain(ctx, a, done)
		return
	}
	if g.Own() {
		l, first := c.late(a.Session)
		if first {
			go func() { done(c.open(ctx, a, l)) }()
			return
		}
		go func() {
			<-l.ready // its opening ends with ctx, if not before
			if l.session == nil {
				done(c.unsent(a, verdict.Unopened))
				return
			}
			if g.Ends {
				a.Session = "" // by the first one; not by the fast path, which has one sender
				done(c.main.Exchange(ctx, a))
				return
			}
			c.exchangeAs(ctx, l.session, a, g, done)
		}()
		return
	}
	c.exchangeAs(ctx, c.main, a, g, done)
}

// sendPlain sends a call the way of all others, which is the fastest.
func (c *Clients) sendPlain(ctx context.Context, a history.Arrival, done func(history.Call)) {
	a.Session = ""
	c.Target.Send(ctx, a, done)
}

// unsent is a call that nothing was sent of.
func (c *Clients) unsent(a history.Arrival, why string) history.Call {
	now := c.of.Options.Now()
	return history.Call{Arrival: a, Outcome: history.Unsent, Sent: now, Received: now, Detail: why}
}

// exchangeAs sends a call over a session in a guise.
func (c *Clients) exchangeAs(ctx context.Context, s *wire.Session, a history.Arrival, g audit.Guise,
	done func(history.Call)) {
	if g.Batch > 0 {
		if list, dones := c.gathered(a, g.Batch, done); list != nil {
			go func() {
				for i, call := range s.ExchangeBatch(ctx, list) {
					dones[i](call)
				}
			}()
		}
		return
	}
	if g.Counts && c.of.CounterURL != "" {
		go func() { done(c.readCounter(ctx, a)) }()
		return
	}
	if g.Counts {
		go func() {
			call, result := s.Fetch(ctx, a)
			if n, ok := numberIn(result); ok && call.Outcome == history.OK {
				call.Detail = verdict.Counted + n
			}
			done(call)
		}()
		return
	}
	if g.Alike() {
		go func() { done(s.Exchange(ctx, a)) }()
		return
	}
	c.mu.Lock()
	c.ids++
	n := c.ids
	c.mu.Unlock()
	like := wire.Form{Header: c.headers(g, n), Body: g.Body, Method: g.Method, Chunks: g.Chunks, Without: g.Without,
		Host: g.Host, Old: g.Old, Carried: g.Carried, Cancels: g.Cancels, Notes: g.Notes, Small: g.Small,
		Recase: g.Recase}
	if g.ID != nil {
		like.ID, like.Spelt = g.ID(n)
	}
	go func() { done(s.ExchangeAs(ctx, a, like)) }()
}

// gathered adds a call to the batch of its session, and returns that once it is whole.
func (c *Clients) gathered(a history.Arrival, size int, done func(history.Call)) ([]history.Arrival,
	[]func(history.Call)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.batches[a.Session]
	if b == nil {
		b = &batch{}
		c.batches[a.Session] = b
	}
	if b.arrivals, b.done = append(b.arrivals, a), append(b.done, done); len(b.arrivals) == 1 {
		time.AfterFunc(incomplete, func() { c.giveUp(a.Session, b) })
	}
	if len(b.arrivals) < size {
		return nil, nil
	}
	delete(c.batches, a.Session)
	return b.arrivals, b.done
}

// incomplete is how long a batch waits for its calls, which are due at the same instant: a
// run that ends between them sends none of it.
const incomplete = time.Second

// giveUp ends a batch that isn't whole.
func (c *Clients) giveUp(session string, b *batch) {
	c.mu.Lock()
	pending := c.batches[session] == b
	if pending {
		delete(c.batches, session)
	}
	c.mu.Unlock()
	for i := 0; pending && i < len(b.done); i++ {
		b.done[i](c.unsent(b.arrivals[i], "the run ended before its batch was whole"))
	}
}

var number = regexp.MustCompile(`\d{1,15}`)

// numberIn is the first whole number in the texts of a tool's result.
func numberIn(result json.RawMessage) (string, bool) {
	var r struct {
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
	}
	if json.Unmarshal(result, &r) != nil {
		return "", false
	}
	for _, c := range r.Content {
		if n := number.FindString(c.Text); n != "" {
			return n, true
		}
	}
	return "", false
}

// headers are those that the nth call in a guise sends beside the session's, or in their
// place.
func (c *Clients) headers(g audit.Guise, n int64) http.Header {
	h := http.Header{}
	for name, format := range g.Fresh {
		h.Set(name, fmt.Sprintf(format, n))
	}
	for name, value := range g.Header {
		h.Set(name, value)
	}
	if g.Spell != nil {
		for name, values := range c.of.Options.Header {
			for _, v := range values {
				h.Add(name, g.Spell(name, v))
			}
		}
	}
	return h
}

// dressed are the options of a session that is opened in a guise.
func dressed(o wire.Options, g audit.Guise) wire.Options {
	o.Protocol, o.HTTP2, o.Source = cmp.Or(g.Speaks, o.Protocol), o.HTTP2 || g.HTTP2, cmp.Or(g.From, o.Source)
	if g.Transport != "" {
		o.Transport = wire.Transport(g.Transport)
	}
	if g.Place != nil {
		o.URL = g.Place(o.URL)
	}
	if g.Stream {
		o.GetStream = wire.GetOn
	}
	if g.Client != nil {
		o.Name, o.Version = g.Client.Name, g.Client.Version
		if o.Header = o.Header.Clone(); o.Header == nil {
			o.Header = http.Header{}
		}
		o.Header.Set("User-Agent", g.Client.Agent)
		// Programs with a user declare both.
		declare(&o.Answers, "elicitation")
		declare(&o.Answers, "roots")
	}
	declare(&o.Answers, g.Declares)
	return o
}

// declare adds what a client declares: a server that asks is answered that there is nothing.
func declare(a *wire.Answers, capability string) {
	switch {
	case capability == "elicitation":
		a.Elicitation = cmp.Or(a.Elicitation, "decline")
	case capability == "roots" && a.Roots == nil:
		a.Roots = []string{}
	case capability == "sampling" && a.Sampling == nil:
		a.Sampling = json.RawMessage(`{"role":"assistant","content":{"type":"text","text":""},"model":"none",` +
			`"stopReason":"endTurn"}`)
	}
}
