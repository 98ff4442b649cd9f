package mcpload

import (
	"context"

	"github.com/mcpload/mcpload/results/compare"
)

// CompareConfig says which runs are compared, and what counts as a change. Its zero
// value is refused, as it has no runs.
type CompareConfig struct {
	Base, New       []compare.Run // documents of Run, and the calls of each server where they were kept
	compare.Options               // the zero value demands nothing and knows no noise
}

// Compare says what changed between runs. What it returns is no results.Document but a
// report of its own, whose Outcome says if there is a regression. Sides that have
// nothing in common, and demands on what wasn't measured, are an error.
func Compare(ctx context.Context, c CompareConfig) (*compare.Report, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	report, err := compare.Compare(c.Base, c.New, c.Options)
	if err != nil {
		return nil, err
	}
	return report, nil
}
