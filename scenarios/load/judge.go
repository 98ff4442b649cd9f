package load

import (
	"fmt"
	"math"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/verdict"
)

// Judge holds what was measured in a number of seconds against a threshold.
//
// A quantile needs a sample in which it is a call of its own (100 calls for
// p99), unless even the slowest call keeps it. Where no call matches the
// threshold, nodata is true, and the finding is inconclusive.
func (m *Metrics) Judge(th verdict.Threshold, seconds float64) (f verdict.Finding, nodata bool) {
	f = verdict.Finding{Check: "threshold " + th.Text, Want: th.Text}
	t := m.Total(th.Tool)
	value, n, said := measure(th, t, seconds)
	f.Saw = said
	if n == 0 {
		f.Saw = "the threshold matches no data"
		if th.Tool != "" {
			f.Saw += ": no call of " + th.Tool
		}
		return f, true
	}
	if few := tooFew(th, t, n); few != "" {
		f.Saw += ": " + few
		return f, false
	}
	if th.Holds(value) {
		f.Verdict = verdict.Pass
		return f, false
	}
	f.Verdict = verdict.Fail
	f.Cause = cause(th, t)
	return f, false
}

// measure returns a threshold's value, of how many calls, and in words.
func measure(th verdict.Threshold, t *Tool, seconds float64) (value float64, n int64, said string) {
	share := func(of int64) (float64, int64, string) {
		x := t.share(of)
		return x, t.Sent(), fmt.Sprintf("%s (%d of %d)", Percent(x), of, t.Sent())
	}
	switch th.Metric {
	case verdict.Errors:
		return share(t.Sent() - t.Of(history.OK))
	case verdict.Refused:
		return share(t.Of(history.Limited))
	case verdict.TimedOut:
		return share(t.Of(history.TimedOut))
	case verdict.ToolErrors:
		return share(t.Of(history.ToolError))
	case verdict.Rate:
		if seconds <= 0 {
			return 0, 0, ""
		}
		x := float64(t.Of(history.OK)) / seconds
		return x, t.Sent(), fmt.Sprintf("%s (%d results in %.3g s)", words.PerSecond(x), t.Of(history.OK), seconds)
	}
	w := t.Waited()
	d := w.Quantile(th.Quantile)
	if th.Metric == verdict.Mean {
		d = w.Mean()
	}
	said = fmt.Sprintf("%s (n=%d", short(d), w.N())
	if late := t.GaveUp.N(); late > 0 {
		said += fmt.Sprintf(", %d of them given up", late)
	}
	return float64(d), w.N(), said + ")"
}

// tooFew says that a sample is too small for a quantile, and nothing where it
// isn't.
func tooFew(th verdict.Threshold, t *Tool, n int64) string {
	if th.Metric != verdict.Latency || th.Quantile >= 1 {
		return ""
	}
	enough := math.Ceil(1/(1-th.Quantile) - 1e-9)
	if float64(n) >= enough || th.Holds(float64(t.Waited().Quantile(1))) {
		return ""
	}
	return fmt.Sprintf("too few for %s, which needs %.0f", th.Text, enough)
}

// Excused reports if a threshold that is broken may be so for our own pauses
// alone: so many of the calls that failed may have failed for one, and so many of
// the others waited longer for one, by at most the longest.
func (m *Metrics) Excused(th verdict.Threshold, spoilt, touched int64, longest time.Duration) bool {
	t := m.Total(th.Tool)
	switch th.Metric {
	case verdict.Errors:
		return spoilt > 0 && th.Holds(t.share(max(0, t.Sent()-t.Of(history.OK)-spoilt)))
	case verdict.TimedOut:
		return spoilt > 0 && th.Holds(t.share(max(0, t.Of(history.TimedOut)-spoilt)))
	case verdict.Rate, verdict.Refused, verdict.ToolErrors:
		return false
	}
	w := t.Waited()
	n, out := w.N(), spoilt+touched
	switch {
	case out == 0:
		return false
	case out >= n:
		return true
	case th.Metric == verdict.Mean:
		return th.Holds(float64(w.Mean()) - float64(out)*float64(longest)/float64(n))
	}
	// The quantile of the others, had those been the slowest.
	return th.Holds(float64(w.Quantile(th.Quantile * float64(n-out) / float64(n))))
}

func cause(th verdict.Threshold, t *Tool) string {
	switch {
	case th.Timed():
		return "calls take too long"
	case th.Metric == verdict.Rate && t.Errors() > 0.01:
		return fmt.Sprintf("%s of the calls got no result", Percent(t.Errors()))
	case th.Metric == verdict.Rate:
		return "fewer calls got a result than that, or fewer were sent"
	}
	return "too many calls got no result"
}

// Percent says a share in percent, to what it is worth.
func Percent(x float64) string {
	switch {
	case x == 0:
		return "0%"
	case x < 0.001:
		return fmt.Sprintf("%.2g%%", x*100)
	case x < 0.1:
		return fmt.Sprintf("%.2f%%", x*100)
	}
	return fmt.Sprintf("%.1f%%", x*100)
}

// short says a duration to three digits or so.
func short(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}
