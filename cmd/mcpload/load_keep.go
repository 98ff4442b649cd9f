package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/store"
)

// keepLoad stores the run, and returns it as it is to be printed. Calls on disk
// are read back only for a format that draws on them.
func (a *app) keepLoad(f *loadFlags, l *loadJob, began time.Time, doc *results.Document, calls *history.Spool) (rendered, error) {
	var text bytes.Buffer
	if err := doc.JSON(&text); err != nil {
		return rendered{}, err
	}
	r := store.Run{Kind: keptLoad, Started: began, Document: text.Bytes(), Redact: l.redact}
	if calls != nil {
		defer func() { _ = calls.Remove() }() // a file for temporary files is nobody's loss
		if calls.Path() == "" {
			r.Histories = map[string][]history.Call{l.profile.Name: calls.Calls()}
		} else {
			r.Spooled = map[string]store.Spooled{l.profile.Name: {Path: calls.Path(), Calls: calls.Len()}}
		}
	}
	r, err := a.keep(&f.storeFlags, r)
	if err != nil {
		return rendered{}, err
	}
	kept := rendered{histories: r.Histories}
	if kept.doc, err = results.Decode(bytes.NewReader(r.Document)); err != nil {
		return kept, err
	}
	if calls != nil && calls.Path() != "" && l.format.calls {
		all, err := calls.All()
		if err != nil {
			return kept, err
		}
		kept.histories = map[string][]history.Call{kept.doc.Servers[0].Server: all}
	}
	kept.table = a.tableOptions(f.output, false, nil)
	return kept, nil
}

// renderLoad writes the result to where it was asked for.
func (a *app) renderLoad(f *loadFlags, l *loadJob, kept rendered) error {
	out, end, err := a.out(f.output)
	if err != nil {
		return err
	}
	return errors.Join(l.format.write(out, kept), end())
}
