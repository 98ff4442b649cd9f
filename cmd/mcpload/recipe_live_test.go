//go:build live

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// recipe is the jq program that turns nginx's log into a history.
func recipe(t *testing.T) string {
	t.Helper()
	program, err := os.ReadFile(filepath.Join(repo(t), "examples", "nginx", "calls.jq"))
	require.NoError(t, err)
	return string(program)
}

// nginxLog is what nginx writes, in the order in which the calls ended, of a
// server with a bucket of 15/s and a burst: whole milliseconds of the clock.
func nginxLog(burst float64, n int) []string {
	r := rand.New(rand.NewPCG(5, 17))
	tokens, last := burst, time.Duration(0)
	type line struct {
		end  time.Duration
		text string
	}
	var lines []line
	at := 1732412345*time.Second + 123456789
	for range n {
		at += time.Duration(r.ExpFloat64() / 20 * 1e9)
		tokens, last = min(burst, tokens+15*(at-last).Seconds()), at
		status := "429"
		if tokens >= 1 {
			tokens--
			status = "200"
		}
		began, ended := at-time.Duration(r.IntN(5e6)), at+time.Duration(r.IntN(40e6))
		end, took := ended.Truncate(time.Millisecond), ended.Truncate(time.Millisecond)-began.Truncate(time.Millisecond)
		lines = append(lines, line{end, fmt.Sprintf(`{"end":%.3f,"took":%.3f,"status":"%s","who":"192.0.2.%d"}`,
			end.Seconds(), took.Seconds(), status, r.IntN(3))})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return int(a.end - b.end) })
	var texts []string
	for _, l := range lines {
		texts = append(texts, l.text)
	}
	return texts
}

func TestTheRecipeForNginx(t *testing.T) {
	judge := func(lines []string, args ...string) (status int, told string, turned error) {
		jq := exec.Command(installed(t, "jq"), "-c", recipe(t))
		jq.Stdin = strings.NewReader(strings.Join(lines, "\n"))
		var stderr bytes.Buffer
		jq.Stderr = &stderr
		history, err := jq.Output()
		if err != nil {
			return 0, stderr.String(), err
		}
		status, stdout, said := verifyText(string(history), append(args, "-")...)
		return status, stdout + said, nil
	}
	example, err := os.ReadFile(filepath.Join(repo(t), "examples", "nginx", "access.log"))
	require.NoError(t, err)
	kept := strings.Split(strings.TrimSpace(string(example)), "\n")
	status, told, err := judge(kept, "--rate", "15", "--burst", "40")
	require.NoError(t, err, told)
	require.Equal(t, exitPass, status, told)
	status, told, err = judge(kept, "--rate", "15", "--burst", "37")
	require.NoError(t, err, told)
	require.Equal(t, exitFail, status, told)

	lines := nginxLog(40, 2000)
	status, told, err = judge(lines, "--rate", "15", "--burst", "40")
	require.NoError(t, err, told)
	require.Equal(t, exitPass, status, told)
	require.Contains(t, told, "2000 calls")

	// The same log doesn't fit other limits, so it wasn't widened into nothing.
	for _, limit := range [][]string{{"--rate", "14.8", "--burst", "40"}, {"--rate", "15", "--burst", "38"},
		{"--rate", "15.2", "--burst", "40"}, {"--rate", "15", "--burst", "42"}} {
		status, told, err = judge(lines, limit...)
		require.NoError(t, err, told)
		require.Equal(t, exitFail, status, "%v: %s", limit, told)
	}

	// What isn't a plain answer may have cost a token or not: a client that went
	// away, a request that was none, no status at all, a redirect, a late line.
	odd := slices.Insert(slices.Clone(lines), 700,
		`{"end":1732412380.001,"took":60.000,"status":"499","who":"192.0.2.1"}`,
		`{"end":1732412380.002,"took":0.000,"status":"000","who":""}`,
		`{"end":1732412380.002,"took":0.000,"status":"400","who":"2001:db8::1"}`,
		`{"end":1732412380,"took":0,"status":"503","who":"\u00e9\"\\","more":[1,{}]}`, "")
	status, told, err = judge(odd, "--rate", "15", "--burst", "40")
	require.NoError(t, err, told)
	require.Equal(t, exitPass, status, told)
	require.Contains(t, told, "2004 calls")

	// A line that was cut is an error of jq's, so that pipefail tells.
	_, told, err = judge(append(slices.Clone(lines), `{"end":17324`), "--rate", "15", "--burst", "40")
	require.Error(t, err)
	require.Contains(t, told, "parse error")
}
