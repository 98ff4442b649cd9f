package mcpload_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

const (
	threeAtOnce = `{"sent_ns":0,"received_ns":1000,"outcome":"admitted"}
{"sent_ns":0,"received_ns":1000,"outcome":"admitted"}
{"sent_ns":0,"received_ns":1000,"outcome":"admitted"}
`
	oneRefused = `{"sent_ns":2000,"received_ns":3000,"outcome":"limited"}` + "\n"
)

// openRefused are so many calls without an answer, and one that was refused meanwhile.
func openRefused(n int) string {
	return strings.Repeat(`{"sent_ns":0,"received_ns":9000,"outcome":"unknown"}`+"\n", n) + oneRefused
}

// Three calls at once, and a promise of two.
func ExampleVerify() {
	promise, err := mcpload.ParsePromise("1/s burst 2")
	if err != nil {
		log.Fatal(err)
	}
	found, err := mcpload.Verify(context.Background(),
		mcpload.VerifyConfig{History: strings.NewReader(threeAtOnce), Promise: promise})
	if err != nil {
		log.Fatal(err)
	}
	if err := results.Table(os.Stdout, found, results.TableOptions{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// fail: no server that keeps these laws can have produced this history
	//   judged    3 calls against 1 law
	//             given clocks within 200 ppm
	//   law 1     1/s burst 2: broken
	//             everybody: 3 units let through within 1µs, where 2.000001 are granted
	//             lines 1, 2, 3
}

func TestVerifyByABucket(t *testing.T) {
	judged := func(c mcpload.VerifyConfig, text string) (verdict.Verdict, string) {
		c.History = strings.NewReader(text)
		found, err := mcpload.Verify(t.Context(), c)
		require.NoError(t, err)
		var table, doc bytes.Buffer
		require.NoError(t, results.Table(&table, found, results.TableOptions{}))
		require.NoError(t, found.JSON(&doc))
		require.Contains(t, doc.String(), fmt.Sprintf(`"verdict": %q`, found.Verdict))
		return found.Verdict, table.String()
	}
	bucket := func(burst int) mcpload.VerifyConfig {
		return mcpload.VerifyConfig{Limit: profiles.Limit{Rate: 1, Burst: burst, Scope: profiles.Global,
			Charges: []string{"*"}}}
	}
	v, text := judged(bucket(2), threeAtOnce)
	require.Equal(t, verdict.Fail, v)
	require.Contains(t, text, "over-admission")
	require.Contains(t, text, "lines 1, 2, 3")
	v, text = judged(bucket(3), threeAtOnce+oneRefused)
	require.Equal(t, verdict.Pass, v)
	require.Contains(t, text, "measured")
	for name, c := range map[string]struct {
		burst int
		calls string
		want  verdict.Verdict
	}{
		"nothing was refused":                    {3, threeAtOnce, verdict.Inconclusive},
		"nothing but what was let through":       {9, threeAtOnce, verdict.Inconclusive},
		"a refusal that pins the burst":          {3, threeAtOnce + oneRefused, verdict.Pass},
		"a refusal that many may have led to":    {1, openRefused(4), verdict.Inconclusive},
		"one that three at most may have led to": {1, openRefused(2), verdict.Pass},
	} {
		v, text = judged(bucket(c.burst), c.calls)
		require.Equal(t, c.want, v, name+"\n"+text)
		require.Equal(t, v == verdict.Inconclusive, strings.Contains(text, "doesn't show the limit at work"), name)
		require.Contains(t, text, "refusals", name)
	}
	fast := bucket(3)
	fast.Unboxed = true
	_, text = judged(fast, threeAtOnce+oneRefused)
	require.NotContains(t, text, "measured")
	v, _ = judged(bucket(5), threeAtOnce+oneRefused)
	require.Equal(t, verdict.Fail, v, "a token was left")
	wide := bucket(4)
	wide.Tolerance = 0.999
	_, loose := judged(wide, threeAtOnce+oneRefused)
	wide.Tolerance = -1
	_, strict := judged(wide, threeAtOnce+oneRefused)
	require.Contains(t, loose, "tolerance 0.999 tokens")
	require.Contains(t, strict, "tolerance 0 tokens")
	v, _ = judged(bucket(2), "")
	require.Equal(t, verdict.Inconclusive, v)
	law, err := mcpload.ParsePromise("1/s burst 2")
	require.NoError(t, err)
	v, _ = judged(mcpload.VerifyConfig{Promise: law}, "")
	require.Equal(t, verdict.Inconclusive, v)
}

func TestVerifyRefusesWhatItCannotDo(t *testing.T) {
	limit := profiles.Limit{Rate: 1, Burst: 2}
	in := func() *strings.Reader { return strings.NewReader(threeAtOnce) }
	for want, c := range map[string]mcpload.VerifyConfig{
		"History is nil":              {Limit: limit},
		"has no promise":              {History: in()},
		"is not below 1 token":        {History: in(), Limit: limit, Tolerance: 1},
		"Most -1 is below 0":          {History: in(), Limit: limit, Most: -1},
		"line 3 is more than 2 calls": {History: in(), Limit: limit, Most: 2},
		"history: line 1: not JSON":   {History: strings.NewReader("x"), Limit: limit},
	} {
		_, err := mcpload.Verify(t.Context(), c)
		require.ErrorContains(t, err, want)
	}
	_, err := mcpload.Verify(t.Context(), mcpload.VerifyConfig{History: in(), Limit: limit, Most: 2})
	var many *mcpload.TooManyCalls
	require.True(t, errors.As(err, &many))
	require.Equal(t, 2, many.Most)
	_, err = mcpload.Verify(t.Context(), mcpload.VerifyConfig{History: strings.NewReader("x"), Limit: limit})
	var lines *history.Errors
	require.ErrorAs(t, err, &lines)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = mcpload.Verify(ctx, mcpload.VerifyConfig{History: strings.NewReader(strings.Repeat(threeAtOnce, 2000)),
		Limit: limit})
	require.ErrorIs(t, err, context.Canceled)
}
