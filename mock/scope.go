package mock

import (
	"strconv"

	"github.com/mcpload/mcpload/profiles"
)

// replicas is how many full limits stand behind replicas-3.
const replicas = 3

// scopeFaults are right buckets for the wrong people.
func scopeFaults() []Fault {
	keyedBy := func(key func(Request) string) builder {
		return func(l profiles.Limit, seed uint64) decider {
			return newKeyed(key, func() decider { return newHonest(l, seed) })
		}
	}
	return []Fault{
		{Name: "per-session", Doc: "each session has a bucket of its own", Cause: "per session", Detectable: true,
			Note:  "no fault where the promise is one bucket a client",
			build: keyedBy(byClient)},
		{Name: "per-connection", Doc: "each connection has a bucket of its own", Cause: "per connection",
			Detectable: true,
			build:      keyedBy(func(r Request) string { return r.Conn })},
		{Name: "per-tool", Doc: "each tool has a bucket of its own, and so has what is no tool call", Cause: "per tool",
			Note:  "the plan loads with one tool, whose bucket keeps the limit alone",
			build: keyedBy(func(r Request) string { return r.Tool })},
		{Name: "per-method", Doc: "each method has a bucket of its own", Cause: "per method",
			Note:  "the plan loads with one method, whose bucket keeps the limit alone",
			build: keyedBy(func(r Request) string { return r.Method })},
		{Name: "per-identity", Doc: "each value of the identity header has a bucket of its own",
			Cause: "identity|per session",
			Note:  "the plan sends no identity header; --client-header does, and the scenario evasion shows it",
			build: keyedBy(func(r Request) string { return r.Who })},
		{Name: "per-id-range", Doc: "each million of request ids has a bucket of its own", Cause: "request ids",
			Note:  "the plan counts its ids from 1; the scenario evasion, on request, jumps ahead and shows it",
			build: keyedBy(func(r Request) string { return strconv.FormatInt(r.ID/1e6, 10) })},
		{Name: "shared", Doc: "all clients share a bucket that each was promised alone", Cause: "share",
			Note: "no fault where the promise is one bucket for all, as the nine profiles say",
			build: func(l profiles.Limit, seed uint64) decider {
				l.Scope = profiles.Global
				return newHonest(l, seed)
			}},
		{Name: "replicas-3", Doc: "three replicas take turns, each with the full limit",
			Cause: "no limiter|rate is too high", Detectable: true,
			build: newReplicated},
		{Name: "session-reset", Doc: "the bucket is full again whenever somebody initializes a session",
			Cause: "new session",
			Note: "the plan opens its sessions before it loads; the scenario evasion, on request, opens one when it " +
				"is refused and shows it",
			build: scoped(func(l profiles.Limit, _ uint64) decider { return &sessionReset{promised(l)} })},
	}
}

func byClient(r Request) string { return r.Client }

// keyed has a decider a key. It forgets none, which only a mock can afford.
type keyed struct {
	key      func(Request) string
	make     func() decider
	deciders map[string]decider
}

func newKeyed(key func(Request) string, make func() decider) *keyed {
	return &keyed{key: key, make: make, deciders: map[string]decider{}}
}

func (k *keyed) decide(r Request) Answer {
	key := k.key(r)
	d, ok := k.deciders[key]
	if !ok {
		d = k.make()
		k.deciders[key] = d
	}
	return d.decide(r)
}

// replicated hands requests round.
type replicated struct {
	deciders [replicas]decider
	next     int
}

func newReplicated(l profiles.Limit, seed uint64) decider {
	f := &replicated{}
	for i := range f.deciders {
		f.deciders[i] = newHonest(l, seed)
	}
	return f
}

func (f *replicated) decide(r Request) Answer {
	d := f.deciders[f.next]
	f.next = (f.next + 1) % replicas
	return d.decide(r)
}

// sessionReset fills the bucket at each initialize.
type sessionReset struct{ bucket *bucket }

func (f *sessionReset) decide(r Request) Answer {
	f.bucket.flow(r.At)
	if r.Method == "initialize" {
		f.bucket.level = f.bucket.burst
	}
	return f.bucket.take()
}
