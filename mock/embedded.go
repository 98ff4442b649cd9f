package mock

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/ratelimit"
)

// errEmbedded refuses what the embedded limiter's handler doesn't reach.
var errEmbedded = errors.New("mock: the embedded limiter is a handler of streamable HTTP: it serves no other transport")

// embedded puts the limiter that servers embed before a handler, with its headers and
// refusals: the mock's own limiter lets everything through then.
func (c Config) embedded(next http.Handler) (http.Handler, error) {
	stack, who, err := c.embeddedStack()
	if err != nil {
		return nil, err
	}
	config := ratelimit.HandlerConfig{Refusal: ratelimit.Refusal{Shape: c.Shape}, MaxBody: maxMessage}
	switch who {
	case promise.Address:
		config.Identity = ratelimit.Address
	case promise.Credential:
		config.Identity = func(r *http.Request) string { return r.Header.Get("Authorization") }
	}
	return ratelimit.NewStackHandler(next, stack, config)
}

// embeddedLaws are those that the embedded limiter is told to keep: what is promised, or with
// a fault something else. What its code does wrong then is nothing: it keeps what it is told.
func (c Config) embeddedLaws() (promise.Promise, error) {
	laws := c.Profile.Laws()
	if len(laws) == 0 {
		return nil, errors.New("mock: the embedded limiter keeps a promise, and there is none")
	}
	kept, err := lawsKept(laws, c.Fault)
	if err != nil {
		return nil, err
	}
	laws = nil
	for _, k := range kept {
		if k.quirk != (quirk{}) || k.also != nil || k.free != nil {
			return nil, fmt.Errorf("mock: fault %q: the embedded limiter can be told to keep other laws, and no more",
				c.Fault)
		}
		laws = append(laws, k.law)
	}
	if len(laws) == 0 {
		return nil, fmt.Errorf("mock: fault %q leaves the embedded limiter no law to keep", c.Fault)
	}
	return laws, nil
}

// embeddedStack is the limiter that servers embed, and by what it tells clients apart.
func (c Config) embeddedStack() (stack *ratelimit.Stack, who promise.Dimension, err error) {
	laws, err := c.embeddedLaws()
	if err != nil {
		return nil, "", err
	}
	var limits []ratelimit.Limit
	for i, l := range laws {
		limit, by, err := embeddedLimit(l)
		if err == nil && by != "" && who != "" && by != who {
			err = fmt.Errorf("it tells clients apart in one way, and these are kept by %s and by %s", who, by)
		}
		if err != nil {
			return nil, "", fmt.Errorf("mock: the embedded limiter can't keep %s: %w", l, err)
		}
		if by != "" {
			who = by
		}
		if limit.Name = l.Name; limit.Name == "" && len(laws) > 1 {
			limit.Name = fmt.Sprintf("law%d", i+1)
		}
		limits = append(limits, limit)
	}
	if stack, err = ratelimit.NewStack(ratelimit.StackConfig{Limits: limits}); err != nil {
		return nil, "", fmt.Errorf("mock: %w", err)
	}
	return stack, who, nil
}

// embeddedLimit is a law as the limiter has it, and by what it tells clients apart.
func embeddedLimit(l promise.Law) (limit ratelimit.Limit, by promise.Dimension, err error) {
	limit = ratelimit.Limit{N: l.N, Every: l.Every, Charges: func(method, tool string) bool {
		return unitsOf(l.Charge, Request{Method: method, Tool: tool}) > 0
	}}
	switch {
	case l.Wait > 0, l.Lockout > 0, l.Elastic, l.Step > 0:
		return limit, "", errors.New("it knows no queues, lock-outs, steps, and windows that refusals prolong")
	case l.Charge.Units != nil, l.Charge.Outcomes != promise.All, l.Charge.Refused:
		return limit, "", errors.New("it charges one for each request that it lets in")
	case l.Kind == promise.Bucket:
		limit = ratelimit.Limit{Kind: ratelimit.Bucket, Rate: l.Rate, Burst: l.N, Charges: limit.Charges}
	case l.Kind == promise.Cap:
		limit.Kind = ratelimit.Cap
	case l.Kind == promise.Window && l.Style == promise.Fixed:
		limit.Kind = ratelimit.Fixed
	case l.Kind == promise.Window && l.Style == promise.Aligned:
		limit.Kind = ratelimit.Aligned
	case l.Kind == promise.Window && (l.Style == promise.Sliding || l.Style == promise.Unsaid):
		limit.Kind = ratelimit.Sliding
	default:
		return limit, "", errors.New("it has no limits of this kind")
	}
	for _, d := range l.Key {
		switch {
		case d == promise.Tool:
			limit.Scope |= ratelimit.PerTool
		case d == promise.Method || by != "":
			return limit, "", fmt.Errorf("it keeps no counters by %s", l.Key)
		default:
			by = d
			limit.Scope |= ratelimit.PerClient
		}
	}
	return limit, by, nil
}

// An embeddedCore is the limiter that servers embed, asked at instants that it is given. It
// decides as before a server; headers it has none.
type embeddedCore struct {
	mu    sync.Mutex
	stack *ratelimit.Stack
	who   promise.Dimension
	epoch time.Time
	ends  []eventEnd
}

// An eventEnd is when a request that was let in is over, and what tells a cap.
type eventEnd struct {
	at   time.Duration
	done func()
}

// Decide implements Limiter.
func (e *embeddedCore) Decide(r Request) Answer {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ends = slices.DeleteFunc(e.ends, func(end eventEnd) bool {
		over := end.at <= r.At
		if over {
			end.done()
		}
		return over
	})
	client := r.Client
	switch e.who {
	case promise.Credential:
		client = r.Who
	case promise.Address:
		client = keyOf(promise.Key{promise.Address}, r)
	}
	d, done := e.stack.AcquireAt(ratelimit.Event{Client: client, Method: r.Method, Tool: r.Tool}, e.epoch.Add(r.At))
	e.ends = append(e.ends, eventEnd{r.At + r.Lasts, done})
	a := Answer{Limited: !d.Allowed, Charged: d.Allowed, RetryAfter: d.RetryAfter, Remaining: d.Remaining}
	if d.RetryAfter == ratelimit.Unknown {
		a.RetryAfter = ratelimit.Never
	}
	return a
}

// openLimiter lets everything through.
type openLimiter struct{}

// Decide implements Limiter.
func (openLimiter) Decide(Request) Answer { return Answer{} }

// ownLimiter is the limiter that stands before mcp-go: where the embedded one does, none.
func (c Config) ownLimiter(now time.Time) (Limiter, error) {
	if !c.Embedded {
		return c.Limiter(now)
	}
	_, err := c.embedded(http.NotFoundHandler())
	return openLimiter{}, err
}
