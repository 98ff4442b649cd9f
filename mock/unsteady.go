package mock

import (
	"math/rand/v2"

	"github.com/mcpload/mcpload/profiles"
)

// unsteadyFaults are right buckets whose answer is sometimes not kept to.
func unsteadyFaults() []Fault {
	return []Fault{
		{Name: "leak-3%", Doc: "3 % of the calls that should be refused are let through",
			Cause: "let through|no token bucket", Detectable: true,
			build: flaky(0.03, 0)},
		{Name: "false-refusal-5%", Doc: "5 % of the calls that should be admitted are refused",
			Cause: "refused although|no token bucket", Detectable: true,
			build: flaky(0, 0.05)},
	}
}

// fickle turns some decisions into their opposite. It draws lots in the order
// of the calls, so a seed repeats a run.
type fickle struct {
	bucket *bucket
	lots   *rand.Rand
	leak   float64 // the part of refusals that is let through
	deny   float64 // the part of admissions that is refused, and takes no token
}

func flaky(leak, deny float64) builder {
	return scoped(func(l profiles.Limit, seed uint64) decider {
		return &fickle{bucket: promised(l), lots: rand.New(rand.NewPCG(seed, 0)), leak: leak, deny: deny}
	})
}

func (f *fickle) decide(r Request) Answer {
	lot := f.lots.Float64()
	f.bucket.flow(r.At)
	has := f.bucket.level >= 1-slack
	switch {
	case has && lot < f.deny:
		return refused(f.bucket.wait())
	case !has && lot < f.leak:
		return Answer{}
	}
	return f.bucket.take()
}
