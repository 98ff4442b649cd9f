package results

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A probe's screen begins and ends with what was found, and no line of it is wider than 100.
func TestTheProbesScreen(t *testing.T) {
	one, global := 1, "global"
	long := strings.TrimSpace(strings.Repeat("calls of somebody else were refused ", 9))
	p := &Probed{Server: "acb", Result: ProbeMeasured, Target: ProbedTarget{Kind: "url", Transport: "http"},
		Measured: &Measured{Rate: Range{Lo: 14.9, Hi: 15.1}, Burst: Range{Lo: 39.8, Hi: 40.2}},
		Scope:    ProbedValue{Answer: &global, Evidence: long}, Refusal: &ProbedRefusal{Refusals: 3},
		Costs: []ProbedCost{{Kind: "tools/list", Tokens: &one, Evidence: long}, {Kind: "ping", Tokens: &one,
			Evidence: "3 sent"}},
		Clocks: &Clocks{}, Notes: []string{long}}
	var b strings.Builder
	require.NoError(t, p.Table(&b))
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	assert.Equal(t, p.Headline(), lines[0])
	assert.Equal(t, p.Headline(), lines[len(lines)-1])
	for _, line := range lines {
		assert.LessOrEqual(t, len([]rune(line)), probedWidth)
	}
	text := b.String()
	assert.Contains(t, text, "\n  costs         tools/list                    1 token    calls of somebody")
	assert.Contains(t, text, "\n                ping                          1 token    3 sent\n")
	assert.Contains(t, text, "\n"+strings.Repeat(" ", 16)+"refused calls of", "what goes on stands under its beginning")
	assert.Equal(t, 3, strings.Count(strings.Join(strings.Fields(text), " "), long), "no word is lost")
}

// A probe that was ended before its budget says who ended it, and blames no budget and no limiter.
func TestAnInterruptedProbeSaysSo(t *testing.T) {
	p := &Probed{Server: "acb", Result: ProbeUnfinished, Measured: &Measured{}, Clocks: &Clocks{},
		Notes: []string{ProbeEndedEarly + ProbeInterrupted}, Budget: ProbedBudget{Calls: 450, Seconds: 240}}
	require.Equal(t, "acb: the probe was interrupted before anything was found out", p.Headline())
	p.Spent.Limited = 3
	require.Equal(t, "acb: there is a limit, and the probe was interrupted before it was certain", p.Headline())
	var b strings.Builder
	require.NoError(t, p.Table(&b))
	require.Contains(t, b.String(), "so far a token bucket explains every answer")
	require.NotContains(t, b.String(), "budget")
	p.Measured, p.Models = nil, []ProbedModel{{Words: "fixed window"}}
	require.Contains(t, p.Headline(), "so far a fixed window explains every answer, but the probe was interrupted before")
	p.Notes = nil
	require.Contains(t, p.Headline(), "but the budget ran out before")
}
