package drive

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"time"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// ending reports if a row restarts the server, or ends it.
func ending(r conform.Row) bool {
	return slices.ContainsFunc(conform.EndingRows(), func(e conform.Row) bool { return e.ID == r.ID })
}

// underLoad are the rows to be tried now, while the load goes on. Thousands of sessions
// are opened once only.
func (c *Config) underLoad() []conform.Row {
	now := slices.Concat(conform.UnderRows(), conform.LineEndRows())
	return slices.DeleteFunc(slices.Clone(c.Loaded), func(r conform.Row) bool {
		return r.ID == "U04" && c.minted || !slices.ContainsFunc(now, func(n conform.Row) bool { return n.ID == r.ID })
	})
}

// end tries the rows that restart the server, or end it, in the newest revision that it
// speaks and that has all of them, or else the newest.
func (c *Config) end(ctx context.Context, reports []conform.Report) {
	rows := slices.DeleteFunc(slices.Clone(c.Loaded), func(r conform.Row) bool { return !ending(r) })
	if c.Under == 0 || len(rows) == 0 {
		return
	}
	k := slices.IndexFunc(reports, func(r conform.Report) bool {
		return !slices.ContainsFunc(rows, func(row conform.Row) bool { return !row.Applies(r.Revision, c.Transport) })
	})
	report := &reports[max(k, 0)]
	if report.Ended != "" {
		return
	}
	line, err := c.open(ctx, c.Timeout)
	if err != nil {
		return // it ended before, which the rows before say
	}
	defer line.Close()
	o := c.options(ctx, report.Revision, c.Timeout, 0, nil)
	if c.Serving != nil {
		o.Serving = &serving{ctx: ctx, process: c.Serving}
	}
	if c.Restart != nil {
		o.Restart = func() error { return c.Restart(ctx) }
	}
	t, err := conform.NewTrial(line, o)
	if err != nil {
		return // as above
	}
	more := t.Run(rows)
	report.Findings = append(report.Findings, more.Findings...)
	report.Exchanges = append(report.Exchanges, more.Exchanges...)
}

// longestRestart is how long the command for it may take.
const longestRestart = time.Minute

// Command runs a command to its end. What it starts in the background is left alone.
func Command(command []string) func(context.Context) error {
	return func(ctx context.Context) error {
		within, cancel := context.WithTimeout(ctx, longestRestart)
		defer cancel()
		if err := exec.CommandContext(within, command[0], command[1:]...).Run(); err != nil {
			return fmt.Errorf("its command: %w", err)
		}
		return nil
	}
}
