package drive

import (
	"fmt"

	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/screen"
)

// A PowerDocument is the document of mcpload.power/v1: the smallest errors that are caught.
type PowerDocument struct {
	Power  []PowerRow `json:"power"`
	Runs   int        `json:"runs"` // that an error must be caught in, all of them
	Schema string     `json:"schema"`
}

// PowerRows are rows of power, for people and for documents.
func PowerRows(rows []PowerRow) export.Rows {
	s := screen.Sheet{Header: []string{"precision", "promise", "mean delay each way", "traffic", "at most", "of T*",
		"rate too high", "rate too low",
		"burst too big", "burst too small", "false alarms"}}
	for _, r := range rows {
		s.Add(fmt.Sprintf("%g %%", 100*r.Precision), fmt.Sprintf("%g/s burst %d", r.Rate, r.Burst),
			fmt.Sprintf("%g ms", r.DelayMS),
			fmt.Sprintf("%.1f s", r.Seconds), fmt.Sprintf("%.1f s", r.Longest), fmt.Sprintf("%.2f", r.Ratio),
			fmt.Sprintf("%.1f %%", 100*r.RateUp), fmt.Sprintf("%.1f %%", 100*r.RateDown), r.BurstUp, r.BurstDown,
			fmt.Sprintf("%d of %d", r.False, PowerRuns))
	}
	return export.Rows{Document: PowerDocument{Schema: "mcpload.power/v1", Runs: PowerRuns, Power: rows},
		Sheets:   []screen.Sheet{s},
		Markdown: s.Markdown,
		Before: fmt.Sprintf("the smallest errors that all of %d runs caught, in virtual time; T* is what no plan can "+
			"do without: one refill,\n"+
			"the longest rest, and the time in which an error of the precision comes to a token\n\n", PowerRuns)}
}
