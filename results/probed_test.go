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
