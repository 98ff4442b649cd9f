//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
)

// The four of the contest of long streams: with them and without, on both paths.
const (
	streamless      = "quick calls alone"
	streaming       = "a tenth of them streams of 2,000 events"
	plainStreamless = streamless + ", the plain path"
	plainStreaming  = streaming + ", the plain path"
)

// streamContest is ours beside itself: what long streams cost, and whom they slow.
func streamContest() *contest {
	const plain = "sessions: {count: 16, calls: 1000}\n" // with sequences, which nothing but the plain path carries
	steps := func(name, call string, weight int) string {
		return fmt.Sprintf("  - {sequence: %s, weight: %d, steps: [{call: %s}, {call: %s}]}\n", name, weight, call, call)
	}
	return &contest{title: "calls at 100/s, with long streams", server: "streams", tools: func(url string) []tool {
		return []tool{
			planned(streamless, url, "100/s", "mix:\n  - {call: quick}\n", quickCalls),
			planned(streaming, url, "100/s", "mix:\n  - {call: quick, weight: 9}\n  - {call: stream, weight: 1}\n", quickCalls),
			planned(plainStreamless, url, "50/s", plain+"mix:\n"+steps("q", "quick", 1), quickCalls),
			planned(plainStreaming, url, "50/s", plain+"mix:\n"+steps("q", "quick", 9)+steps("s", "stream", 1), quickCalls),
		}
	}}
}

// planned is ours with a plan in place of a call.
func planned(name, url, rate, plan string, calls func([]byte, *run) error) tool {
	file := filepath.Join(scratch, fmt.Sprintf("%x.yaml", name))
	if err := os.WriteFile(file, []byte(plan), 0o600); err != nil {
		log.Fatal(err)
	}
	t := ours(name, url, 16, rate, "--mix", file)
	at := slices.Index(t.argv, "--tool")
	t.argv, t.calls = slices.Delete(t.argv, at, at+4), calls
	return t
}

// quickCalls reads mcpload's result document: what the quick calls took, and what all of it did.
func quickCalls(out []byte, r *run) error {
	if err := document(out, r); err != nil {
		return err
	}
	var d struct {
		Servers []struct {
			Scenarios []struct {
				Load struct {
					Seconds   float64
					Generator struct {
						CPU float64 `json:"cpu_cores"`
					}
					Tools []struct {
						Tool     string
						Outcomes map[string]float64
						Waited   struct {
							P50 float64 `json:"p50_ms"`
						}
					}
				}
			}
		}
	}
	if err := json.Unmarshal(out, &d); err != nil {
		return err
	}
	l := d.Servers[0].Scenarios[0].Load
	r.own = l.Generator.CPU * l.Seconds * 1e6
	for _, t := range l.Tools {
		if t.Tool == "stream" {
			r.events = 2000 * t.Outcomes["ok"]
		} else {
			r.p50 = t.Waited.P50
		}
	}
	return nil
}

// streamDemands are what long streams may cost.
func streamDemands(of func(string, func(run) float64) float64) []demand {
	p50 := func(r run) float64 { return r.p50 }
	own := func(r run) float64 { return r.own }
	return []demand{
		{"p50 of quick calls, a tenth beside them streams of 2,000 events, by that without", of(streaming, p50) /
			of(streamless, p50), 1.5, true},
		{"the same, by the plain path's", of(streaming, p50) / of(plainStreaming, p50), 1.2, true},
		{"µs of CPU an event", (of(streaming, own) - of(streamless, own)) / of(streaming, func(r run) float64 {
			return r.events
		}), 1, true},
	}
}
