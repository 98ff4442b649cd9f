package load

import (
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
	Calls   float64 // that have ended since the run's start
}

// maxSamples are kept at most: beyond it, every other one is dropped.
const maxSamples = 4096

// Resources keep the samples of a run in bounded memory. The zero value is
// ready. It isn't safe for concurrent use.
type Resources struct {
	Connections int // that we held to the server at most, each a descriptor of its own there

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
	out.Growth = r.growth()
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
