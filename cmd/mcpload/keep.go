package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/store"
)

// storeFlags say where runs are kept.
type storeFlags struct {
	dir  string
	none bool
}

// register adds the flags of a command that looks runs up.
func (f *storeFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.dir, "results", "", "`folder` of kept runs (default $MCPLOAD_RESULTS, else "+
		"mcpload/results in the user's data folder)")
}

// registerKeep adds the flags of a command that keeps runs.
func (f *storeFlags) registerKeep(cmd *cobra.Command) {
	f.register(cmd)
	cmd.Flags().BoolVar(&f.none, "no-store", false, "don't keep the run")
}

// open returns the store of the flags, or of the environment.
func (f *storeFlags) open() (*store.Store, error) {
	dir := cmp.Or(f.dir, os.Getenv("MCPLOAD_RESULTS"))
	if dir != "" {
		return store.Open(dir)
	}
	dir, err := store.UsualFolder(os.Getenv)
	if err != nil {
		return nil, hint.New(err, "name one with --results or $MCPLOAD_RESULTS")
	}
	return store.Open(dir)
}

// find looks a run up, with a hint where there is none.
func (f *storeFlags) find(name string) (*store.Entry, error) {
	s, err := f.open()
	if err != nil {
		return nil, err
	}
	e, err := s.Find(name, store.Filter{})
	return e, lookedUp(s, err, name)
}

// keep stores a finished run and returns it without its secrets, which is how it
// is to be printed too: where they can't be taken out, nothing is stored and
// nothing printed. That a run can't be kept is said and changes nothing else: its
// verdict is worth as much.
func (a *app) keep(f *storeFlags, r store.Run) (store.Run, error) {
	r.Machine, r.Redact = store.ThisMachine(version(), invoked.Kept(os.Args)), a.clean
	r, err := r.Clean()
	if err != nil || f.none {
		return r, err
	}
	s, err := f.open()
	var e *store.Entry
	if err == nil {
		e, err = s.Keep(r)
	}
	if err != nil {
		a.say("warning: %s", err)
		a.say("hint: --results names another folder, --no-store keeps nothing")
		return r, nil
	}
	a.ends.kept = e.ID
	return r, nil
}

// keepRun stores a run's document and its calls, and returns both as they are to
// be printed.
func (a *app) keepRun(f *storeFlags, kind string, began time.Time, doc *results.Document,
	histories map[string][]history.Call) (*results.Document, map[string][]history.Call, error) {
	return a.keepDocument(f, doc, store.Run{Kind: kind, Started: began, Histories: histories})
}

// keepDocument stores a run of a document, whose calls may be on disk.
func (a *app) keepDocument(f *storeFlags, doc *results.Document, r store.Run) (*results.Document,
	map[string][]history.Call, error) {
	var text bytes.Buffer
	a.addClocks(doc)
	if err := doc.JSON(&text); err != nil {
		return nil, nil, err
	}
	r.Document = text.Bytes()
	r, err := a.keep(f, r)
	if err != nil {
		return nil, nil, err
	}
	kept, err := results.Decode(bytes.NewReader(r.Document))
	if err != nil {
		return nil, nil, fmt.Errorf("internal error: the document can't be read again: %w", err)
	}
	a.ends.of(kept)
	return kept, r.Histories, nil
}

// asCalled takes a command's flags as they were given, in that order.
func asCalled(cmd *cobra.Command, command []string) *invoked.Command {
	v := &invoked.Command{Path: cmd.CommandPath(), Words: command}
	flags := cmd.Flags()
	flags.SortFlags = false // from here on nothing is listed for help
	flags.Visit(func(f *pflag.Flag) {
		if list, ok := f.Value.(interface{ GetSlice() []string }); ok {
			for _, one := range list.GetSlice() {
				v.Flags = append(v.Flags, invoked.Flag{Name: f.Name, Value: one})
			}
			return
		}
		value := f.Value.String()
		v.Flags = append(v.Flags, invoked.Flag{Name: f.Name, Value: value, Bare: f.Value.Type() == "bool" &&
			value == "true"})
	})
	return v
}
