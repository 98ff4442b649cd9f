package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/mcpload/mcpload/scenarios/drive"
)

func (a *app) printPower(ctx context.Context, format string) error {
	rows := drive.Power(ctx)
	switch format {
	case "json":
		return printJSON(a.stdout, powerJSON{Schema: "mcpload.power/v1", Runs: drive.PowerRuns, Power: rows})
	case "markdown":
		return powerMarkdown(a.stdout, rows)
	}
	return powerTable(a.stdout, rows)
}

// powerHead is what a row's cells say.
var powerHead = []string{"promise", "mean delay each way", "traffic", "rate too high", "rate too low", "burst too big", "burst too small", "false alarms"}

func powerCells(r drive.PowerRow) []string {
	return []string{
		fmt.Sprintf("%g/s burst %d", r.Rate, r.Burst), fmt.Sprintf("%g ms", r.DelayMS), fmt.Sprintf("%.1f s", r.Seconds),
		fmt.Sprintf("%.1f %%", 100*r.RateUp), fmt.Sprintf("%.1f %%", 100*r.RateDown), fmt.Sprint(r.BurstUp), fmt.Sprint(r.BurstDown),
		fmt.Sprintf("%d of %d", r.False, drive.PowerRuns),
	}
}

// powerTable prints the rows for people.
func powerTable(w io.Writer, rows []drive.PowerRow) error {
	fmt.Fprintf(w, "the smallest errors that all of %d runs of the default plan caught, in virtual time\n\n", drive.PowerRuns)
	t := tablewriter.NewTable(w, tablewriter.WithHeaderAutoFormat(tw.Off))
	t.Header(powerHead)
	for _, r := range rows {
		if err := t.Append(powerCells(r)); err != nil {
			return err
		}
	}
	return t.Render()
}

// powerMarkdown prints them for documents.
func powerMarkdown(w io.Writer, rows []drive.PowerRow) error {
	var s strings.Builder
	markdownRow(&s, slices.Clone(powerHead)...)
	markdownRow(&s, strings.Split(strings.Repeat("--- ", len(powerHead)-1)+"---", " ")...)
	for _, r := range rows {
		markdownRow(&s, powerCells(r)...)
	}
	_, err := io.WriteString(w, s.String())
	return err
}
