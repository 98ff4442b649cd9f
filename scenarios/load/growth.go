package load

import (
	"math"
	"time"

	"github.com/mcpload/mcpload/results"
)

// A Sample is what a process and those it started used at an instant.
type Sample struct {
	At      time.Duration
	CPU     time.Duration // since its start
	RSS     float64       // bytes
	FDs     float64
	Threads float64
}

// What a leak is told from.
const (
	leastSamples = 20
	leastSpan    = 10 * time.Second
	blocks       = 10               // the samples are averaged in so many, since neighbours are alike
	warmUp       = 3                // the first 1/warmUp of the samples is left out: caches fill, pools grow
	maxSamples   = 4096             // beyond it, every other one is dropped
	noiseRSS     = float64(1 << 20) // growth over the run that is no leak yet
	noiseCount   = 3.0              // likewise of descriptors and threads
	t99          = 3.3553873313     // 99.5 % quantile of Student's t with blocks-2 degrees of freedom
)

// Resources keep the samples of a run in bounded memory. The zero value is
// ready. It isn't safe for concurrent use.
type Resources struct {
	samples []Sample
	every   int // of the samples offered, one in so many is kept; 0 means 1
	seen    int
	first   Sample
	last    Sample
	max     Sample
}

// Add takes in a sample.
func (r *Resources) Add(s Sample) {
	if r.seen == 0 {
		r.first = s
	}
	r.last = s
	r.max.RSS, r.max.FDs, r.max.Threads = max(r.max.RSS, s.RSS), max(r.max.FDs, s.FDs), max(r.max.Threads, s.Threads)
	r.every = max(r.every, 1)
	if r.seen%r.every == 0 {
		r.samples = append(r.samples, s)
	}
	r.seen++
	if len(r.samples) >= maxSamples {
		for i := range maxSamples / 2 {
			r.samples[i] = r.samples[2*i]
		}
		r.samples = r.samples[:maxSamples/2]
		r.every *= 2
	}
}

// Report sums the samples up; nil where there are fewer than two.
func (r *Resources) Report() *results.LoadServer {
	if r.seen < 2 {
		return nil
	}
	span := func(get func(Sample) float64) results.LoadSpan {
		return results.LoadSpan{First: get(r.first), Last: get(r.last), Max: get(r.max)}
	}
	out := &results.LoadServer{
		Samples: r.seen,
		RSS:     span(func(s Sample) float64 { return s.RSS }),
		FDs:     span(func(s Sample) float64 { return s.FDs }),
		Threads: span(func(s Sample) float64 { return s.Threads }),
	}
	if wall := r.last.At - r.first.At; wall > 0 {
		out.CPU = float64(r.last.CPU-r.first.CPU) / float64(wall)
	}
	for _, g := range []struct {
		what  string
		noise float64
		get   func(Sample) float64
	}{
		{"rss", noiseRSS, func(s Sample) float64 { return s.RSS }},
		{"fds", noiseCount, func(s Sample) float64 { return s.FDs }},
		{"threads", noiseCount, func(s Sample) float64 { return s.Threads }},
	} {
		if slope, ok := r.slope(g.get, g.noise); ok {
			slope.What = g.what
			out.Growth = append(out.Growth, slope)
		}
	}
	out.Series = r.series()
	return out
}

// mostUsages bounds what is told over time.
const mostUsages = 240

// series is what was used over time.
func (r *Resources) series() (list []results.LoadUsage) {
	every := (len(r.samples) + mostUsages - 1) / mostUsages
	before := r.first
	for i := every; i < len(r.samples); i += every {
		s := r.samples[i]
		if wall := s.At - before.At; wall > 0 {
			list = append(list, results.LoadUsage{At: s.At.Seconds(), CPU: float64(s.CPU-before.CPU) / float64(wall),
				RSS: s.RSS})
			before = s
		}
	}
	return list
}

// slope fits a straight line to block means by least squares, and gives the
// 99 % confidence interval of its slope, a minute. False where the run was too
// short to tell.
func (r *Resources) slope(get func(Sample) float64, noise float64) (results.LoadSlope, bool) {
	s := r.samples[len(r.samples)/warmUp:]
	if len(s) < leastSamples || s[len(s)-1].At-s[0].At < leastSpan {
		return results.LoadSlope{}, false
	}
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
	out := results.LoadSlope{PerMin: k, Lo: k - half, Hi: k + half}
	out.Leak = out.Lo > 0 && k*(s[len(s)-1].At-s[0].At).Minutes() > noise
	return out, true
}
