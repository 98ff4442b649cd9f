package mock

import (
	"cmp"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/profiles"
)

// AuditFaults returns the faults that behave for a tester: they keep the promise under
// the traffic that a run sends, and break it grossly under another. An audit shows
// them. Cause says how the trick is named that does.
func AuditFaults() []Fault {
	return slices.Concat(lateFaults(), trickFaults(), formFaults(), headerFaults(), lyingFaults(), restartFaults())
}

// free makes a fault of which requests cost nothing and are never refused.
func free(when func(l profiles.Limit) func(Request) bool) builder {
	return scoped(func(l profiles.Limit, _ uint64) decider {
		is := when(l)
		return &selective{promised(l), func(r Request) bool { return !is(r) }}
	})
}

// lateFaults keep the promise for a while, or until there is a crowd.
func lateFaults() []Fault {
	return []Fault{
		{Name: "replicas-sticky", Doc: "two replicas, each with the full limit, to which sessions are bound two by two",
			Cause: "session of its own",
			build: func(l profiles.Limit, seed uint64) decider { return newSticky(l, seed) }},
		{Name: "off-after-25s", Doc: "nothing is refused from 25 s on", Cause: "staying at the limit|plain calls",
			build: free(func(profiles.Limit) func(Request) bool {
				return func(r Request) bool { return r.At >= long }
			})},
		{Name: "off-after-600", Doc: "nothing is refused after 600 charged requests", Cause: "staying at the " +
			"limit|plain calls",
			build: free(func(profiles.Limit) func(Request) bool {
				n := 0
				return func(Request) bool { n++; return n > 600 }
			})},
		{Name: "full-every-25s", Doc: "the bucket is full again every 25 s", Cause: "staying at the limit|plain calls",
			build: scoped(func(l profiles.Limit, _ uint64) decider {
				return &periodicReset{bucket: promised(l), every: long}
			})},
		{Name: "rest-bonus", Doc: "who rests for 10 s gets 100 tokens more than the burst", Cause: "a rest of",
			build: scoped(func(l profiles.Limit, _ uint64) decider { return &restBonus{bucket: promised(l)} })},
		{Name: "open-in-flight", Doc: "nothing is refused while more than 64 requests came in the last 50 ms",
			Cause: "at once|a flood",
			build: free(func(profiles.Limit) func(Request) bool { return crowded(64, 50*time.Millisecond) })},
		{Name: "open-in-floods", Doc: "nothing is refused while more than 100 requests came in the last second",
			Cause: "at once|a flood",
			build: free(func(l profiles.Limit) func(Request) bool {
				return crowded(max(100, int(3*l.Rate)+l.Burst), time.Second)
			})},
	}
}

// trickFaults let calls through for how they look.
func trickFaults() []Fault {
	return []Fault{
		{Name: "batch-costs-one", Doc: "of a JSON-RPC batch the first request is charged, and the others are free",
			Cause: "batch",
			build: free(func(profiles.Limit) func(Request) bool {
				return func(r Request) bool { return r.Batch > 0 }
			})},
		{Name: "new-arguments-free", Doc: "a call with arguments that were never seen before is free",
			Cause: "argument",
			build: free(func(profiles.Limit) func(Request) bool {
				seen := map[string]bool{}
				return func(r Request) bool {
					first := !seen[r.Arguments] && len(seen) > 0
					seen[r.Arguments] = true
					return first
				}
			})},
		{Name: "escapes-free", Doc: "a request is free whose method is spelled with escapes, as its limiter looks " +
			"for the plain text", Cause: "message with escapes",
			build: free(func(profiles.Limit) func(Request) bool {
				return func(r Request) bool { return r.Escaped }
			})},
		{Name: "chunks-free", Doc: "a request is free whose body comes in chunks", Cause: "message in chunks",
			build: carrying("Transfer-Encoding")},
		{Name: refillsAtEnds, Doc: "the bucket is full again whenever a session ends",
			Cause: "a session was opened and ended",
			build: scoped(func(l profiles.Limit, _ uint64) decider { return &refillsEnding{promised(l)} })},
		{Name: "high-ids-free", Doc: "requests whose id is above 2,000,000 are free", Cause: "id",
			build: free(func(profiles.Limit) func(Request) bool {
				return func(r Request) bool { return r.ID > 2_000_000 }
			})},
		{Name: "only-this-agent", Doc: "only clients whose User-Agent names mcpload are limited",
			Cause: "another client",
			build: free(func(profiles.Limit) func(Request) bool {
				return func(r Request) bool {
					agent := r.header("User-Agent")
					return agent != "" && !strings.Contains(agent, "mcpload")
				}
			})},
		{Name: freeWithUser, Doc: "who declares elicitation is free, as programs with a user do and testers don't",
			Cause: "declares elicitation",
			build: free(func(profiles.Limit) func(Request) bool {
				return func(r Request) bool { return r.header(Declared) == "elicitation" }
			})},
		{Name: "other-tools-refill", Doc: "a call of another tool than the first one, which there need not be, fills " +
			"the bucket", Cause: "a plain call after one of an unknown tool",
			build: scoped(func(l profiles.Limit, _ uint64) decider { return &otherToolsRefill{bucket: promised(l)} })},
		{Name: "spelling-free", Doc: "a tool name in another case, or with spaces about it, is a free call of the " +
			"same tool", Cause: "tool name",
			build: free(func(profiles.Limit) func(Request) bool {
				return func(r Request) bool { return r.Spelled }
			})},
	}
}

// formFaults let calls through for how their messages come.
func formFaults() []Fault {
	return []Fault{
		{Name: "versionless-free", Doc: "a request is free that doesn't say the protocol's revision in its header",
			Cause: "no MCP-Protocol-Version",
			build: free(func(profiles.Limit) func(Request) bool {
				return func(r Request) bool { return r.Header != nil && r.header("Mcp-Protocol-Version") == "" }
			})},
		{Name: "twice-free", Doc: "a request is free in which the method, or the tool's name, stands twice, as its " +
			"limiter reads the other one", Cause: "message with another",
			build: free(func(profiles.Limit) func(Request) bool {
				return func(r Request) bool { return r.Twice }
			})},
		{Name: "old-http-free", Doc: "a request is free that comes as HTTP/1.0", Cause: "HTTP/1.0",
			build: free(func(profiles.Limit) func(Request) bool {
				return func(r Request) bool { return r.header("Version") == "HTTP/1.0" }
			})},
		{Name: refundsCancels, Doc: "who says that a call is cancelled gets a token back, also when it was answered",
			Cause: "cancelled once it is answered",
			build: scoped(func(l profiles.Limit, _ uint64) decider { return &refunding{promised(l)} })},
		{Name: refundsNotes, Doc: "who sends a notification, other than that a call is cancelled, gets a token back",
			Cause: "notifications follow",
			build: scoped(func(l profiles.Limit, _ uint64) decider { return &refunding{promised(l)} })},
		{Name: unlikeFree, Doc: "a call is free that is written in any other way than the first one", Cause: " buys? ",
			build: free(func(profiles.Limit) func(Request) bool { return unlike() })},
		{Name: "case-free", Doc: "a request is free whose members are in another case, as its limiter looks for the " +
			"plain text", Cause: "another case|capitals",
			build: free(func(profiles.Limit) func(Request) bool {
				return func(r Request) bool { return r.Cased }
			})},
	}
}

// headerFaults are right buckets for whoever says who he is.
func headerFaults() []Fault {
	by := func(name string) builder {
		return func(l profiles.Limit, seed uint64) decider {
			return newKeyed(func(r Request) string { return r.header(name) },
				func() decider { return newHonest(l, seed) })
		}
	}
	return []Fault{
		{Name: "per-forwarded", Doc: "each X-Forwarded-For has a bucket of its own", Cause: "X-Forwarded-For",
			build: by("X-Forwarded-For")},
		{Name: "per-cookie", Doc: "each Cookie has a bucket of its own", Cause: "Cookie", build: by("Cookie")},
		{Name: "per-tenant", Doc: "each X-Tenant-Id has a bucket of its own", Cause: "X-Tenant-Id",
			build: by("X-Tenant-Id")},
		{Name: "per-idempotency-key", Doc: "each Idempotency-Key has a bucket of its own", Cause: "Idempotency-Key",
			build: by("Idempotency-Key")},
		{Name: "overrides-free", Doc: "a request is free that names another HTTP method", Cause: "Method-Override",
			build: carrying("X-Http-Method-Override")},
		{Name: "insiders-free", Doc: "a request is free whose X-Real-Ip is an address of its own network",
			Cause: "address from inside", build: free(func(profiles.Limit) func(Request) bool {
				return func(r Request) bool {
					at, err := netip.ParseAddr(r.header("X-Real-Ip"))
					return err == nil && (at.IsPrivate() || at.IsLoopback())
				}
			})},
		{Name: "retries-free", Doc: "a request is free that says that it is sent again", Cause: "X-Retry-Count",
			build: carrying("X-Retry-Count")},
		{Name: "per-url", Doc: "each spelling of the url has a bucket of its own", Cause: "url", build: by("Path")},
		{Name: "per-host", Doc: "each name by which the server is reached has a bucket of its own, as replicas do " +
			"behind several", Cause: "replica", build: by("Host")},
		{Name: "per-remote-addr", Doc: "each X-Remote-Addr has a bucket of its own", Cause: "X-Remote-Addr",
			build: by("X-Remote-Addr")},
		{Name: "per-encoding", Doc: "each Accept-Encoding has a bucket of its own", Cause: "Accept-Encoding",
			build: by("Accept-Encoding")},
		{Name: "per-language", Doc: "each Accept-Language has a bucket of its own", Cause: "Accept-Language",
			build: by("Accept-Language")},
		{Name: "per-token", Doc: "each Authorization has a bucket of its own, though none is asked for",
			Cause: "made-up credential", build: by("Authorization")},
		{Name: perOrder, Doc: "each order of headers has a bucket of its own",
			Cause: "another connection and order of headers buys", build: by(Order)},
		{Name: "closed-free", Doc: "a request is free that has its connection closed after it",
			Cause: "connection of its own", build: carrying("Connection")},
		{Name: "per-origin", Doc: "each Origin has a bucket of its own", Cause: "Origin", build: by("Origin")},
	}
}

// carrying makes a fault of which requests are free that have a header.
func carrying(name string) builder {
	return free(func(profiles.Limit) func(Request) bool {
		return func(r Request) bool { return r.header(name) != "" }
	})
}

// refillsEnding fills the bucket whenever a session ends.
type refillsEnding struct{ bucket *bucket }

func (f *refillsEnding) decide(r Request) Answer {
	if r.Method == http.MethodDelete {
		*f.bucket = *full(f.bucket.rate, f.bucket.burst)
		f.bucket.at = r.At
		return Answer{}
	}
	return f.bucket.decide(r)
}

// Refund is the method by which a limiter is told of a notification, where its fault is to
// give a token back for it.
const Refund = "(a refund)"

// refunding gives a token back for what is cancelled, or for other notifications.
type refunding struct{ bucket *bucket }

func (f *refunding) decide(r Request) Answer {
	f.bucket.flow(r.At)
	if r.Method == Refund {
		f.bucket.level = min(f.bucket.burst, f.bucket.level+1)
		return Answer{}
	}
	return f.bucket.take()
}

// long is longer than what a run without an audit takes.
const long = 25 * time.Second

// header is a header of the request; empty where it has none.
func (r Request) header(name string) string {
	if r.Header == nil {
		return ""
	}
	return r.Header(name)
}

// newSticky binds sessions to two replicas, two at a time.
func newSticky(l profiles.Limit, seed uint64) decider {
	order := map[string]int{}
	return newKeyed(func(r Request) string {
		if r.Method == "initialize" { // it has no session yet
			return "first"
		}
		n, known := order[r.Client]
		if !known {
			n = len(order)
			order[r.Client] = n
		}
		return []string{"first", "second"}[n/2%2]
	}, func() decider { return newHonest(l, seed) })
}

// restBonus gives away tokens after a rest.
type restBonus struct {
	bucket *bucket
	last   time.Duration
	bonus  int
}

func (f *restBonus) decide(r Request) Answer {
	if r.At-f.last >= 10*time.Second {
		f.bonus = 100
	}
	f.last = r.At
	f.bucket.flow(r.At)
	if f.bonus > 0 && f.bucket.level < 1 {
		f.bonus--
		return Answer{}
	}
	return f.bucket.take()
}

// otherToolsRefill gives everything back to who calls another tool than the first.
type otherToolsRefill struct {
	bucket *bucket
	first  string
}

func (f *otherToolsRefill) decide(r Request) Answer {
	f.bucket.flow(r.At)
	if f.first = cmp.Or(f.first, r.Tool); r.Tool != "" && r.Tool != f.first {
		f.bucket.level = f.bucket.burst
	}
	return f.bucket.take()
}

// crowded reports if more than n requests came within a span up to now.
func crowded(n int, span time.Duration) func(Request) bool {
	var came []time.Duration
	return func(r Request) bool {
		came = append(came, r.At)
		for r.At-came[0] > span {
			came = came[1:]
		}
		return len(came) > n
	}
}
