package load

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// TestSchemaIsNoHollowPass: only where every result was looked into, and at least one, is
// it a pass.
func TestSchemaIsNoHollowPass(t *testing.T) {
	broken := &results.LoadSchema{Checked: 3, Wrong: 1, Breaches: []results.LoadBreach{
		{Row: "R16", Section: "schema", Says: "keeps its word", Method: "tools/call", Saw: "no content", Count: 1}}}
	for _, c := range []struct {
		schema *results.LoadSchema
		shaped int64
		want   verdict.Verdict
	}{
		{nil, 0, verdict.Inconclusive},
		{&results.LoadSchema{}, 0, verdict.Inconclusive},
		{&results.LoadSchema{Checked: 3}, 3, verdict.Pass},
		{&results.LoadSchema{Checked: 3}, 4, verdict.Inconclusive},
		{broken, 4, verdict.Fail},
	} {
		f := judgeSchema(c.schema, c.shaped)
		assert.Equal(t, c.want, f.Verdict, f.Saw)
	}
	assert.Contains(t, judgeSchema(broken, 3).Saw, "R16, tools/call, 1 times: no content")
}
