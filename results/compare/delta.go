package compare

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"github.com/aclements/go-moremath/stats"
)

// A Delta is how one quantile of a latency changed. Lo and Hi hold the difference
// at the report's confidence; both are nil where the samples are too small to tell.
type Delta struct {
	Quantile string   `json:"quantile"` // such as p99
	Base     float64  `json:"base_ms"`
	New      float64  `json:"new_ms"`
	Lo       *float64 `json:"difference_lo_ms,omitempty"`
	Hi       *float64 `json:"difference_hi_ms,omitempty"`
	Changed  bool     `json:"changed"`       // the difference is certainly not zero, nor noise
	Why      string   `json:"why,omitempty"` // why nothing can be said
}

// shown are the quantiles of every row.
var shown = []string{"p50", "p90", "p99"}

// levels are the quantiles that can be named.
var levels = map[string]float64{"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}

// weigh tests the rows, all at the confidence that they have together.
func (r *Report) weigh(o Options) {
	rows := 0
	for _, s := range r.Servers {
		rows += len(s.Rows)
	}
	alpha := (1 - Confidence) / float64(max(rows*len(shown), 1))
	r.Needed = map[string]int{}
	for _, name := range shown {
		r.Needed[name] = enough(levels[name], alpha)
	}
	for i := range r.Servers {
		s := &r.Servers[i]
		told := map[string]bool{} // of all scenarios, and so not of each again
		for j := range s.Rows {
			row := &s.Rows[j]
			row.N = [2]int{len(row.samples[0].all), len(row.samples[1].all)}
			row.mannWhitney(rows)
			for _, name := range shown {
				d := row.delta(s.Server, name, alpha, o)
				row.Quantiles = append(row.Quantiles, d)
				if d.Changed && d.New > d.Base && !told[name] {
					told[name] = row.Scenario == ""
					r.regressed("%s: %s of %s went from %s to %s (by %s to %s)", s.Server, name, row.name(),
						ms(d.Base), ms(d.New), ms(*d.Lo), ms(*d.Hi))
				}
			}
		}
	}
}

// lacks says why nothing can be said of a row's quantile at a level, or nothing.
func (row *Row) lacks(name string, alpha float64) string {
	b, n := len(row.samples[0].all), len(row.samples[1].all)
	least := enough(levels[name], alpha)
	switch {
	case row.samples[0].lost > 0, row.samples[1].lost > 0:
		return lost
	case min(b, n) == 0:
		return nobody
	case min(b, n) < least:
		return fmt.Sprintf("%s needs %d admitted calls a side, and there are %d and %d", name, least, b, n)
	}
	return ""
}

// Reasons why nothing can be said.
const (
	lost   = "not all calls were stored"
	nobody = "nothing was admitted"
	noisy  = "the runs of a side differ as much"
)

// delta compares a quantile at a level of its own.
func (row *Row) delta(server, name string, alpha float64, o Options) Delta {
	q := levels[name]
	base, now := row.samples[0], row.samples[1]
	d := Delta{Quantile: name, Why: row.lacks(name, alpha)}
	if len(base.all) > 0 && len(now.all) > 0 {
		d.Base, d.New = quantile(base.all, q), quantile(now.all, q)
	}
	if d.Why != "" {
		return d
	}
	differ := func(base, now []float64) (lo, hi float64) {
		b, n := row.draws(server, name, alpha, o.Seed, base, now)
		for i := range b {
			n[i] -= b[i]
		}
		return interval(n, alpha)
	}
	lo, hi := differ(base.all, now.all)
	d.Lo, d.Hi = &lo, &hi
	noise := o.Noise.Seconds() * 1e3
	d.Changed = lo > noise || hi < -noise
	if d.Changed && !apart(base, now, q) {
		d.Changed, d.Why = false, noisy
	}
	if d.Changed {
		stays := func(base, now []float64) bool {
			calmLo, calmHi := differ(base, now)
			return lo > noise && calmLo > noise || hi < -noise && calmHi < -noise
		}
		d.Why = row.without(stays, enough(q, alpha))
		d.Changed = d.Why == ""
	}
	return d
}

// draws are paired resamples of a quantile on both sides: enough of them for ten to
// lie in each tail.
func (row *Row) draws(server, name string, alpha float64, seed uint64, was, is []float64) (base, now []float64) {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\x00%s\x00%s", server, row.Scenario, name)
	rng := rand.New(rand.NewPCG(seed, h.Sum64()))
	n := min(max(2000, int(20/alpha)), 200_000)
	q := levels[name]
	return bootstrap(was, q, n, rng), bootstrap(is, q, n, rng)
}

// mannWhitney tests if the calls of one side tend to take longer: Mann and Whitney
// (1947), exact for small samples, else by the normal approximation with the
// corrections for ties and continuity.
func (row *Row) mannWhitney(rows int) {
	base, now := row.samples[0], row.samples[1]
	if base.lost > 0 || now.lost > 0 || len(base.all) == 0 || len(now.all) == 0 {
		return
	}
	t, err := stats.MannWhitneyUTest(base.all, now.all, stats.LocationDiffers)
	p := 1.0
	if err == nil {
		p = min(t.P, 1)
	} else if !errors.Is(err, stats.ErrSamplesEqual) { // of which no test can tell one from the other
		return
	}
	row.P = &p
	row.Changed = p < (1-Confidence)/float64(max(rows, 1))
}
