package drive

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/scenarios/probe"
	"github.com/mcpload/mcpload/verdict"
)

// TestASurvey: three servers in virtual time, of which one can't be probed, and an
// interrupt before the fourth.
func TestASurvey(t *testing.T) {
	drain := make(chan struct{})
	var jobs []Job
	for i, name := range []string{"one", "two", "three", "four"} {
		j := virtualJob(uint64(i), "", mock.ChargeAll, virtual.Exp(time.Millisecond))
		j.Profile.Name = name
		jobs = append(jobs, j)
	}
	var said []string
	watched := map[string]int{}
	s := Survey{Jobs: jobs,
		Say:   func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) },
		Clean: func(s string) string { return strings.ReplaceAll(s, "hush", "…") },
		Watch: func(server string) (Observer, func()) { watched[server]++; return nil, func() { watched[server]++ } },
		Conform: func(_ context.Context, j *Job, _ string) (results.DriftConform, error) {
			if j.Profile.Name == "one" {
				return results.DriftConform{Broken: []string{"R04"}}, nil
			}
			return results.DriftConform{}, errors.New("no word but hush")
		},
		Probe: func(_ context.Context, j *Job) (probe.Report, error) {
			switch j.Profile.Name {
			case "two":
				return probe.Report{}, errors.New("it hung up on hush")
			case "three":
				close(drain)
				return probe.Report{Result: probe.NoLimit, Open: &probe.Open{AtOnce: 50, Rate: 30}}, nil
			}
			return probe.Report{Refused: true, Box: &verdict.Measured{Rate: verdict.Interval{Lo: 1, Hi: 2},
				Burst: verdict.Interval{Lo: 3, Hi: 4}}, Signal: probe.Signal{
				Refusals: 2, Statuses: []probe.Tally{{Number: 429}}, Codes: []probe.Tally{{Number: 0}},
				Words: "error -32000: slow down"}}, nil
		}}
	report := &results.Fleet{Run: &results.Document{}}
	histories := s.Run(t.Context(), report, drain)
	require.Len(t, histories, 3)
	require.NotEmpty(t, histories["one"])
	require.Len(t, report.Run.Servers, 3)
	require.Equal(t, map[string]int{"one": 2, "two": 2, "three": 2}, watched)
	require.Equal(t, "interrupted: 3 of 4 servers were judged", said[len(said)-1])
	require.Equal(t, "1 of 4: one", said[0])

	one, two, three := report.Rows[0], report.Rows[1], report.Rows[2]
	require.Equal(t, "yes", one.Attached)
	require.InDelta(t, 3, one.Measured.Burst.Lo, 0)
	require.Equal(t, `HTTP 429, a tool result with isError, "slow down", no Retry-After`, one.Refusal)
	require.Equal(t, []string{"R04"}, one.Conform.Broken)
	require.Nil(t, three.Conform, "it was interrupted")
	require.Equal(t, "it could not be tried: no word but …", s.conform(t.Context(), jobs[1], "2025-11-25").Trouble)
	require.Equal(t, "the probe failed: it hung up on …", two.Trouble)
	require.Equal(t, "?", two.Attached)
	require.Equal(t, "no", three.Attached)
	require.Equal(t, "50 at once and 30/s were all admitted", three.Tried)

	// Nobody need listen, and nothing need be probed.
	drain = make(chan struct{})
	report = &results.Fleet{Run: &results.Document{}}
	Survey{Jobs: jobs[:1]}.Run(t.Context(), report, drain)
	require.Empty(t, report.Rows[0].Trouble)
	close(drain)
	report = &results.Fleet{Run: &results.Document{}}
	require.Empty(t, Survey{Jobs: jobs[:1]}.Run(t.Context(), report, drain))
}

// TestASurveyUnderAudit: an audit is a part of the run, and each attempt has its place in
// the row.
func TestASurveyUnderAudit(t *testing.T) {
	j := virtualJob(1, "rest-bonus", mock.ChargeAll, virtual.Exp(time.Millisecond))
	j.Audit = &Audit{Names: []string{"rest", "affinity", "replicas"}, Budget: audit.Budget{Time: 2 * time.Minute}}
	plain := j
	plain.Audit = nil
	report := &results.Fleet{Run: &results.Document{}}
	Survey{Jobs: []Job{j, plain}}.Run(t.Context(), report, nil)
	require.Equal(t, &results.DriftAudit{Failed: []string{"rest"}, Held: []string{"affinity"}, Open: []string{},
		Untried: []string{"replicas"}}, report.Rows[0].Audit)
	require.Nil(t, report.Rows[1].Audit)
}
