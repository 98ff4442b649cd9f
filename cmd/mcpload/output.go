package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/drive"
)

// gate is the last look at a result that goes to a place.
func (a *app) gate(to io.Writer) *export.Gate { return &export.Gate{To: to, Holds: a.secrets.Holds} }

// forPeople makes the gate of a result one for people, where its format is.
func (a *app) forPeople(out io.Writer, format string) {
	if g, ok := out.(*export.Gate); ok {
		g.Text = format == "table" || format == "markdown" || format == ""
		a.ends.told = g.Text && g.To == a.stdout
	}
}

// formatKey is where a format flag keeps the formats that it takes, for shells to complete.
const formatKey = "mcpload_formats"

// registerFormat adds the flag that says how a document is written.
func registerFormat[T any](flags *pflag.FlagSet, format *string, has export.Set[T]) {
	flags.StringVar(format, "format", has[0].Name, "`format`: "+has.Names())
	// it fails where there is no such flag
	_ = flags.SetAnnotation("format", formatKey, strings.Split(has.Names(), ", "))
}

// outFlags say how a result is written, where to, and how much of it.
type outFlags struct {
	format  string
	output  string
	verbose bool
}

// registerOut adds the flags of a document that is called what.
func registerOut[T any](flags *pflag.FlagSet, f *outFlags, has export.Set[T], what string) {
	registerFormat(flags, &f.format, has)
	flags.StringVarP(&f.output, "output", "o", "-", "`file` for the "+what+"; - is stdout")
}

// registerVerbose adds the flag of a result that shows what failed, and more if asked.
func (f *outFlags) registerVerbose(flags *pflag.FlagSet) {
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show every check, passed ones too")
}

// formatOf is the format that a document is asked for in.
func formatOf[T any](has export.Set[T], name string) (export.Format[T], error) {
	f, err := has.Named(name)
	if unknown, ok := errors.AsType[*export.UnknownError](err); ok {
		return f, fmt.Errorf("--format %w%s", err, profiles.DidYouMean(name, unknown.Has))
	}
	return f, err
}

// registerPlanned adds the flags of a command that has a dry run, whose plan has formats of
// its own.
func registerPlanned(flags *pflag.FlagSet, f *outFlags, has export.Set[export.Run]) {
	registerOut(flags, f, has, "result")
	flags.Lookup("format").Usage += "; of --dry-run " + export.Listings().Names()
}

// formatOfPlanned is the format that a result is asked for in; of a dry run it only
// refuses what a plan isn't written as.
func formatOfPlanned(has export.Set[export.Run], name string, dry bool) (f export.Format[export.Run], err error) {
	if !dry {
		return formatOf(has, name)
	}
	if _, err = formatOf(export.Listings(), name); err != nil {
		return f, hint.New(err, "--dry-run prints a plan, which has other formats than a result")
	}
	return f, nil
}

// emit writes a document to where it was asked for, past the gate.
func emit[T any](a *app, format export.Format[T], output string, doc T) error {
	return a.writeOut(output, format.Name, func(w io.Writer) error { return format.Write(w, doc) })
}

// writeOut writes what has a format to where it was asked for, past the gate.
func (a *app) writeOut(output, format string, write func(io.Writer) error) error {
	out, end, err := a.out(output)
	if err != nil {
		return err
	}
	a.forPeople(out, format)
	err = errors.Join(write(out), end())
	if info, missing := os.Stat(output); err != nil && missing == nil && info.Mode().IsRegular() {
		err = errors.Join(err, os.Remove(output)) // a half of it may look whole
	}
	return err
}

// tableOptions fits the table to where it goes.
func (a *app) tableOptions(output string, verbose bool, histories map[string][]history.Call) results.TableOptions {
	o := results.TableOptions{Width: 100, Verbose: verbose, Histories: histories, ASCII: !utf8Locale()}
	if file, ok := a.stdout.(*os.File); ok && (output == "-" || output == "") && term.IsTerminal(int(file.Fd())) {
		if w, _, err := term.GetSize(int(file.Fd())); err == nil && w > 0 {
			o.Width = max(w, 40)
		}
		o.Color = os.Getenv("NO_COLOR") == ""
	}
	return o
}

// utf8Locale reports if what is printed may go beyond ASCII: yes, unless the
// locale says otherwise. Containers and CI often set none.
func utf8Locale() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := strings.ToUpper(os.Getenv(name)); value != "" {
			return strings.Contains(value, "UTF-8") || strings.Contains(value, "UTF8")
		}
	}
	return true
}

// printPlans prints what a run would send, and sends nothing.
func (a *app) printPlans(jobs []drive.Job, name string) error {
	for _, j := range jobs {
		for _, line := range j.PlanAudit() {
			a.say("%s: %s", j.Profile.Name, line)
		}
		if err := a.printPlan("-", name, j.PlanRows()); err != nil {
			return err
		}
	}
	return nil
}

// printPlan prints a plan to where a result would go.
func (a *app) printPlan(output, name string, plan export.Rows) error {
	format, err := formatOf(export.Listings(), name)
	if err != nil {
		return err
	}
	return emit(a, format, output, plan)
}

// judged judges the jobs as often as asked for and merges what every run said.
func (a *app) judged(ctx context.Context, f *runFlags, jobs []drive.Job) (*results.Document, drive.Histories, error) {
	p := a.newProgress("mcpload run · " + words.Count(len(jobs), "server"))
	for i := range jobs {
		beside(ctx, &jobs[i].Settle, p, jobs[i].Profile.Name)
	}
	defer p.Start(ctx)()
	histories := drive.Histories{}
	doc, err := mcpload.Run(ctx, mcpload.Config{Prepared: jobs, Seed: f.Seed, Repeat: f.asked.Repeat, Observer: p,
		Drain:     a.drain,
		Histories: func(server string, calls []history.Call) { histories[server] = calls }})
	if err != nil {
		return nil, nil, err
	}
	doc.Version = version()
	return doc, histories, nil
}

// draining reports if the run was interrupted.
func (a *app) draining() bool { return runner.Closed(a.drain) }

// readKnown reads the list of what is known to fail that a flag names, where there is one.
func readKnown[T any](flag, name string, read func(io.Reader, string, time.Time) (T, error)) (list T, err error) {
	if name == "" {
		return list, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return list, fmt.Errorf("--%s: %w", flag, err)
	}
	defer file.Close() // it was only read
	return read(file, filepath.Base(name), time.Now())
}
