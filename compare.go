package mcpload

import (
	"context"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/compare"
	"github.com/mcpload/mcpload/verdict"
)

// CompareConfig says which runs are compared, and what counts as a change. Its zero
// value is refused, as it has no runs.
type CompareConfig struct {
	Base, New       []compare.Run // documents of Run, and the calls of each server where they were kept
	compare.Options               // the zero value demands nothing and knows no noise
}

// Compare says what changed between runs: the document's Compared is the *compare.Report, and
// its verdict a fail where that is a regression. Sides that have nothing in common, and
// demands on what wasn't measured, are an error.
func Compare(ctx context.Context, c CompareConfig) (*results.Document, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	report, err := compare.Compare(c.Base, c.New, c.Options)
	if err != nil {
		return nil, err
	}
	said := map[compare.Outcome]verdict.Verdict{compare.Fine: verdict.Pass, compare.Regression: verdict.Fail}
	return &results.Document{Schema: report.Schema, Version: version(), Seed: report.Seed,
		Verdict: said[report.Outcome], Compared: report}, nil
}
