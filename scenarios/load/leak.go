package load

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/results"
)

// What growth is told from.
const (
	leastSamples = 20
	leastSpan    = 10 * time.Second
	blocks       = 10           // the samples are averaged in so many, since neighbours are alike
	warmUp       = 3            // the first 1/warmUp of the samples is left out: caches fill, pools grow
	t99          = 3.3553873313 // 99.5 % quantile of Student's t with blocks-2 degrees of freedom
)

// What a leak is told from, beside growth. Whoever looks on from outside can't tell a leak
// from a heap that hasn't been collected yet, or from a cache that isn't full: both grow in a
// straight line, and then stop. A Go server without any leak gathers up to 4 MiB before it
// collects for the first time, and later doubles what it holds. So a leak is growth that
// goes on through the whole run, under a steady load, to far more than that.
const (
	windows   = 5                 // in each of them it must have grown
	leastStep = 1.0 / 3           // by so much of the mean at least
	steady    = 1.5               // times as many calls in one window as in another are no steady load
	heapRSS   = float64(64 << 20) // growth that an uncollected heap alone may be, and what it held before
	poolCount = 64.0              // likewise of descriptors and threads: a pool that widens
	noiseRSS  = float64(1 << 20)  // growth that isn't worth a word
	noiseFew  = 3.0               // likewise of descriptors and threads
)

// growth is what became of memory, descriptors and threads; empty where the run was too
// short to tell.
func (r *Resources) growth() (list []results.LoadSlope) {
	s := r.samples[len(r.samples)/warmUp:]
	if len(s) < leastSamples || s[len(s)-1].At-s[0].At < leastSpan {
		return nil
	}
	for _, g := range []struct {
		what         string
		noise, bound float64
		holds        float64 // what it may come to beside the bound, in times of what there was
		get          func(Sample) float64
	}{
		{"rss", noiseRSS, heapRSS, 1, func(s Sample) float64 { return s.RSS }},
		{"fds", noiseFew, poolCount + float64(r.Connections), 0, func(s Sample) float64 { return s.FDs }},
		{"threads", noiseFew, poolCount, 0, func(s Sample) float64 { return s.Threads }},
	} {
		slope := slopeOf(s, g.get)
		slope.What = g.what
		span := (s[len(s)-1].At - s[0].At).Minutes()
		if calls := s[len(s)-1].Calls - s[0].Calls; calls > 0 {
			slope.PerCall = slope.PerMin * span / calls
		}
		if grown := slope.PerMin * span; slope.Lo > 0 && grown > g.noise {
			held := lowest(s[:max(1, len(s)/windows)], g.get)
			slope.Untold = untold(s, g.get, grown, max(g.bound, g.holds*held))
			slope.Leak = slope.Untold == ""
		}
		list = append(list, slope)
	}
	return list
}

// untold says why growth can't be told from what isn't a leak; empty where it can.
func untold(s []Sample, get func(Sample) float64, grown, bound float64) string {
	var low, calls [windows]float64
	for w := range windows {
		part := s[w*len(s)/windows : (w+1)*len(s)/windows]
		low[w] = lowest(part, get)
		calls[w] = (part[len(part)-1].Calls - part[0].Calls) / (part[len(part)-1].At - part[0].At).Seconds()
	}
	for w := 1; w < windows; w++ {
		if low[w]-low[w-1] < leastStep*grown/windows {
			return "it didn't go on through the whole run"
		}
	}
	if most, least := slices.Max(calls[:]), slices.Min(calls[:]); most > steady*least {
		return "the load wasn't steady, and what it needs grows with it"
	}
	if grown <= bound {
		return fmt.Sprintf("heaps that aren't collected yet, caches that aren't full and pools that widen grow like "+
			"that; some %.2g times this run's length would tell", max(2, math.Ceil(1.5*bound/grown)))
	}
	return ""
}

// lowest is the least of a few samples: what is held even right after a heap was collected.
func lowest(s []Sample, get func(Sample) float64) float64 {
	low := math.Inf(1)
	for _, v := range s {
		low = min(low, get(v))
	}
	return low
}

// slopeOf fits a straight line to block means by least squares, and gives the
// 99 % confidence interval of its slope, a minute.
func slopeOf(s []Sample, get func(Sample) float64) results.LoadSlope {
	var x, y [blocks]float64
	for b := range blocks {
		part := s[b*len(s)/blocks : (b+1)*len(s)/blocks]
		for _, v := range part {
			x[b] += v.At.Minutes() / float64(len(part))
			y[b] += get(v) / float64(len(part))
		}
	}
	mean := func(v [blocks]float64) (m float64) {
		for _, e := range v {
			m += e / blocks
		}
		return m
	}
	mx, my := mean(x), mean(y)
	var sxx, sxy float64
	for b := range blocks {
		sxx += (x[b] - mx) * (x[b] - mx)
		sxy += (x[b] - mx) * (y[b] - my)
	}
	k := sxy / sxx
	rest := 0.0
	for b := range blocks {
		d := y[b] - my - k*(x[b]-mx)
		rest += d * d
	}
	half := t99 * math.Sqrt(rest/(blocks-2)/sxx)
	return results.LoadSlope{PerMin: k, Lo: k - half, Hi: k + half}
}
