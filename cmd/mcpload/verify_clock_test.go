package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/target"
)

// An honestLog is what a client writes down of an honest bucket of 12/s and 16
// that it offers a fifth more, whose clock runs at another pace than the client's.
func honestLog(seconds, ppm float64, stamp func(t float64) float64) string {
	return tickingLog(seconds, ppm, 0, stamp)
}

// A tickingLog is one of a bucket whose clock moves in steps of so many seconds.
func tickingLog(seconds, ppm, tick float64, stamp func(t float64) float64) string {
	const rate, burst = 12.0, 16.0
	r := rand.New(rand.NewPCG(1, 61))
	var out strings.Builder
	level, last := burst, 1.0
	for t := 1.0; t < 1+seconds; t += (0.7 + 0.6*r.Float64()) / (1.2 * rate) {
		there, back := r.ExpFloat64()/1000, r.ExpFloat64()/1000
		at := (t + there) * (1 + ppm/1e6)
		if tick > 0 {
			at -= math.Mod(at, tick)
		}
		level, last = min(burst, level+max(0, at-last)*rate), max(at, last)
		outcome := "limited"
		if level >= 1 {
			outcome = "admitted"
			level--
		}
		fmt.Fprintf(&out, `{"sent_ns":%d,"received_ns":%d,"outcome":"%s"}`+"\n", int64(stamp(t)*1e9),
			int64(stamp(t+there+back)*1e9), outcome)
	}
	return out.String()
}

func asItIs(t float64) float64 { return t }

// An honest server is never failed because two clocks differ as clocks do; and
// one that differs by more is, so that the drift said is what it rests on.
func TestVerifyTakesClocksAsTheyAre(t *testing.T) {
	for _, ppm := range []float64{-200, -20, 20, 200} {
		log := honestLog(3600, ppm, asItIs)
		status, stdout, _ := verifyText(log, "--rate", "12", "--burst", "16", "--box=false", "-")
		require.Equal(t, exitPass, status, stdout)
		require.Contains(t, stdout, "given clocks within 200 ppm")
		status, stdout, _ = verifyText(log, "--rate", "12", "--burst", "16", "--box=false", "--clock-drift", "0",
			"--clock-tick", "0", "-")
		require.Equal(t, exitFail, status, stdout)
		require.Contains(t, stdout, "given clocks within no drift")
	}
	fast := honestLog(3600, 230, asItIs)
	status, _, _ := verifyText(fast, "--rate", "12", "--burst", "16", "--box=false", "-")
	require.Equal(t, exitFail, status)
	status, _, _ = verifyText(fast, "--rate", "12", "--burst", "16", "--box=false", "--clock-drift", "0.03%", "-")
	require.Equal(t, exitPass, status)
}

// A limiter whose clock moves as coarsely as a timer of Windows isn't failed for it, and where it is
// said that it moves so, or that it doesn't, that is what it is judged by.
func TestVerifyByACoarseClock(t *testing.T) {
	log := tickingLog(600, 0, 0.0156, asItIs)
	for _, promised := range [][]string{{"--rate", "12", "--burst", "16", "--box=false"}, {"--promise", "12/s burst 16"}} {
		judged := func(log string, more ...string) (int, string) {
			status, stdout, stderr := verifyText(log, slices.Concat(promised, more, []string{"-"})...)
			return status, stdout + stderr
		}
		status, text := judged(log)
		require.Equal(t, exitInconclusive, status, text)
		require.Contains(t, text, "but one whose clock moves in coarser steps can")
		require.Contains(t, text, "--clock-tick 16ms judges")
		_, text = judged(log, "--format", "json")
		require.Contains(t, text, `"tick_ns": 16000000`)
		status, text = judged(log, "--clock-tick", "16ms")
		require.Equal(t, exitPass, status, text)
		status, text = judged(log, "--clock-tick", "0")
		require.Equal(t, exitFail, status, text)
		status, text = judged(tickingLog(600, 0, 0.07, asItIs))
		require.Equal(t, exitFail, status, "no usual clock is as coarse: %s", text)
	}
}

// Two recorders whose clocks are 300 ms apart wrote one history: it can be judged
// once that is said.
func TestVerifyOfAMergedLog(t *testing.T) {
	n := 0
	log := honestLog(60, 0, func(t float64) float64 {
		if n++; (n-1)/2%3 == 0 { // both stamps of a call, in turns
			return t + 0.3
		}
		return t
	})
	args := []string{"--rate", "12", "--burst", "16", "--box=false", "-"}
	status, _, _ := verifyText(log, args...)
	require.Equal(t, exitFail, status)
	status, stdout, _ := verifyText(log, append(args, "--clock-error", "150ms")...)
	require.Equal(t, exitPass, status, stdout)
	require.Contains(t, stdout, "and each instant within 150ms")
	status, _, _ = verifyText(log, "--rate", "11", "--burst", "16", "--box=false", "--clock-error", "150ms", "-")
	require.Equal(t, exitFail, status, "a rate that is wrong shows all the same")
}

// A log that jumps is named as that, with about how far and where, and the server
// isn't failed for it.
func TestVerifyNamesAJumpOfTheClock(t *testing.T) {
	for by, says := range map[float64][]string{
		1.2:  {"inconclusive: ", "seems to have jumped", "set forward by about 1.", "Or else the server"},
		-1.2: {"inconclusive: ", "its clock jumped", "set back by about 1.", "lines' order turns round"},
	} {
		log := honestLog(600, 0, func(t float64) float64 {
			if t > 300.03 {
				return t + by
			}
			return t
		})
		status, stdout, stderr := verifyText(log, "--rate", "12", "--burst", "16", "-")
		require.Equal(t, exitInconclusive, status, stdout+stderr)
		for _, word := range says {
			require.Contains(t, stdout, word)
		}
		var doc struct {
			Jump struct {
				After   int `json:"after_line"`
				Before  int `json:"before_line"`
				Seconds struct{ Lo, Hi float64 }
			}
		}
		_, stdout, _ = verifyText(log, "--rate", "12", "--burst", "16", "--format", "json", "-")
		require.NoError(t, json.Unmarshal([]byte(stdout), &doc))
		require.InDelta(t, 299*14.4, doc.Jump.After, 30)
		require.InDelta(t, doc.Jump.After+1, doc.Jump.Before, 2)
		require.LessOrEqual(t, doc.Jump.Seconds.Lo, by+0.01)
		require.GreaterOrEqual(t, doc.Jump.Seconds.Hi, by-0.01)
	}
	_, _, stderr := verifyText(`{"sent_ns":3,"received_ns":2,"outcome":"limited"}`, "--rate", "1", "--burst", "2", "-")
	require.Contains(t, stderr, "was the clock set back")
}

// An endless is an input without an end.
type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e) <= len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

// Nothing that verify reads goes on for ever, and what has no end is said.
func TestVerifyReadsNothingForEver(t *testing.T) {
	for input, says := range map[endless]string{
		"\x00":       "line 1 has no end within 64 MiB",
		"x":          "line 1 has no end within 64 MiB",
		"x\n":        "what follows line 100000 was not read",
		admittedLine: "line 100001 is more than 100000 calls",
	} {
		var out, err bytes.Buffer
		status := run([]string{"verify", "--rate", "1", "--burst", "2", "--max-calls", "100000", "-"}, input, &out,
			&err)
		require.Equal(t, exitUsage, status)
		require.Contains(t, err.String(), says)
		require.Empty(t, out.String())
	}
}

// The first interrupt ends verify, though it waits for a pipe that nobody writes to.
func TestTheFirstInterruptEndsVerify(t *testing.T) {
	blocked, writer := io.Pipe()
	defer func() { _ = writer.Close() }() // lets the reader go
	var out, err bytes.Buffer
	a := &app{stdin: blocked, stdout: &out, stderr: &err, drain: make(chan struct{}), interrupts: make(chan struct{},
		2)}
	ctx, stop := a.interruptible()
	defer stop()
	root := a.root()
	root.SetArgs([]string{"verify", "--rate", "1", "--burst", "2", "-"})
	ended := make(chan error, 1)
	go func() { ended <- root.ExecuteContext(ctx) }()
	_, werr := writer.Write([]byte(admittedLine[:10])) // it reads by now
	require.NoError(t, werr)
	a.interrupt()
	select {
	case e := <-ended:
		require.ErrorIs(t, e, target.ErrInterrupted)
	case <-time.After(10 * time.Second):
		t.Fatal("verify goes on")
	}
	require.Empty(t, out.String())
	require.NotContains(t, err.String(), "calls in flight")
}
