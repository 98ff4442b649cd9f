package mcpload

import (
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// unixSince is the least of a history's instants that are Unix time: in September 2001. No
// other clock has run for as long.
const unixSince = time.Duration(1e18)

// jumpOfLaws is the one jump of the history's clock that explains why laws look broken.
func (c VerifyConfig) jumpOfLaws(calls []history.Call) *verdict.Jump {
	if jump, ok := verdict.LawJump(c.Promise, calls, c.lawConfig(calls)); ok {
		return &jump
	}
	return nil
}

// lawConfig says how a log of other people's is held against laws.
func (c VerifyConfig) lawConfig(calls []history.Call) verdict.LawConfig {
	cfg := verdict.LawConfig{Clocks: *c.Clocks, Tolerance: c.Tolerance, Lingering: true}
	early := func(c history.Call) bool { return c.Sent < unixSince }
	if len(calls) > 0 && !slices.ContainsFunc(calls, early) {
		cfg.Epoch = time.Unix(0, 0)
	}
	return cfg
}

// presumed is the promise as a run takes it where a law doesn't say what it charges: what the
// history has most of surely is, and the rest may be; and what that is. Nil where all calls are
// of one method, or don't name it, or each law says it: then what is charged is known.
func (c VerifyConfig) presumed(calls []history.Call) (promise.Promise, string) {
	count := map[string]int{}
	for i := range calls {
		if k := &calls[i]; k.Label != verdict.Handshake && k.Kind == history.Request {
			count[k.Method]++
		}
	}
	load := commonest(count)
	others := func(k history.Call) bool { return k.Method != load }
	held := scenarios.Held(c.Promise, history.Arrival{Method: load})
	said := !slices.ContainsFunc(held, func(l promise.Law) bool { return l.Charge.Presumed })
	if load == "" || said || !slices.ContainsFunc(calls, others) {
		return nil, ""
	}
	return held, load
}

// judgeLaws holds calls against the promise. Where nobody said what a law charges, a fail is what is
// one whether all messages are, or what a load is made of and perhaps the rest. What a log of other
// people's doesn't say is who has which address: where a law is kept by that, a fail is what is one of
// both readings, that all calls come from one and that each client has its own.
func (c VerifyConfig) judgeLaws(calls []history.Call) (j verdict.LawJudgement, note string) {
	cfg := c.lawConfig(calls)
	if j = verdict.JudgeLaws(c.Promise, calls, cfg); j.Verdict == verdict.Fail {
		if held, load := c.presumed(calls); held != nil {
			other := verdict.JudgeReadings(held, calls, cfg)
			if other.Verdict != verdict.Fail {
				for x := range other.Laws {
					other.Laws[x].Law = c.Promise[x]
				}
				return other, nobodySaid(load, "methods "+load+", or methods *")
			}
		}
	}
	byAddress := func(l promise.Law) bool { return l.Key.Has(promise.Address) }
	others := func(c history.Call) bool { return c.Label == "" && c.Client != calls[0].Client }
	if j.Verdict != verdict.Fail || !slices.ContainsFunc(c.Promise, byAddress) || !slices.ContainsFunc(calls, others) {
		return j, ""
	}
	cfg.Identify = func(d promise.Dimension, c *history.Call) (string, bool) { return c.Client, d == promise.Address }
	each := verdict.JudgeLaws(c.Promise, calls, cfg)
	if each.Verdict == verdict.Fail {
		return j, ""
	}
	each.Verdict = verdict.Inconclusive
	return each, "the calls don't say from which addresses they came: from one, the promise is broken; where each " +
		"client has its own, as below, it isn't (then say per credential)"
}
