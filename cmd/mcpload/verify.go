package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/verdict"
)

// verifyFlags are the flags of verify, as given.
type verifyFlags struct {
	clockFlags
	rate      string
	burst     int
	scope     string
	tolerance float64
	format    string
	charges   []string
	box       bool
	most      int
	promise   []string
}

func (a *app) verifyCommand() *cobra.Command {
	f := &verifyFlags{}
	cmd := &cobra.Command{
		Use:   "verify --rate R --burst B | --promise LAW HISTORY.jsonl|-",
		Short: "Judge a recorded history against rate limits, offline",
		Long: `Verify reads a history, one call a line, and proves whether an honest token
bucket of the given rate and burst can have produced it, whatever the delays
were. The bucket is taken to be full at first use.

With --promise, which can be repeated, the limits may be of any kind: windows,
quotas, caps, several at once, each for everybody or for each session,
credential, address or tool. What is let through is judged law by law; a refusal
is unjustified only if no law can have made it.

Each line is a JSON object with sent_ns, received_ns (nanoseconds of one clock)
and outcome (admitted, limited or unknown); client, method and others are
optional, and unknown fields are ignored. Lines may come in any order. A file
that gzip compressed is read as it is.

What is proven holds given clocks: the limiter's may run faster or slower than
the history's by --clock-drift, and each instant may be off by --clock-error, as
where one history was merged from the logs of several machines.

Where one jump of the history's clock explains why the limit looks broken, as
after a step of NTP, that is named with its place, and nothing is failed for it.

Exit status: 0 pass, 1 fail, 2 could not judge, 3 nothing to judge, or not by this clock.`,
		Example: `  mcpload run --server acb --save-history acb.jsonl
  mcpload verify --rate 15 --burst 40 acb.jsonl
  mcpload verify --promise '30 per 10s fixed per session' --promise '1000 per 1h' calls.jsonl
  mcpload verify --rate 15 --burst 40 --box=false --format json huge.jsonl.gz
  zcat access.log.gz | jq -c -f to-history.jq | mcpload verify --rate 300/1m --burst 20 -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil
			}
			return hint.New(fmt.Errorf("verify takes one history, not %d", len(args)), "name a file, or - for standard input")
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.said(cmd.Flags().Changed); err != nil {
				return err
			}
			return a.unlessInterrupted(func() error { return a.verify(cmd.Context(), f, args[0]) })
		},
	}
	flags := cmd.Flags()
	f.clockFlags.register(flags, verdict.DefaultTick)
	f.registerError(flags)
	flags.StringArrayVar(&f.promise, "promise", nil, "a `law` of any kind, such as '30 per 10s sliding per session' (repeatable)")
	flags.StringVar(&f.rate, "rate", "", "promised rate: 12, 12/s, 300/1m, 0.5/s (required without --promise)")
	flags.IntVar(&f.burst, "burst", 0, "promised burst in `tokens` (required without --promise)")
	flags.StringVar(&f.scope, "scope", "global", "who shares a bucket: global or client")
	flags.Float64Var(&f.tolerance, "tolerance", verdict.DefaultTolerance, "widens the burst on both sides, in `tokens`")
	registerTableOrJSON(flags, &f.format)
	flags.BoolVar(&f.box, "box", true, "also measure which rates and bursts explain the history; most of the time goes there")
	flags.IntVar(&f.most, "max-calls", mcpload.MostCalls, "refuse a history of more calls than this `number`; ten million take 1.4 GB")
	flags.StringSliceVar(&f.charges, "charges", nil, "methods that cost a token (default: every request)")
	return cmd
}

// said refuses flags that contradict each other, by which of them were given.
func (f *verifyFlags) said(given func(name string) bool) error {
	if f.burst < 1 && given("burst") {
		return fmt.Errorf("--burst %d is not 1 or more", f.burst)
	}
	for _, name := range []string{"rate", "burst", "scope", "charges", "box"} {
		if len(f.promise) > 0 && given(name) {
			return fmt.Errorf("--promise says what --%s says: give one of them", name)
		}
	}
	return nil
}

// limit is the promise that the flags make.
func (f *verifyFlags) limit() (profiles.Limit, error) {
	l := profiles.Limit{Scope: profiles.Scope(f.scope), Charges: []string{"*"}, Burst: f.burst}
	if len(f.charges) > 0 {
		l.Charges = f.charges
	}
	if f.rate == "" {
		return l, hint.New(errors.New("verify needs the promised --rate"), "for example --rate 15/s --burst 40, or --promise '30 per 10s fixed'")
	}
	rate, burst, err := profiles.ParseLimit(f.rate)
	if err != nil {
		return l, fmt.Errorf("--rate: %w", err)
	}
	l.Rate = rate
	if l.Burst == 0 {
		l.Burst = burst
	}
	switch {
	case l.Burst == 0:
		return l, hint.New(errors.New("verify needs the promised --burst"), "for example --rate 15/s --burst 40")
	case l.Scope != profiles.Global && l.Scope != profiles.Client:
		return l, fmt.Errorf("--scope %q is neither global nor client", f.scope)
	}
	return l, nil
}

// general checks what is the same for a promise of any kind.
func (f *verifyFlags) general() error {
	if math.IsNaN(f.tolerance) || f.tolerance < 0 || f.tolerance >= 1 {
		return fmt.Errorf("--tolerance %g is not from 0 to below 1 token", f.tolerance)
	}
	return tableOrJSON(f.format)
}

func (a *app) verify(ctx context.Context, f *verifyFlags, name string) error {
	var limit profiles.Limit
	if len(f.promise) == 0 {
		var err error
		if limit, err = f.limit(); err != nil {
			return err
		}
	}
	if err := f.general(); err != nil {
		return err
	}
	clocks, err := f.clocks()
	if err != nil {
		return err
	}
	in, end, err := a.in(name)
	if err != nil {
		return err
	}
	defer end()
	// A history is kept in a few great slices, and reading one allocates hardly
	// anything else: collecting whenever it has grown by half bounds the memory, and more
	// often would take as long as all else together.
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	c := mcpload.VerifyConfig{History: in, Limit: limit, Clocks: clocks, Tolerance: f.tolerance, Unboxed: !f.box, Most: f.most}
	if f.tolerance == 0 {
		c.Tolerance = -1
	}
	if c.Promise, err = parsePromise(f.promise); err != nil {
		return err
	}
	found, err := mcpload.Verify(ctx, c)
	if err != nil {
		return f.unreadable(spoken(err))
	}
	a.status = statusOf(found.Verdict)
	if f.format == "json" {
		return found.JSON(a.stdout)
	}
	return found.Table(a.stdout)
}

// unreadable is why a history can't be read, with how one looks.
func (f *verifyFlags) unreadable(err error) error {
	if many := (*mcpload.TooManyCalls)(nil); errors.As(err, &many) {
		cost := ", at 140 bytes of memory each"
		if len(f.promise) > 0 {
			cost = ""
		}
		return hint.New(err, "--max-calls lets verify judge more"+cost)
	}
	if lines := (*history.Errors)(nil); errors.As(err, &lines) {
		if strings.Contains(err.Error(), "is before sent_ns") {
			return hint.New(err, "was the clock set back while that call was under way? Nobody knows when it was decided then: leave the line out, or say "+`"outcome":"unknown"`+" with the later instant twice")
		}
		return hint.New(err, "each line is one call, such as "+`{"sent_ns":0,"received_ns":812345,"outcome":"admitted"}`)
	}
	return err
}

// statusOf is the exit status of a verdict.
func statusOf(v verdict.Verdict) int {
	return map[verdict.Verdict]int{verdict.Pass: exitPass, verdict.Fail: exitFail, verdict.Inconclusive: exitInconclusive}[v]
}

// in opens a history, or standard input for -, and unpacks it if need be.
func (a *app) in(name string) (io.Reader, func(), error) {
	var file io.Reader = a.stdin
	end := func() {}
	if name != "-" {
		opened, err := os.Open(name)
		if err != nil {
			return nil, nil, fmt.Errorf("cannot read the history: %w", err)
		}
		end = func() { _ = opened.Close() } // it was only read
		if info, err := opened.Stat(); err == nil && info.IsDir() {
			end()
			return nil, nil, hint.New(fmt.Errorf("cannot read the history: %s is a folder", name), "name a file in it, or - for standard input")
		}
		file = opened
	}
	history, err := unpacked(file)
	if err != nil {
		end()
		return nil, nil, fmt.Errorf("cannot unpack the history: %w", err)
	}
	return history, end, nil
}
