package page

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mcpload/mcpload/results"
)

// TestNoBoxHoldsEverything: where nothing was refused, a box without ends would have the promise
// lie in it that the calls beside it break.
func TestNoBoxHoldsEverything(t *testing.T) {
	calls := bucketCalls(30, 15, 40)
	d := judged(calls, 15, 40)
	d.Servers[0].Measured = &results.Measured{Rate: results.Range{Hi: math.Inf(1)},
		Burst: results.Range{Lo: 1, Hi: math.Inf(1)}}
	d.Finish()
	html := drawn(t, d, calls)
	assert.Contains(t, html, "There is no box: no limit seen.")
	assert.NotContains(t, html, "lies in the box")
	assert.NotContains(t, html, `class="box"`)
}
