package merge

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mcpload/mcpload/results"
)

// TestBreachesOfParts are counted together by row and method.
func TestBreachesOfParts(t *testing.T) {
	breach := func(method string, n int64) results.LoadBreach {
		return results.LoadBreach{Row: "R16", Method: method, Count: n}
	}
	var l results.Load
	addSchema(&l, nil)
	assert.Nil(t, l.Schema)
	addSchema(&l, &results.LoadSchema{Checked: 5, Wrong: 2, Breaches: []results.LoadBreach{breach("a", 2)}})
	addSchema(&l, &results.LoadSchema{Checked: 7, Wrong: 4, Breaches: []results.LoadBreach{breach("b", 1),
		breach("a", 3)}})
	assert.Equal(t, &results.LoadSchema{Checked: 12, Wrong: 6, Breaches: []results.LoadBreach{breach("a", 5),
		breach("b", 1)}}, l.Schema)
}
