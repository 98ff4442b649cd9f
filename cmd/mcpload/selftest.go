package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios/drive"
)

// selftestFlags are the flags of selftest, as given.
type selftestFlags struct {
	seeds  int
	faulty int
	delay  string
	format string
	power  bool
}

func (a *app) selftestCommand() *cobra.Command {
	f := &selftestFlags{}
	cmd := &cobra.Command{
		Use:   "selftest",
		Short: "Prove that the checks can fail, and that they don't cry wolf",
		Long: `Selftest runs the whole line in virtual time against every fault of the mock, and
prints which check catches it and what cause is named. It runs the honest mock
over many seeds, promises, delays, refusal shapes and charging policies as well: not one of those runs may
fail. The same goes for mocks that keep laws of other kinds, and their faults.

Exit status: 0 if every fault that can be caught was and no honest run failed, 1
otherwise.`,
		Example: "  mcpload selftest\n  mcpload selftest --seeds 100 --delay 'exp(20ms)'\n  mcpload selftest --power                  the smallest errors that are caught\n  mcpload selftest --format json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.selftest(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.IntVar(&f.seeds, "seeds", 1000, "runs of the honest mock")
	flags.IntVar(&f.faulty, "fault-seeds", 4, "runs of each fault")
	flags.StringVar(&f.delay, "delay", "exp(1ms)", "simulated `delay` of a message to a faulty mock; honest ones get all sorts")
	flags.StringVar(&f.format, "format", "table", "table, json or markdown")
	flags.BoolVar(&f.power, "power", false, "measure the smallest errors that are caught instead")
	return cmd
}

func (a *app) selftest(ctx context.Context, f *selftestFlags) error {
	delay, err := virtual.ParseDelay(f.delay)
	switch {
	case err != nil:
		return fmt.Errorf("--delay: %w", err)
	case f.seeds < 1 || f.faulty < 1:
		return fmt.Errorf("--seeds %d, --fault-seeds %d: each must be 1 or more", f.seeds, f.faulty)
	case f.format != "table" && f.format != "json" && f.format != "markdown":
		return fmt.Errorf("--format %q is none of table, json and markdown", f.format)
	}
	if f.power {
		return a.printPower(ctx, f.format)
	}
	doc := drive.RunSelftest(ctx, f.seeds, f.faulty, delay)
	if !doc.Pass {
		a.status = exitFail
	}
	switch f.format {
	case "json":
		return printJSON(a.stdout, doc)
	case "markdown":
		return errors.Join(selftestMarkdown(a.stdout, doc), lawsMarkdown(a.stdout, &doc.Laws))
	}
	return errors.Join(selftestTable(a.stdout, doc), lawsTable(a.stdout, &doc.Laws))
}

// printJSON prints a document for machines that people may read too.
func printJSON(w io.Writer, doc any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(doc)
}
