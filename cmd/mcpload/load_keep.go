package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/store"
)

// keepLoad stores the run, and returns it as it is to be printed.
func (a *app) keepLoad(f *loadFlags, l *loadJob, began time.Time, doc *results.Document,
	calls *history.Spool) (rendered, error) {
	var text bytes.Buffer
	a.addClocks(doc)
	if err := doc.JSON(&text); err != nil {
		return rendered{}, err
	}
	r := store.Run{Kind: keptLoad, Started: began, Document: text.Bytes()}
	if calls != nil {
		if !calls.OnDisk() {
			r.Histories = map[string][]history.Call{l.Profile.Name: calls.Calls()}
		} else {
			r.Spooled = map[string]store.Spooled{l.Profile.Name: {Open: calls.Open, Calls: calls.Len()}}
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
	a.ends.of(kept.doc)
	kept.table = a.tableOptions(f.output, false, nil)
	if calls != nil && calls.OnDisk() {
		err = l.draw(&kept, calls)
	}
	return kept, err
}

// draw gives a rendering the calls on disk that its format draws on.
func (l *loadJob) draw(r *rendered, calls *history.Spool) (err error) {
	server := r.doc.Servers[0].Server
	each := func(fn func(string, *history.Call) error) error {
		return calls.Each(func(c *history.Call) error { return fn(server, c) })
	}
	switch l.format.draws {
	case drawsAll:
		r.each = each
	case drawsPicture:
		r.histories, err = r.doc.Picture(calls.Len(), each)
	}
	return err
}

// renderLoad writes the result to where it was asked for.
func (a *app) renderLoad(f *loadFlags, l *loadJob, kept rendered) error {
	out, end, err := a.out(f.output)
	if err != nil {
		return err
	}
	forPeople(out, f.format)
	return errors.Join(l.format.write(out, kept), end())
}
