package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/store"
)

// runNames says how a run is named, in every command's help.
const runNames = `A run is named by last, last-pass, a day or minute (2026-11-25, 2026-11-25T15:04,
UTC), its id or a unique beginning of the id or of its last part, its folder, or
a file with its JSON document (which has no calls, and so draws no timelines).`

// reportFlags are the flags of report, as given.
type reportFlags struct {
	storeFlags
	format  string
	output  string
	verbose bool
}

func (a *app) reportCommand() *cobra.Command {
	f := &reportFlags{}
	var list strings.Builder
	for _, one := range formats() {
		fmt.Fprintf(&list, "  %-11s %s\n", one.name, one.doc)
	}
	cmd := &cobra.Command{
		Use:   "report RUN",
		Short: "Render a kept run again, in any format",
		Long: `Report renders a kept run just as it was rendered when it was fresh.

` + runNames + `

Formats:
` + list.String() + `
Exit status: 0 rendered, whatever the run's verdict; 2 could not.`,
		Example: `  mcpload report last
  mcpload report last-pass --format html -o report.html
  mcpload report last --format junit -o junit.xml
  mcpload report last --format markdown >> "$GITHUB_STEP_SUMMARY"
  mcpload report last --format vegeta | vegeta report`,
		Args: oneRun("report"),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.unlessInterrupted(func() error { return a.report(f, args[0]) })
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.format, "format", "table", formatNames())
	cmd.Flags().StringVarP(&f.output, "output", "o", "-", "`file` for the report; - is stdout")
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "show every check, passed ones too")
	return cmd
}

// oneRun wants exactly one run.
func oneRun(command string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		return hint.New(fmt.Errorf("%s takes one run, not %d", command, len(args)), "for example mcpload "+command+" last; mcpload results list shows which there are")
	}
}

// find looks a run up, with a hint where there is none.
func find(s *store.Store, name string, f store.Filter) (*store.Entry, error) {
	e, err := s.Find(name, f)
	if errors.Is(err, store.ErrNone) {
		return nil, hint.New(spoken(err), "mcpload results list shows which there are in "+s.Dir())
	}
	if err != nil {
		return nil, spoken(err)
	}
	return e, nil
}

// kept is the run of a name, and the format that it is asked for in.
func (f *reportFlags) kept(name string) (format, *store.Entry, error) {
	asked, err := formatNamed(f.format)
	if err != nil {
		return asked, nil, err
	}
	s, err := f.open()
	if err != nil {
		return asked, nil, err
	}
	e, err := find(s, name, store.Filter{})
	return asked, e, err
}

// report is the command once its arguments are parsed.
func (a *app) report(f *reportFlags, name string) error {
	format, e, err := f.kept(name)
	if err != nil {
		return err
	}
	if format.draws == drawsAll && e.Kind == keptLoad {
		return a.streamed(f, e, format)
	}
	text, err := a.reported(f, e, format)
	if err != nil {
		return err
	}
	out, end, err := a.out(f.output)
	if err != nil {
		return err
	}
	forPeople(out, format.name)
	_, err = out.Write(text)
	return errors.Join(err, end())
}

// streamed renders what may be too much for the memory straight to where it goes.
func (a *app) streamed(f *reportFlags, e *store.Entry, format format) error {
	doc, err := e.Run()
	if err != nil {
		return spoken(err)
	}
	out, end, err := a.out(f.output)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(out)
	if err = format.write(b, rendered{doc: doc, each: e.EachCall}); err != nil {
		err = unrendered(e, format, err)
	}
	return errors.Join(err, b.Flush(), end())
}

// unrendered says why a run couldn't be rendered.
func unrendered(e *store.Entry, format format, err error) error {
	if errors.Is(err, results.ErrNoCalls) {
		return hint.New(fmt.Errorf("run %s has no stored calls, and %s shows nothing else", e.Name(), format.name), "name the run in the store, or its folder, rather than its document alone")
	}
	return spoken(err)
}

// reported renders a run into memory, so that what can't be rendered leaves no
// file behind.
func (a *app) reported(f *reportFlags, e *store.Entry, format format) ([]byte, error) {
	document, err := e.Document()
	if err != nil {
		return nil, spoken(err)
	}
	if format.name == "json" {
		return document, nil
	}
	doc, err := e.Run()
	if err != nil {
		return otherKind(e, format, err)
	}
	r, err := stored(e, doc, format)
	if err != nil {
		a.say("warning: %s", spoken(err))
		a.say("what needs the calls is left out")
	}
	var b bytes.Buffer
	r.table = a.tableOptions(f.output, f.verbose, r.histories)
	if err := format.write(&b, r); err != nil {
		return nil, unrendered(e, format, err)
	}
	return b.Bytes(), nil
}

// stored is a run with those of its calls that a format draws on. A load may have
// millions; a judged run has so many as its plan.
func stored(e *store.Entry, doc *results.Document, format format) (r rendered, err error) {
	r.doc = doc
	switch {
	case format.draws == drawsNone:
	case e.Kind != keptLoad:
		r.histories, err = e.Histories()
	case format.draws == drawsPicture:
		r.histories, err = doc.Picture(e.Most(), e.EachCall)
	}
	return r, err
}

// otherKind renders what is no judged run: as a person saw it, and in no other
// way. What should be a run and can't be read is an error.
func otherKind(e *store.Entry, format format, err error) ([]byte, error) {
	if e.Kind == keptRun {
		return nil, spoken(err)
	}
	if format.name != "table" {
		return nil, fmt.Errorf("a %s renders as table and json only, not as %s", e.Kind, format.name)
	}
	screen, err := e.Screen()
	if err != nil {
		return nil, err
	}
	if screen == nil {
		return nil, hint.New(fmt.Errorf("of the %s %s only the document was kept", e.Kind, e.Name()), "mcpload report --format json prints it")
	}
	return screen, nil
}
