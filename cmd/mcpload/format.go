package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/page"
	"github.com/mcpload/mcpload/results"
)

// A format is a way to render a run, fresh or stored.
type format struct {
	name, doc string
	write     func(w io.Writer, r rendered) error
	calls     bool // it draws on single calls, where there are any
}

// rendered is what there is to render.
type rendered struct {
	doc       *results.Document
	histories map[string][]history.Call
	table     results.TableOptions
}

// formats is the catalogue of renderers.
func formats() []format {
	return []format{
		{"table", "for people, on a terminal", func(w io.Writer, r rendered) error { return results.Table(w, r.doc, r.table) }, false},
		{"json", "the whole result document", func(w io.Writer, r rendered) error { return r.doc.JSON(w) }, false},
		{"html", "one page that stands alone, with charts", func(w io.Writer, r rendered) error { return page.HTML(w, r.doc, r.histories) }, true},
		{"markdown", "for a CI step summary", func(w io.Writer, r rendered) error { return results.Markdown(w, r.doc) }, false},
		{"junit", "for CI: a suite a server, a case a check", func(w io.Writer, r rendered) error { return results.JUnit(w, r.doc) }, false},
		{"benchfmt", "Go benchmarks, for benchstat", func(w io.Writer, r rendered) error { return results.Benchmark(w, r.doc, r.histories) }, true},
		{"vegeta", "every call, for vegeta report, plot and encode", func(w io.Writer, r rendered) error { return results.Vegeta(w, r.doc, r.histories) }, true},
		{"prometheus", "text exposition, for a scraper or push gateway", func(w io.Writer, r rendered) error { return results.Prometheus(w, r.doc) }, false},
	}
}

// formatNamed returns a format, or says which there are.
func formatNamed(name string) (format, error) {
	var names []string
	for _, f := range formats() {
		if f.name == name {
			return f, nil
		}
		names = append(names, f.name)
	}
	last := len(names) - 1
	return format{}, fmt.Errorf("--format %q is none of %s and %s", name, strings.Join(names[:last], ", "), names[last])
}

// formatNames lists them for a flag's help.
func formatNames() string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return strings.Join(names, ", ")
}
