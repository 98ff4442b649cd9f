package page

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A value at the right end of an axis ends within the plot's margin.
func TestTheLastValueOfAnAxisIsWhole(t *testing.T) {
	var d drawing
	d.text("tick", 0.99, 0, 17, "middle", "1000 ms")
	d.text("tick", 0.5, 0, 17, "middle", "10 ms")
	assert.Contains(t, d.front.String(), `x="99%" dx="10" y="17" text-anchor="end">1000 ms<`)
	assert.Contains(t, d.front.String(), `text-anchor="middle">10 ms<`)
}
