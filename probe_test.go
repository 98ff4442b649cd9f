package mcpload_test

import (
	"context"
	"fmt"
	"log"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/probe"
	"github.com/mcpload/mcpload/verdict"
)

// Nobody tells the probe what the mock was set to.
func ExampleProbe() {
	promise, err := mcpload.ParsePromise("12/s burst 16")
	if err != nil {
		log.Fatal(err)
	}
	doc, err := mcpload.Probe(context.Background(),
		mcpload.ProbeConfig{Server: mcpload.Server{Name: "mine", Promise: promise}, Virtual: true, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	found := doc.Probed
	rate, burst := found.Measured.Rate, found.Measured.Burst
	fmt.Println(found.Server, found.Result, rate.Lo < 12 && 12 < rate.Hi, burst.Lo < 16 && 16 < burst.Hi)
	// Output: mine measured true true
}

func TestProbeRefusesWhatItCannotDo(t *testing.T) {
	bucket, err := mcpload.ParsePromise("50/s burst 20")
	require.NoError(t, err)
	for want, c := range map[string]mcpload.ProbeConfig{
		"names no server": {},
		"of an audit is named \"nope\"": {Server: mcpload.Server{Promise: bucket},
			Audit: &mcpload.Audit{Attempts: []string{"nope"}}},
		"can't be below 0":              {Server: mcpload.Server{Promise: bucket}, Calls: -1},
		"can be probed in virtual time": {Server: mcpload.Server{URL: "http://127.0.0.1:1/mcp"}, Virtual: true},
		"Arguments are no JSON":         {Server: mcpload.Server{Promise: bucket, Arguments: []byte("{")}},
		"connection refused":            {Server: mcpload.Server{URL: "http://127.0.0.1:1/mcp"}},
	} {
		_, err := mcpload.Probe(t.Context(), c)
		require.ErrorContains(t, err, want)
	}
}

// What a probe is about to do is told, its calls are shown one by one and handed over in
// the end, and so is a profile that promises what was found.
func TestProbeTells(t *testing.T) {
	promise, err := mcpload.ParsePromise("12/s burst 16")
	require.NoError(t, err)
	var w loadWatcher
	var calls []history.Call
	var profile []byte
	doc, err := mcpload.Probe(t.Context(), mcpload.ProbeConfig{Server: mcpload.Server{Promise: promise}, Virtual: true,
		Observer: &w, Histories: func(_ string, c []history.Call) { calls = c },
		Report: func(_ probe.Report, of func(string) ([]byte, error)) {
			profile, err = of("mine.yaml")
			require.NoError(t, err)
		}})
	require.NoError(t, err)
	require.Equal(t, results.ProbeMeasured, doc.Probed.Result)
	require.Len(t, w.plans, 1)
	require.Equal(t, "probe", w.plans[0].Stage)
	require.Equal(t, 4*time.Minute, w.plans[0].End-w.plans[0].Now)
	require.Equal(t, len(calls), w.calls)
	require.Contains(t, string(profile), "12/s")
}

// What evades a limit is tried on what was found, and told attempt by attempt.
func TestProbeTriesWhatEvades(t *testing.T) {
	promise, err := mcpload.ParsePromise("12/s burst 16")
	require.NoError(t, err)
	doc, err := mcpload.Probe(t.Context(), mcpload.ProbeConfig{Server: mcpload.Server{Promise: promise}, Virtual: true,
		Audit: &mcpload.Audit{Attempts: []string{"batch", "forgery"}}})
	require.NoError(t, err)
	require.Len(t, doc.Probed.Tricks, 2)
	for _, k := range doc.Probed.Tricks {
		require.NotNil(t, k.Evades, k.Evidence)
		require.False(t, *k.Evades, k.Evidence)
		require.Positive(t, k.Calls)
	}
}

// A probe that could not find out is no pass.
func TestAnUnfinishedProbeIsInconclusive(t *testing.T) {
	promise, err := mcpload.ParsePromise("12/s burst 16")
	require.NoError(t, err)
	doc, err := mcpload.Probe(t.Context(), mcpload.ProbeConfig{Server: mcpload.Server{Promise: promise}, Virtual: true,
		Calls: 60})
	require.NoError(t, err)
	require.Equal(t, results.ProbeUnfinished, doc.Probed.Result)
	require.Equal(t, verdict.Inconclusive, doc.Verdict)
}
