package results

import (
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
)

// Latencies holds what callers waited, those who were admitted and those who
// were refused apart: quick refusals would flatter the admissions.
type Latencies struct {
	Admitted Quantiles `json:"admitted"`
	Limited  Quantiles `json:"limited"`
}

// Waited is what admitted callers waited over all scenarios: of a single one, its
// own figures. It is empty where nobody computed it.
func (s *Server) Waited() Quantiles {
	switch {
	case s.Latency != nil:
		return s.Latency.Admitted
	case len(s.Scenarios) == 1:
		return s.Scenarios[0].Latency.Admitted
	}
	return Quantiles{}
}

// Measure computes what callers waited, from the instant at which each call
// was due (history.Call.Response), so that a slow server can't hide behind a
// generator that waits for it.
func Measure(calls []history.Call) Latencies {
	pick := func(o history.Outcome) Quantiles {
		var d []time.Duration
		for i := range calls {
			if calls[i].Outcome == o {
				d = append(d, calls[i].Response())
			}
		}
		return quantiles(d)
	}
	return Latencies{Admitted: pick(history.OK), Limited: pick(history.Limited)}
}

// Lateness computes how late calls were sent: the generator's own fault.
func Lateness(calls []history.Call) Quantiles {
	var d []time.Duration
	for i := range calls {
		if calls[i].Outcome != history.Unsent {
			d = append(d, calls[i].Late())
		}
	}
	return quantiles(d)
}

// Quantiles describes a sample of durations, in milliseconds. Its quantiles
// are exact: the nearest-rank definition on every sample, with neither
// interpolation nor buckets. The q-quantile of n samples is the ceil(q·n)-th
// smallest, and so always one that was measured; where n is under 1/(1-q), it
// is the maximum.
//
// The zero value is a sample of nothing. It has no figures, and documents
// spell it {}.
type Quantiles struct {
	N    int     `json:"n"` // sample size
	Mean float64 `json:"mean_ms"`
	P50  float64 `json:"p50_ms"`
	P90  float64 `json:"p90_ms"`
	P95  float64 `json:"p95_ms"`
	P99  float64 `json:"p99_ms"`
	P999 float64 `json:"p999_ms"`
	Max  float64 `json:"max_ms"`
}

// quantiles sorts the sample that it is given.
func quantiles(d []time.Duration) Quantiles {
	if len(d) == 0 {
		return Quantiles{}
	}
	slices.Sort(d)
	sum := 0.0
	for _, v := range d {
		sum += float64(v)
	}
	// In thousandths, as q·n in floating point may come out just over a rank:
	// 0.95·20 would, and the rank one too high with it.
	rank := func(thousandths int) float64 { return millis(d[(thousandths*len(d)+999)/1000-1]) }
	return Quantiles{
		N:    len(d),
		Mean: math.Round(sum/float64(len(d))) / 1e6,
		P50:  rank(500),
		P90:  rank(900),
		P95:  rank(950),
		P99:  rank(990),
		P999: rank(999),
		Max:  millis(d[len(d)-1]),
	}
}

func millis(d time.Duration) float64 { return float64(d) / 1e6 }

// MarshalJSON implements json.Marshaler: an empty sample has no figures,
// rather than zeros that nobody measured.
func (q Quantiles) MarshalJSON() ([]byte, error) {
	if q.N == 0 {
		return []byte("{}"), nil
	}
	type plain Quantiles // without this method
	return json.Marshal(plain(q))
}
