package drive

import (
	"fmt"
	"time"

	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/verdict"
)

// AskedClocks say how far clocks may disagree, in the words of the flags that their errors
// name.
type AskedClocks struct {
	Drift       string
	Tick, Error time.Duration
}

// Clocks is what they say.
func (a *AskedClocks) Clocks() (*verdict.Clocks, error) {
	drift, err := verdict.ParseDrift(a.Drift)
	if err != nil {
		return nil, fmt.Errorf("--clock-drift: %s", err)
	}
	for _, flag := range []struct {
		name string
		d    time.Duration
	}{{"tick", a.Tick}, {"error", a.Error}} {
		if flag.d < 0 || flag.d > verdict.MaxSlack {
			return nil, fmt.Errorf("--clock-%s %s is not from 0 to %s", flag.name, flag.d,
				promise.Span(verdict.MaxSlack))
		}
	}
	return &verdict.Clocks{Drift: drift, Tick: a.Tick, Error: a.Error}, nil
}
