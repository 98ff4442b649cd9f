package results

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/verdict"
)

// A fake is a token bucket that answers after a few milliseconds.
type fake struct {
	rate, burst float64
	charged     bool // refused calls cost a token too
	rng         *rand.Rand
	level       float64
	last        time.Duration
}

func newFake(rate, burst float64) *fake {
	return &fake{rate: rate, burst: burst, level: burst, rng: rand.New(rand.NewPCG(1, 2))}
}

// send makes n calls that are due at an instant, one every gap.
func (f *fake) send(label string, at time.Duration, n int, gap time.Duration) []history.Call {
	var calls []history.Call
	for i := range n {
		due := at + time.Duration(i)*gap
		sent := due + time.Duration(f.rng.IntN(200_000))
		decided := sent + time.Duration(300_000+f.rng.IntN(1_500_000))
		decided = max(decided, f.last)
		received := decided + time.Duration(200_000+f.rng.IntN(900_000))
		f.level = min(f.burst, f.level+f.rate*(decided-f.last).Seconds())
		f.last = decided
		c := history.Call{Sent: sent, Received: received, Outcome: history.OK}
		c.Due, c.Label, c.Client, c.Method, c.Tool = due, label, "c1", "tools/call", "ping"
		if f.level >= 1 {
			f.level--
		} else {
			c.Outcome = history.Limited
			if f.charged {
				f.level = max(0, f.level-1)
			}
		}
		calls = append(calls, c)
	}
	return calls
}

// run is a short run of three scenarios.
func (f *fake) run(burst int) []history.Call {
	calls := f.send("burst", 20*time.Millisecond, burst+5, 0)
	calls = append(calls, f.send("sustained", 300*time.Millisecond, 40, time.Duration(1e9/(0.95*f.rate)))...)
	start := calls[len(calls)-1].Due + 100*time.Millisecond
	return append(calls, f.send("overload", start, 120, time.Duration(1e9/(1.3*f.rate)))...)
}

func labelled(calls []history.Call, label string) []history.Call {
	return slices.DeleteFunc(slices.Clone(calls), func(c history.Call) bool { return c.Label != label })
}

// tightest is the window of admitted calls that needs the greatest burst, the
// plain way.
func tightest(calls []history.Call, rate float64, burst int) *verdict.Witness {
	best, most := &verdict.Witness{}, 0.0
	for _, a := range calls {
		for _, z := range calls {
			if a.Outcome != history.OK || z.Outcome != history.OK || z.Received < a.Sent {
				continue
			}
			w := verdict.Witness{From: a.Sent, To: z.Received}
			for i, c := range calls {
				if c.Outcome == history.OK && c.Sent >= w.From && c.Received <= w.To {
					w.Calls = append(w.Calls, i+1)
				}
			}
			w.Admitted = len(w.Calls)
			grows := rate * (w.To - w.From).Seconds()
			w.Allowed = float64(burst) + grows
			if need := float64(w.Admitted) - grows; need > most {
				best, most = &w, need
			}
		}
	}
	return best
}

// unjustified is the best excuse of a refusal, the plain way.
func unjustified(calls []history.Call, rate float64, burst, pos int) *verdict.Witness {
	j := calls[pos-1]
	best, most := &verdict.Witness{}, -1e9
	for _, c := range calls {
		u := min(c.Received, j.Received)
		w := verdict.Witness{From: u, To: j.Received, Calls: []int{pos}}
		for i, c := range calls {
			if c.Outcome == history.OK && c.Sent <= w.To && c.Received >= u {
				w.Calls = append(w.Calls, i+1)
			}
		}
		w.Admitted = len(w.Calls) - 1
		grows := rate * (w.To - u).Seconds()
		w.Allowed = float64(burst) + grows
		if excuse := float64(w.Admitted) - grows; excuse > most {
			best, most = &w, excuse
		}
	}
	return best
}

func generatorOK(calls []history.Call) verdict.Finding {
	late := Lateness(calls)
	return verdict.Finding{
		Check: "generator", Verdict: verdict.Pass, Want: "on time: p99 lateness under 100ms, nothing unsent",
		Saw: fmt.Sprintf("late by p99 %s, max %s; 0 of %d unsent", ms(late.P99), ms(late.Max), len(calls)),
	}
}

// honest is a server that keeps its limit.
func honest(name string, rate float64, burst int) Server {
	calls := newFake(rate, float64(burst)).run(burst)
	s := Server{
		Server: name, Target: Target{Kind: "mock", Transport: "http", Protocol: "2025-11-25"},
		Limit: Limit{Rate: rate, Burst: burst, Scope: "global", Charges: []string{"*"}},
		Measured: &Measured{Rate: Range{Lo: rate * 0.9972, Hi: rate * 1.0031}, Burst: Range{Lo: float64(burst) - 0.03,
			Hi: float64(burst) + 0.25}},
	}
	all := Measure(calls)
	s.Latency = &all
	for _, label := range []string{"burst", "sustained", "overload"} {
		part := labelled(calls, label)
		s.Scenarios = append(s.Scenarios, NewScenario(label, part, []verdict.Finding{
			generatorOK(part),
			{
				Check: "over-admission", Verdict: verdict.Pass, Want: fmt.Sprintf("at most %d + %g/s·t admitted "+
					"in any t", burst, rate),
				Saw: fmt.Sprintf("tightest window: %d admitted in 3.1ms, %d.04 allowed", burst, burst),
			},
			{
				Check: "over-rejection", Verdict: verdict.Pass, Want: "no refusal while a token was certainly there",
				Saw: "all 5 refusals can be explained",
			},
		}))
	}
	s.finish()
	return s
}

func document(servers ...Server) *Document {
	d := &Document{Version: "v1.0.0", Started: "2026-11-24T02:00:00Z", Seed: 1, Servers: servers}
	d.Finish()
	return d
}

// generous admits one call too many.
func generous() (Server, []history.Call) {
	s := honest("unifi-mcp", 12, 16)
	calls := newFake(14, 17).run(16)
	w := tightest(labelled(calls, "burst"), 12, 16)
	f := verdict.Finding{
		Check: "over-admission", Verdict: verdict.Fail, Want: "at most 16 + 12/s·t admitted in any t",
		Saw: fmt.Sprintf("tightest window: %d admitted in %s, %.2f allowed", w.Admitted, words.Span(w.To-w.From),
			w.Allowed),
		Cause: "the burst is too big: it behaves like a bucket of rate 13.97–14.03/s, burst 16.97–17.25", Witness: w,
	}
	again := f
	// zero calls keep the positions
	again.Witness = tightest(slices.Concat(make([]history.Call, 61), calls[61:]), 12, 16)
	again.Saw = fmt.Sprintf("tightest window: %d admitted in %s, %.2f allowed", again.Witness.Admitted,
		words.Span(again.Witness.To-again.Witness.From), again.Witness.Allowed)
	s.Scenarios = nil
	for label, found := range map[string]verdict.Finding{"burst": f} {
		part := labelled(calls, label)
		s.Scenarios = append(s.Scenarios, NewScenario(label, part, []verdict.Finding{generatorOK(part), found}))
	}
	part := labelled(calls, "sustained")
	s.Scenarios = append(s.Scenarios, NewScenario("sustained", part, []verdict.Finding{generatorOK(part), {
		Check: "served", Verdict: verdict.Pass, Want: "nothing refused, at least 90 % admitted",
		Saw: "40 of 40 admitted, 0 refused",
	}}))
	part = labelled(calls, "overload")
	s.Scenarios = append(s.Scenarios, NewScenario("overload", part, []verdict.Finding{generatorOK(part), again, {
		Check: "refusal-shape", Verdict: verdict.Pass, Want: "the request's id, a free code, a time to retry",
		Saw:      "43 refusals: 43× HTTP 429",
		Warnings: []string{"refusals don't say when to retry (no Retry-After)"},
	}}))
	s.Measured = &Measured{Rate: Range{Lo: 13.97, Hi: 14.03}, Burst: Range{Lo: 16.97, Hi: 17.25}}
	s.finish()
	return s, calls
}

// stingy holds fewer tokens than it promises.
func stingy() (Server, []history.Call) {
	calls := newFake(15, 37).run(40)
	first := 1 + slices.IndexFunc(calls, func(c history.Call) bool { return c.Outcome == history.Limited })
	w := unjustified(calls, 15, 40, first)
	s := honest("acb", 15, 40)
	s.Observed = &Observed{Rate: 15, Burst: 37, Scope: "global", Source: "acb/mcp/server.py:39"}
	s.Measured = &Measured{Rate: Range{Lo: 14.97, Hi: 15.03}, Burst: Range{Lo: 36.97, Hi: 37.25}}
	part := labelled(calls, "burst")
	f := verdict.Finding{
		Check: "over-rejection", Verdict: verdict.Fail, Want: "no refusal while a token was certainly there",
		Saw: fmt.Sprintf("call %d was refused with at least %.2f tokens in the bucket", first,
			w.Allowed-float64(w.Admitted)),
		Cause: "the burst is too small: it behaves like a bucket of rate 14.97–15.03/s, burst 36.97–37.25", Witness: w,
	}
	same := f
	same.Check, same.Want, same.Saw = "served", "nothing refused, at least 90 % admitted",
		"37 of 45 admitted, 8 refused"
	s.Scenarios = []Scenario{NewScenario("burst", part, []verdict.Finding{generatorOK(part), f, same})}
	s.finish()
	return s, calls
}

// vague pressed too little on its limit.
func vague() Server {
	s := honest("opera-cloud-mcp", 12, 16)
	s.Measured = &Measured{Rate: Range{Lo: 3.1, Hi: 40.2}, Burst: Range{Lo: 9.5, Hi: 31.25},
		Or: Box(verdict.Measured{Rate: verdict.Interval(unbounded(900)), Burst: verdict.Interval{Lo: 1, Hi: 1.4}})}
	s.Scenarios[0].Findings[0].Verdict = verdict.Inconclusive
	s.Scenarios[0].Findings[0].Saw = "late by p99 412ms, max 430ms; 3 of 21 unsent: too many calls in flight"
	s.Scenarios[0].Calls.Planned += 3
	for i := range s.Scenarios[:2] {
		s.Scenarios[i].Findings = append(s.Scenarios[i].Findings, Finding{
			Check: "pressure", Want: "at least one refusal, and the burst pinned to 2 tokens",
			Saw: "17 refusals of 120 calls; burst pinned to 21.75 tokens: delays or calls without an answer hide " +
				"what the limiter did",
		})
	}
	s.finish()
	return s
}

// dead never answered.
func dead() Server {
	s := Server{
		Server: "raindropio-mcp", Target: Target{Kind: "url", Transport: "http", Address: "http://127.0.0.1:3034/mcp"},
		Limit: Limit{Rate: 12, Burst: 16, Scope: "global", Charges: []string{"*"}},
		Error: "nothing listens at 127.0.0.1:3034: the connection was refused",
		Hint:  "start the server first, or let mcpload start it: give its command after --",
	}
	s.finish()
	return s
}

func nine() []Server {
	list := []Server{honest("acb", 15, 40)}
	for _, name := range []string{"session-mgmt-mcp", "crackerjack", "opera-cloud-mcp", "raindropio-mcp",
		"excalidraw-mcp", "mailgun-mcp", "unifi-mcp"} {
		list = append(list, honest(name, 12, 16))
	}
	heir := honest("fastblocks", 15, 40)
	heir.Limit.Inherited = "acb"
	for i := range list {
		for j := range list[i].Scenarios {
			f := list[i].Scenarios[j].Findings
			f[len(f)-1].Warnings = []string{"the error code lies in -32000…-32019, which has no agreed meaning: " +
				"clients can't know it is a refusal"}
		}
	}
	return append(list, heir)
}

func unbounded(lo float64) Range { return Range{Lo: lo, Hi: infinity} }
