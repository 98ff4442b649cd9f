package main

import (
	"context"
	"errors"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/usage"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/judge"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/verdict"
)

// verifyFlags are the flags of verify, as given.
type verifyFlags struct {
	clockFlags
	asked  judge.Asked
	format string
	box    bool
	most   int
}

func (a *app) verifyCommand() *cobra.Command {
	f := &verifyFlags{}
	cmd := &cobra.Command{
		Use:   "verify [flags] HISTORY.jsonl|-",
		Short: "Judge a recorded history against rate limits, offline",
		Args:  usage.Takes(1, "verify takes one history, not {n}", "name a file, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.asked.Consistent(cmd.Flags().Changed); err != nil {
				return err
			}
			return a.verify(cmd.Context(), f, args[0])
		},
	}
	f.register(cmd.Flags())
	return cmd
}

func (f *verifyFlags) register(flags *pflag.FlagSet) {
	f.clockFlags.register(flags, verdict.DefaultTick)
	f.registerError(flags)
	flags.StringArrayVar(&f.asked.Promise, "promise", nil, "a `law`, such as '30 per 10s sliding per session' "+
		"(repeatable)")
	flags.StringVar(&f.asked.Rate, "rate", "", "promised `rate`: 12, 12/s, 300/1m, 0.5/s (required without --promise)")
	flags.IntVar(&f.asked.Burst, "burst", 0, "promised burst in `tokens` (required without --promise)")
	flags.StringVar(&f.asked.Scope, "scope", "global", "`scope`, which says who shares a bucket: global or client")
	flags.Float64Var(&f.asked.Tolerance, "tolerance", verdict.DefaultTolerance, "widens the burst on both sides, in "+
		"`tokens`")
	registerFormat(flags, &f.format, export.Reports())
	flags.BoolVar(&f.box, "box", true, "measure which rates and bursts explain the history: most of the time")
	flags.IntVar(&f.most, "max-calls", mcpload.MostCalls, "`number` of calls to read at most; ten million take 1.4 GB")
	flags.StringSliceVar(&f.asked.Charges, "charges", nil, "`methods` that cost a token, comma-separated "+
		"(default: every request; if that breaks the promise, the commonest surely and others perhaps)")
}

func (a *app) verify(ctx context.Context, f *verifyFlags, name string) error {
	limit, err := f.asked.Limit()
	if err != nil {
		return err
	}
	format, err := formatOf(export.Reports(), f.format)
	if err != nil {
		return err
	}
	c := mcpload.VerifyConfig{Limit: limit, Unboxed: !f.box, Most: f.most}
	if c.Tolerance, err = f.asked.Widening(); err != nil {
		return err
	}
	if c.Clocks, err = f.Clocks(); err != nil {
		return err
	}
	in, end, err := judge.Open(name, a.stdin)
	if err != nil {
		return err
	}
	defer end()
	// A history is kept in a few great slices, and reading one allocates hardly
	// anything else: collecting whenever it has grown by half bounds the memory, and more
	// often would take as long as all else together.
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	c.History = in
	if c.Promise, err = drive.ParsePromise(f.asked.Promise); err != nil {
		return err
	}
	found, err := mcpload.Verify(ctx, c)
	if many := (*mcpload.TooManyCalls)(nil); errors.As(err, &many) {
		cost := ", at 140 bytes of memory each"
		if len(f.asked.Promise) > 0 {
			cost = ""
		}
		return hint.New(err, "--max-calls lets verify judge more"+cost)
	}
	if err != nil {
		return judge.Unreadable(err)
	}
	a.status = results.Status(found.Verdict)
	return format.Write(a.stdout, export.Verified(found.Verified))
}
