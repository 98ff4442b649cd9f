package drive

import (
	"context"
	"sync"
	"time"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// The promises and delays at which detection power is measured.
var (
	powerLimits = []profiles.Limit{{Rate: 5, Burst: 15}, {Rate: 15, Burst: 40}, {Rate: 50, Burst: 100}}
	powerDelays = []time.Duration{time.Millisecond, 20 * time.Millisecond}

	powerPrecisions = []float64{0.003, 0.01, 0.05}
)

// PowerRuns is how many runs an error must be caught in, all of them, to count
// as caught.
const PowerRuns = 20

// A PowerRow is the smallest error that every run of one setting caught.
type PowerRow struct {
	Rate      float64 `json:"rate"`
	Burst     int     `json:"burst"`
	DelayMS   float64 `json:"delay_ms"`     // mean of a message's exponential delay
	Precision float64 `json:"precision"`    // that the plan is made for, as a part of the rate
	Longest   float64 `json:"longest_s"`    // traffic of a run, as planned
	Seconds   float64 `json:"traffic_s"`    // traffic of an honest run, the mean
	Ratio     float64 `json:"ratio"`        // of the longest to the time that no plan can do without
	RateUp    float64 `json:"rate_above"`   // smallest rate error upwards, as a part of the rate
	RateDown  float64 `json:"rate_below"`   // and downwards
	BurstUp   int     `json:"burst_above"`  // smallest burst error upwards, in tokens
	BurstDown int     `json:"burst_below"`  // and downwards
	False     int     `json:"false_alarms"` // failed runs of the exact limit
}

// Power measures what plans of each precision can tell apart, in virtual time.
func Power(ctx context.Context) []PowerRow {
	var rows []PowerRow
	for _, p := range powerPrecisions {
		for _, l := range powerLimits {
			for _, d := range powerDelays {
				rows = append(rows, PowerRow{Precision: p, Rate: l.Rate, Burst: l.Burst, DelayMS: float64(d) / 1e6})
			}
		}
	}
	var group sync.WaitGroup
	for i := range rows {
		group.Go(func() { rows[i].measure(ctx) })
	}
	group.Wait()
	return rows
}

func (r *PowerRow) measure(ctx context.Context) {
	promise := profiles.Limit{Rate: r.Rate, Burst: r.Burst, Scope: profiles.Global, Charges: []string{"*"}}
	caught := func(rate float64, burst int) int {
		n := 0
		for seed := range uint64(PowerRuns) {
			real := promise
			real.Rate, real.Burst = rate, burst
			n += b2i(r.run(ctx, promise, real, seed))
		}
		return n
	}
	r.False = caught(r.Rate, r.Burst)
	r.Seconds /= PowerRuns
	r.RateUp = smallest(func(e float64) bool { return caught(r.Rate*(1+e), r.Burst) == PowerRuns })
	r.RateDown = smallest(func(e float64) bool { return caught(r.Rate*(1-e), r.Burst) == PowerRuns })
	for r.BurstUp = 1; r.BurstUp < r.Burst && caught(r.Rate, r.Burst+r.BurstUp) < PowerRuns; r.BurstUp++ {
	}
	for r.BurstDown = 1; r.BurstDown < r.Burst && caught(r.Rate, r.Burst-r.BurstDown) < PowerRuns; r.BurstDown++ {
	}
}

// run reports if a server that really has one limit, and promises another, is
// failed.
func (r *PowerRow) run(ctx context.Context, promise, real profiles.Limit, seed uint64) bool {
	call := profiles.LoadCall{Method: "tools/call", Tool: "echo"}
	mean := time.Duration(r.DelayMS * 1e6)
	j := Job{
		Target: target.Target{Profile: profiles.Profile{Name: "power", Limit: promise, Call: call}, Kind: target.Mock,
			Seed: seed,
			Mock: mock.Config{Profile: profiles.Profile{Name: "power", Limit: real, Call: call}}},
		Scenarios: scenarios.Catalogue(), Virtual: virtual.Exp(mean), Precision: r.Precision,
	}
	if r.Longest == 0 {
		plan := j.Plan(j.Planned())
		r.Longest = plan[len(plan)-1].Due.Seconds()
		r.Ratio = r.Longest / scenarios.Least(promise, r.Precision).Seconds()
	}
	out := j.runVirtual(ctx, teller{})
	if real.Rate == promise.Rate && real.Burst == promise.Burst {
		r.Seconds += out.Calls[len(out.Calls)-1].Due.Seconds()
	}
	doc := &results.Document{Servers: []results.Server{out.Server}}
	doc.Finish()
	return doc.Verdict == verdict.Fail
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// smallest finds, to a tenth of a per cent, the least error that is caught.
func smallest(caught func(e float64) bool) float64 {
	lo, hi := 0, 500 // thousandths
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if caught(float64(mid) / 1000) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return float64(hi) / 1000
}
