package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/usage"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/drive"
)

// selftestFlags are the flags of selftest, as given.
type selftestFlags struct {
	seeds  int
	faulty int
	delay  string
	format string
	power  bool

	precision string
}

func (a *app) selftestCommand() *cobra.Command {
	f := &selftestFlags{}
	cmd := &cobra.Command{
		Use:   "selftest",
		Short: "Prove that the checks can fail, and that they don't cry wolf",
		Args:  usage.NoWords,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.selftest(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.IntVar(&f.seeds, "seeds", 1000, "`number` of runs of the honest mock")
	flags.IntVar(&f.faulty, "fault-seeds", 4, "`number` of runs of each fault")
	flags.StringVar(&f.delay, "delay", "exp(1ms)", "simulated `delay` of a message to a faulty mock; honest ones get "+
		"all sorts")
	registerFormat(flags, &f.format, export.Reports())
	flags.Lookup("format").Usage += "; csv with --power"
	flags.StringVar(&f.precision, "precision", "1%", "`share`: the precision of plans for one bucket, as of run")
	flags.BoolVar(&f.power, "power", false, "measure the smallest errors that are caught, at each of three "+
		"precisions, instead")
	return cmd
}

func (a *app) selftest(ctx context.Context, f *selftestFlags) error {
	format, err := formatOf(f.formats(), f.format)
	if err != nil {
		return err
	}
	delay, err := virtual.ParseDelay(f.delay)
	switch {
	case err != nil:
		return fmt.Errorf("--delay: %w", err)
	case f.seeds < 1 || f.faulty < 1:
		return fmt.Errorf("--seeds %d, --fault-seeds %d: each must be 1 or more", f.seeds, f.faulty)
	}
	precision, err := scenarios.ParsePrecision(f.precision)
	if err != nil {
		return fmt.Errorf("--precision: %w", err)
	}
	if f.power {
		return format.Write(a.stdout, drive.PowerRows(drive.Power(ctx)))
	}
	doc := drive.RunSelftest(ctx, f.seeds, f.faulty, delay, precision)
	if !doc.Pass {
		a.status = exitFail
	}
	return format.Write(a.stdout, doc.Rows())
}

// formats are how a selftest is written; what it measures is a sheet.
func (f *selftestFlags) formats() export.Set[export.Rows] {
	if f.power {
		return export.Listings()
	}
	return export.Reports()
}
