package load

import (
	"fmt"
	"io"
	"math"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/mcpload/mcpload/results"
)

// The range of a histogram, in nanoseconds, and its digits. What is longer
// than the longest counts as it; the exact maximum stands beside.
const (
	longest = int64(time.Hour)
	digits  = 3
)

// A Histogram is a distribution of durations in constant memory, right to
// three significant digits (HdrHistogram, G. Tene). The zero value is empty
// and ready. It isn't safe for concurrent use.
type Histogram struct {
	h   *hdr.Histogram // nil while empty: a quarter of a MiB that most outcomes never need
	max time.Duration
}

// Record takes in one duration. A negative one counts as 0.
func (h *Histogram) Record(d time.Duration) {
	if h.h == nil {
		h.h = hdr.New(1, longest, digits)
	}
	h.max = max(h.max, d)
	// It can't fail: the value is in range.
	_ = h.h.RecordValue(min(max(0, int64(d)), longest))
}

// Merge takes in all that another histogram holds.
func (h *Histogram) Merge(o *Histogram) {
	if o.h == nil {
		return
	}
	if h.h == nil {
		h.h = hdr.New(1, longest, digits)
	}
	h.h.Merge(o.h) // of one geometry, so that nothing is dropped
	h.max = max(h.max, o.max)
}

// N is the number of durations.
func (h *Histogram) N() int64 {
	if h.h == nil {
		return 0
	}
	return h.h.TotalCount()
}

// Quantile is the q-quantile, by nearest rank; q = 1 is the exact maximum. It
// is 0 of nothing.
func (h *Histogram) Quantile(q float64) time.Duration {
	switch {
	case h.h == nil:
		return 0
	case q >= 1:
		return h.max
	}
	// The library rounds the rank to the nearest; we want it rounded up, so that
	// at least q of the sample is not above what is returned.
	n := float64(h.N())
	rank := math.Ceil(q*n - 1e-9)
	return min(time.Duration(h.h.ValueAtQuantile(rank/n*100)), h.max)
}

// Mean is the mean of the durations.
func (h *Histogram) Mean() time.Duration {
	if h.h == nil {
		return 0
	}
	return time.Duration(h.h.Mean())
}

// Quantiles are the usual ones, as documents spell them.
func (h *Histogram) Quantiles() results.Quantiles {
	if h.N() == 0 {
		return results.Quantiles{}
	}
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	return results.Quantiles{
		N: int(h.N()), Mean: ms(h.Mean()),
		P50: ms(h.Quantile(0.5)), P90: ms(h.Quantile(0.9)), P95: ms(h.Quantile(0.95)),
		P99: ms(h.Quantile(0.99)), P999: ms(h.Quantile(0.999)), Max: ms(h.Quantile(1)),
	}
}

// Encoded is the histogram in the V2 compressed format of HdrHistogram, as
// base64, empty for an empty one.
func (h *Histogram) Encoded() (string, error) {
	if h.h == nil {
		return "", nil
	}
	b, err := h.h.Encode(hdr.V2CompressedEncodingCookieBase)
	if err != nil {
		return "", fmt.Errorf("cannot encode a histogram: %w", err)
	}
	return string(b), nil
}

// WriteHGRM writes the percentile distribution in milliseconds, in the text
// format that HdrHistogram's plotter reads.
func (h *Histogram) WriteHGRM(w io.Writer) error {
	whole := h.h
	if whole == nil {
		whole = hdr.New(1, longest, digits)
	}
	const ticks, perMilli = 5, 1e6
	if _, err := whole.PercentilesPrint(w, ticks, perMilli); err != nil {
		return fmt.Errorf("cannot write a histogram: %w", err)
	}
	return nil
}

// reset empties the histogram and keeps its memory.
func (h *Histogram) reset() {
	if h.h != nil {
		h.h.Reset()
	}
	h.max = 0
}
