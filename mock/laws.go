package mock

import (
	"fmt"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/ratelimit"
)

// A LawConfig says which laws to keep, and how they are broken.
type LawConfig struct {
	Promise promise.Promise
	Fault   string    // a name of LawFaults, with "@2" for the second law; "" keeps them all
	Charge  Charging  // "" means ChargeAll
	Epoch   time.Time // when instant 0 was, for what a calendar resets
}

// NewLaws returns a limiter that keeps a promise of any laws, or breaks it in one way.
// A request is admitted if every law that is about it admits it; one that is refused
// costs nothing, unless a law says so. An unsaid kind of window is kept as a log.
func NewLaws(c LawConfig) (Limiter, error) {
	if err := c.Promise.Validate(); err != nil {
		return nil, fmt.Errorf("mock: %w", err)
	}
	if len(c.Promise) == 0 {
		return nil, fmt.Errorf("mock: there is no law to keep")
	}
	s := &statute{epoch: c.Epoch, charge: c.Charge}
	if s.epoch.IsZero() {
		s.epoch = time.Date(2026, 1, 15, 12, 34, 56, 0, time.UTC) // far from midnight, whoever doesn't care
	}
	kept, err := lawsKept(c.Promise, c.Fault)
	if err != nil {
		return nil, err
	}
	for _, k := range kept {
		k.counts = map[string]count{}
		k.barred = map[string]time.Duration{}
		s.laws = append(s.laws, k)
	}
	return s, nil
}

// lawsKept are the laws of a promise as they are kept: with a fault otherwise than promised.
func lawsKept(p promise.Promise, fault string) ([]keptLaw, error) {
	kept := make([]keptLaw, len(p))
	for i, l := range p {
		kept[i] = keptLaw{law: l, said: l}
	}
	if fault == "" {
		return kept, nil
	}
	return breakLaws(kept, fault)
}

// A keptLaw is a law as it is kept, beside the one that is promised.
type keptLaw struct {
	law, said promise.Law
	quirk     quirk
	counts    map[string]count         // a key
	barred    map[string]time.Duration // until when, a key

	also func(r Request) string // what beside the law's key has a counter of its own; nil: nothing
	free func(r Request) bool   // what isn't charged; nil: nothing
}

// A statute keeps laws.
type statute struct {
	epoch  time.Time
	charge Charging

	mu     sync.Mutex
	latest time.Duration
	laws   []keptLaw
}

// A claim is what a request wants of one law.
type claim struct {
	law   *keptLaw
	key   string
	count count
	units int
}

// Decide implements Limiter.
func (s *statute) Decide(r Request) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest = max(s.latest, r.At)
	r.At = s.latest
	if r.Method == http.MethodDelete {
		s.end(r)
		return Answer{}
	}
	claims := s.claims(r)
	enter, refusing, wait := r.At, -1, time.Duration(0)
	for k, c := range claims {
		need := c.count.next(r.At, c.units)
		if barred := c.law.barred[c.key]; barred > r.At {
			need = max(need, barred)
			if need-r.At > c.law.law.Wait {
				refusing, wait = first(refusing, k), max(wait, need-r.At)
				continue
			}
		}
		if need-r.At > c.law.law.Wait {
			refusing, wait = first(refusing, k), max(wait, waitOf(need, r.At))
			if lock := c.law.law.Lockout; lock > 0 {
				c.law.barred[c.key] = r.At + lock
				wait = max(wait, lock)
			}
			continue
		}
		enter = max(enter, need)
	}
	if refusing >= 0 {
		return s.refuse(r, claims, refusing, wait)
	}
	return admit(r, claims, enter)
}

// end gives the place of a session back that has ended.
func (s *statute) end(r Request) {
	for _, l := range s.laws {
		if open, ok := l.counts[keyOf(l.law.Key, r)].(*rooms); ok && !open.quirk.never {
			open.used = max(0, open.used-1)
		}
	}
}

// first keeps the first index.
func first(was, is int) int {
	if was >= 0 {
		return was
	}
	return is
}

func waitOf(need, at time.Duration) time.Duration {
	if need == ratelimit.Never {
		return ratelimit.Never
	}
	return need - at
}

// admit charges every law, at the instant at which the last of them lets the request in.
func admit(r Request, claims []claim, enter time.Duration) Answer {
	// Whoever waited for one law must fit the others then.
	for moved := true; moved; {
		moved = false
		for _, c := range claims {
			if need := c.count.next(enter, c.units); need > enter && need != ratelimit.Never {
				enter, moved = need, true
			}
		}
	}
	a := Answer{Delay: enter - r.At, Remaining: -1}
	for _, c := range claims {
		if !keeps(c.law.law.Charge.Outcomes, r.Fails) {
			continue
		}
		c.count.take(enter, c.units, r.Lasts)
		a.Charged = true
		if left := c.count.left(enter); a.Remaining < 0 || left < a.Remaining {
			a.Remaining = left
		}
	}
	a.Remaining = max(0, a.Remaining)
	return a
}

// refuse says no, and charges laws that want that.
func (s *statute) refuse(r Request, claims []claim, by int, wait time.Duration) Answer {
	for _, c := range claims {
		l := c.law.law
		if l.Charge.Refused {
			c.count.take(r.At, c.units, 0)
		}
		if l.Elastic && c.count.next(r.At, c.units) > r.At {
			c.count.prolong(r.At)
		}
	}
	if claims[by].law.quirk.hasty {
		wait /= 4
	}
	return Answer{Limited: true, RetryAfter: wait, Law: claims[by].law.said.Name}
}

// claims are the laws that are about a request.
func (s *statute) claims(r Request) []claim {
	var out []claim
	for i := range s.laws {
		l := &s.laws[i]
		units := unitsOf(l.law.Charge, r)
		if s.charge == ChargeTools && r.Method != methodCall {
			units = 0
		}
		if units == 0 || l.free != nil && l.free(r) {
			continue
		}
		key := keyOf(l.law.Key, r)
		if l.also != nil {
			key += "\x00" + l.also(r)
		}
		c, ok := l.counts[key]
		if !ok {
			c = newCount(l.law, s.epoch, l.quirk)
			l.counts[key] = c
		}
		out = append(out, claim{law: l, key: key, count: c, units: units})
	}
	return out
}

// keyOf is whose count a request is charged to.
func keyOf(k promise.Key, r Request) string {
	var parts []string
	for _, d := range k {
		switch d {
		case promise.Session:
			parts = append(parts, r.Client)
		case promise.Credential:
			parts = append(parts, r.Who)
		case promise.Address:
			host, _, err := net.SplitHostPort(r.Conn)
			if err != nil {
				host = "" // no network, and so one address
			}
			parts = append(parts, host)
		case promise.Tool:
			parts = append(parts, r.Tool)
		case promise.Method:
			parts = append(parts, r.Method)
		}
	}
	return strings.Join(parts, "\x00")
}

// unitsOf is what an admitted request takes: what may be charged is.
func unitsOf(c promise.Charge, r Request) int {
	named := func(list []string) bool { return slices.Contains(list, r.Method) }
	all := func(list []string) bool { return slices.Contains(list, promise.Any) }
	unsaid := c.Methods == nil && c.May == nil
	switch {
	case named(c.May), named(c.Methods) && !named(c.Free):
	case named(c.Free):
		return 0
	case !unsaid && !all(c.Methods) && !all(c.May):
		return 0
	}
	if strings.HasPrefix(r.Method, "notifications/") {
		return 0
	}
	if r.Method != methodCall {
		if unsaid && c.Tools != nil {
			return 0 // of named tools only their calls are charged
		}
		return 1
	}
	fits := func(pattern string) bool {
		ok, err := path.Match(pattern, r.Tool)
		return ok && err == nil
	}
	if c.Tools != nil && !slices.ContainsFunc(c.Tools, fits) {
		return 0
	}
	units, longest := 1, -1
	for pattern, n := range c.Units {
		if pattern == r.Tool {
			return n
		}
		if fits(pattern) && len(pattern) > longest {
			units, longest = n, len(pattern)
		}
	}
	return units
}

// keeps reports if a request keeps what it took, once it is known what came of it.
func keeps(only promise.Outcomes, fails bool) bool {
	switch only {
	case promise.Failures:
		return fails
	case promise.Successes:
		return !fails
	}
	return true
}
