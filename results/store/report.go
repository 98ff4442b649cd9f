package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/screen"
)

// A Renderer renders kept runs as fresh ones are.
type Renderer struct {
	Format export.Format[export.Run]
	// Table is how a terminal shows a run, of whose calls there are these
	Table func(map[string][]history.Call) results.TableOptions
	Warn  func(format string, args ...any)
}

// Report renders a run. What it returns writes it: what is too much for the memory as it is
// read, all else once it is whole, so that what can't be rendered leaves no file behind.
func (r Renderer) Report(e *Entry) (write func(io.Writer) error, err error) {
	doc, err := e.Run()
	if err != nil || r.Format.Name == "json" {
		return r.stored(e, err)
	}
	run, err := export.Stored(e, doc, e.Kind == KindLoad, r.Format.Draws)
	if err != nil {
		r.damaged(err)
	}
	return r.Render(e, run)
}

// Render is Report of a run that was judged again.
func (r Renderer) Render(e *Entry, run export.Run) (write func(io.Writer) error, err error) {
	run.Table = r.Table(run.Histories)
	if run.Each != nil {
		return func(w io.Writer) error { return r.unrendered(e, r.Format.Write(w, run)) }, nil
	}
	var text bytes.Buffer
	if err := r.Format.Write(&text, run); err != nil {
		return nil, r.unrendered(e, err)
	}
	return whole(text.Bytes()), nil
}

func whole(text []byte) func(io.Writer) error {
	return func(w io.Writer) error { _, err := w.Write(text); return err }
}

// damaged warns of calls that can't be read.
func (r Renderer) damaged(err error) {
	r.Warn("warning: %s", err)
	r.Warn("what needs the calls is left out")
}

// unrendered says why a run couldn't be rendered, if it couldn't.
func (r Renderer) unrendered(e *Entry, err error) error {
	if errors.Is(err, results.ErrNoCalls) {
		return hint.New(fmt.Errorf("run %s has no stored calls, and %s shows nothing else", e.Name(), r.Format.Name),
			"name the run in the store, or its folder, rather than its document alone")
	}
	return err
}

// stored is the document as it is, or what is no judged run: as a person saw it, and in no
// other way. What should be a run and can't be read is an error.
func (r Renderer) stored(e *Entry, unread error) (write func(io.Writer) error, err error) {
	document, err := e.Document()
	switch {
	case err != nil:
		return nil, err
	case r.Format.Name == "json":
		return whole(document), nil
	case e.Kind == KindProbe && r.Format.Name == "html":
		return r.probe(e, document)
	case e.Kind == KindProbe && r.Format.Name == "table":
		if write, err := r.probe(e, document); err == nil {
			return write, nil
		} // as it was shown when it was made, then
	case e.Kind == KindRun:
		return nil, unread
	case r.Format.Name != "table" && e.Kind == KindProbe:
		return nil, fmt.Errorf("a %s renders as table, html and json only, not as %s", e.Kind, r.Format.Name)
	case r.Format.Name != "table":
		return nil, fmt.Errorf("a %s renders as table and json only, not as %s", e.Kind, r.Format.Name)
	}
	text, err := e.Screen()
	if err == nil && text == nil {
		err = hint.New(fmt.Errorf("of the %s %s only the document was kept", e.Kind, e.Name()),
			"mcpload report --format json prints it")
	}
	return whole(text), err
}

// probe draws a kept probe.
func (r Renderer) probe(e *Entry, document []byte) (write func(io.Writer) error, err error) {
	format, err := export.Probes().Named(r.Format.Name)
	if err != nil {
		return nil, err
	}
	doc, err := results.DecodeProbed(bytes.NewReader(document))
	if err != nil {
		return nil, err
	}
	calls, err := e.Histories()
	if err != nil {
		r.damaged(err)
	}
	text := screen.Buffer{Wide: r.Table(nil).Width}
	err = format.Write(&text, export.Probe{Document: doc, Calls: calls[doc.Server]})
	return whole(text.Bytes()), err
}
