package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/INTEROP.md from this run")

// sample: of the matrix, each server and each limiter is judged once, and each limiter probed once.
var sample = os.Getenv("MCPLOAD_SAMPLE") != ""

// A rng is an interval of a document.
type rng struct{ Lo, Hi *float64 }

func (r rng) String() string {
	if r.Hi == nil {
		return fmt.Sprintf("≥ %.2f", *r.Lo)
	}
	return fmt.Sprintf("%.2f–%.2f", *r.Lo, *r.Hi)
}

func (r rng) holds(x float64) bool { return *r.Lo <= x && r.Hi != nil && x <= *r.Hi }

type box struct{ Rate, Burst rng }

// A document is what the matrix needs of mcpload.run/v1.
type document struct {
	Verdict string
	Servers []struct {
		Target   struct{ Transport, Protocol string }
		Measured *box
		Laws     []struct {
			Law, State string
			Units      rng
			Every      *rng `json:"every_s"`
			Kinds      []string
		}
		Error     string
		Scenarios []struct {
			Scenario string
			Findings []struct{ Check, Verdict, Want, Saw, Cause string }
		}
	}
}

// A probed is what the matrix needs of mcpload.probe/v1.
type probed struct {
	Result   string
	Measured *box
	Models   []struct{ Words string }
	Costs    []struct {
		Kind          string
		Possible      []int
		NotInProtocol bool `json:"not_in_protocol"`
	}
	Refusal *struct {
		Statuses []struct{ Number, Count int }
		Codes    []struct{ Number, Count int }
		Words    string
	}
}

// A row is what came of one cell.
type row struct {
	cell
	run   document
	probe probed
}

// mcpload runs the program; a verdict that isn't pass is no error.
func mcpload(t *testing.T, into any, args ...string) {
	t.Helper()
	cmd := exec.Command(built(t, root(t, ""), "./cmd/mcpload"), args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "MCPLOAD_RESULTS="+cmd.Dir)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) {
		require.NoError(t, err)
	}
	require.NotEmpty(t, stdout.String(), "mcpload %s\n%s", strings.Join(args, " "), stderr.String())
	require.NoError(t, json.Unmarshal(stdout.Bytes(), into), stdout.String())
}

// mayStayOpen is how many of the cells that should pass may be inconclusive, as a part:
// those of windows of a minute get one look at a reset, which a busy machine easily spoils.
const mayStayOpen = 0.2

// TestMatrix judges the cells side by side, as many as go test's -parallel says.
// They mostly wait, but bursts that meet make a slow server slower, and runs
// inconclusive, so that a few are enough.
func TestMatrix(t *testing.T) {
	list := cells()
	require.NotEmpty(t, list)
	if sample {
		list = sampled(list)
	}
	rows := make([]row, len(list))
	t.Run("cells", func(t *testing.T) {
		for i, c := range list {
			t.Run(c.Server+"/"+c.Limiter, func(t *testing.T) {
				t.Parallel()
				rows[i] = c.judge(t)
			})
		}
	})
	// As a test of its own it is red at once where CI tries it again without its cells,
	// which have been judged up to three times already.
	t.Run("few are inconclusive", func(t *testing.T) {
		should, open := 0, 0
		for i, r := range rows {
			if r.expect != "pass" {
				continue
			}
			if should++; r.run.Verdict == "inconclusive" {
				open++
				t.Logf("inconclusive: %s, %s", list[i].Server, list[i].Limiter)
			}
		}
		require.NotZero(t, should, "no cell was judged")
		// A busy machine leaves a run open now and then, which contradicts nothing;
		// many of them would mean that mcpload can't judge these servers.
		require.LessOrEqual(t, float64(open), mayStayOpen*float64(should), "of the cells that should pass were inconclusive")
	})
	if *update && !sample && !t.Failed() {
		require.NoError(t, os.WriteFile(root(t, "docs/INTEROP.md"), []byte(page(rows)), 0o644))
	}
}

// sampled are the cells whose server or whose limiter none before them has, those without
// a limiter last. What a limiter is like is found out once.
func sampled(list []cell) []cell {
	seen := map[string]bool{}
	var few []cell
	for _, bare := range []bool{false, true} {
		for _, c := range list {
			server, limiter := "server "+c.Server, "limiter "+c.Limiter
			if (c.Limiter == "none") != bare || seen[server] && seen[limiter] {
				continue
			}
			c.unprobed = seen[limiter]
			few = append(few, c)
			seen[server], seen[limiter] = true, true
		}
	}
	return few
}

// judge runs and probes a cell and asserts what it must say.
func (c cell) judge(t *testing.T) row {
	r := row{cell: c}
	flags := c.flags
	if !slices.Contains(flags, "--tool") {
		flags = append([]string{"--tool", "ping"}, flags...)
	}
	judged := []string{"run", "--format", "json"}
	for _, law := range c.promises {
		judged = append(judged, "--promise", law)
	}
	if len(c.promises) == 0 {
		judged = append(judged, "--rate", fmt.Sprintf("%d/s", rate), "--burst", fmt.Sprint(burst))
	} else {
		judged = append(judged, "--fresh") // each server is new
	}
	judged = append(judged, flags...)
	// A busy machine may leave a run open. It is judged again, on a server
	// of its own, and what it says then counts.
	for range 3 {
		r.run = document{}
		mcpload(t, &r.run, append(judged, c.start(t)...)...)
		if r.run.Verdict == c.expect || c.expect == "" || r.run.Verdict == "fail" {
			break
		}
	}
	server := r.run.Servers[0]
	require.Empty(t, server.Error)
	switch {
	case c.expect == "pass" && r.run.Verdict == "inconclusive":
		t.Logf("INCONCLUSIVE three times over, which is no pass: %s", r.says())
	case c.expect != "":
		require.Equal(t, c.expect, r.run.Verdict, r.says())
	}
	if c.because != "" {
		require.Contains(t, r.says(), c.because)
	}
	if c.boxed {
		require.NotNil(t, server.Measured)
		require.True(t, server.Measured.Rate.holds(rate), server.Measured.Rate.String())
		require.True(t, server.Measured.Burst.holds(burst), server.Measured.Burst.String())
	}
	if c.Limiter == "none" || c.unprobed { // without one there is nothing to find out, and the run has said so
		return r
	}
	var asked []string
	for i := 0; i < len(flags); i++ {
		if flags[i] == "--scope" || flags[i] == "--budget" { // a promise, which a probe has none of
			i++
			continue
		}
		asked = append(asked, flags[i])
	}
	// On a busy machine the time may end before the costs are mapped; what is known
	// wrongly stays wrong.
	for range 3 {
		r.probe = probed{}
		mcpload(t, &r.probe, append(append([]string{"probe", "--format", "json", "--budget", "time=1m"}, asked...),
			c.start(t)...)...)
		if strings.Contains(r.costs(), c.costs) {
			break
		}
	}
	if c.shape != "" {
		require.Contains(t, r.refusals(), c.shape)
	}
	if c.costs != "" {
		require.Contains(t, r.costs(), c.costs)
	}
	return r
}

// says are all findings that aren't a pass.
func (r row) says() string {
	var b strings.Builder
	for _, s := range r.run.Servers[0].Scenarios {
		for _, f := range s.Findings {
			if f.Verdict != "pass" {
				fmt.Fprintf(&b, "%s %s in %s: want %s; saw %s; %s\n", f.Verdict, f.Check, s.Scenario, f.Want, f.Saw,
					f.Cause)
			}
		}
	}
	return b.String()
}

// cause is the first reason of a fail.
func (r row) cause() string {
	for _, s := range r.run.Servers[0].Scenarios {
		for _, f := range s.Findings {
			if f.Verdict == "fail" && f.Cause != "" {
				return f.Cause
			}
		}
	}
	return ""
}

// refusals says how refusals looked to the probe.
func (r row) refusals() string {
	p := r.probe.Refusal
	if p == nil {
		return "none seen"
	}
	var parts []string
	for _, s := range p.Statuses {
		if s.Number != 0 {
			parts = append(parts, fmt.Sprintf("HTTP %d", s.Number))
		}
	}
	for _, c := range p.Codes {
		if c.Number == 0 {
			parts = append(parts, "no error code")
		} else {
			parts = append(parts, fmt.Sprintf("error %d", c.Number))
		}
	}
	return strings.Join(parts, ", ")
}

// costs is the cost map in short.
func (r row) costs() string {
	var parts []string
	for _, c := range r.probe.Costs {
		if len(c.Possible) == 0 {
			continue
		}
		var n []string
		for _, p := range c.Possible {
			n = append(n, fmt.Sprint(p))
		}
		parts = append(parts, c.Kind+" "+strings.Join(n, "–"))
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, "; ")
}

func (r row) box() string {
	m := r.run.Servers[0].Measured
	switch {
	case len(r.promises) > 0:
		return r.laws()
	case m == nil:
		return "no token bucket fits"
	case m.Rate.Hi == nil && m.Burst.Hi == nil:
		return "no limit seen"
	}
	return m.Rate.String() + "/s, " + m.Burst.String()
}

// laws are the promises that the server was held to, and what was measured of each.
func (r row) laws() string {
	var parts []string
	for _, l := range r.run.Servers[0].Laws {
		text := fmt.Sprintf("%s: %s, %s", l.Law, l.State, l.Units)
		if l.Every != nil {
			text += " per " + l.Every.String() + "s"
		}
		if len(l.Kinds) > 0 {
			text += ", " + strings.Join(l.Kinds, " or ")
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

func (r row) models() string {
	var words []string
	for _, m := range r.probe.Models {
		words = append(words, m.Words)
	}
	if len(words) == 0 {
		return r.probe.Result
	}
	return strings.Join(words, "; or ")
}

var versions = sync.OnceValue(func() string {
	text, err := exec.Command("go", "version").Output()
	if err != nil {
		return "unknown Go"
	}
	return strings.TrimSpace(string(text))
})

// page is docs/INTEROP.md.
func page(rows []row) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Servers that mcpload was tried against

Written by `+"`make interop UPDATE=1`"+` on %s, with %s.
Every server here is somebody else's code, started on loopback, with a limit of %d/s
burst %d where it has one.
Each was judged with `+"`mcpload run --rate %d/s --burst %d`"+` and, without telling it
anything, with `+"`mcpload probe`"+`. The same matrix runs in CI, which fails where a
verdict or the way of refusing differs from the table.

Limiters of another kind were judged with `+"`mcpload run --promise`"+` and the law that they
promise, which the table names. FastMCP counts by the minute, so that its windows were asked
until their reset, and no longer.

A server without a limiter must fail, and is not probed. nginx admits one call more
than its burst, so it was set to burst=19; where it delays calls in place of refusing
them no verdict is expected, because a delay blurs when a call was decided.

## Verdicts

| server | protocol | limiter | verdict | measured rate, burst, or law | why it fails |
|---|---|---|---|---|---|
`, time.Now().UTC().Format(time.DateOnly), versions(), rate, burst, rate, burst)
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", r.Server, r.run.Servers[0].Target.Protocol, r.Limiter,
			r.run.Verdict, r.box(), r.cause())
	}
	b.WriteString(`
## What a probe finds out

| server | limiter | model | refusals look like | tokens that requests cost |
|---|---|---|---|---|
`)
	for _, r := range rows {
		if r.Limiter != "none" {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.Server, r.Limiter, r.models(), r.refusals(), r.costs())
		}
	}
	b.WriteString(peculiar())
	return b.String()
}
