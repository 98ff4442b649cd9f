package mock

import (
	"strings"
	"time"

	"github.com/mcpload/mcpload/promise"
)

// AuditLawFaults are the ways to break a law that behave for a tester: AuditFaults, of laws.
func AuditLawFaults() []LawFault {
	by := func(header string) func(k *keptLaw) {
		return func(k *keptLaw) { k.also = func(r Request) string { return r.header(header) } }
	}
	free := func(is func(l promise.Law) func(r Request) bool) func(k *keptLaw) {
		return func(k *keptLaw) { k.free = is(k.law) }
	}
	whatever := func(is func(r Request) bool) func(k *keptLaw) {
		return free(func(promise.Law) func(r Request) bool { return is })
	}
	return []LawFault{
		{Name: "law-per-forwarded", Doc: "each X-Forwarded-For has a counter of its own", Cause: "X-Forwarded-For",
			change: by("X-Forwarded-For")},
		{Name: "law-per-cookie", Doc: "each Cookie has a counter of its own", Cause: "Cookie", change: by("Cookie")},
		{Name: "law-batch-costs-one", Doc: "of a JSON-RPC batch the first request is charged, and the others are free",
			Cause: "batch", change: whatever(func(r Request) bool { return r.Batch > 0 })},
		{Name: "law-high-ids-free", Doc: "requests whose id is above 2,000,000 are free", Cause: "id",
			change: whatever(func(r Request) bool { return r.ID > 2_000_000 })},
		{Name: "law-only-this-agent", Doc: "only clients whose User-Agent names mcpload are charged",
			Cause: "another client", of: func(l promise.Law) bool { return !l.Key.Has(promise.Session) },
			change: whatever(func(r Request) bool {
				agent := r.header("User-Agent")
				return agent != "" && !strings.Contains(agent, "mcpload")
			})},
		{Name: "law-open-in-floods", Doc: "nothing is charged while far more than is granted comes in a second",
			Cause: "at once|a flood", of: func(l promise.Law) bool { return l.Kind != promise.Quota },
			change: free(func(l promise.Law) func(Request) bool { return crowded(10*l.N+200, time.Second) })},
	}
}
