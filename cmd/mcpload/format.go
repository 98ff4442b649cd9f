package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/page"
)

// A format is a way to render a run, fresh or stored.
type format struct {
	name, doc string
	write     func(w io.Writer, r rendered) error
	draws     draws
}

// draws says which of the single calls a format draws on, where there are any.
type draws int

const (
	drawsNone    draws = iota
	drawsProof         // those of witnesses, which loads don't have
	drawsPicture       // of a load so many as a picture needs
	drawsAll
)

// rendered is what there is to render.
type rendered struct {
	doc       *results.Document
	histories map[string][]history.Call
	each      func(fn func(server string, c *history.Call) error) error // in place of histories, one call after the other; nil: there are histories
	table     results.TableOptions
}

// vegeta writes every call.
func (r rendered) vegeta(w io.Writer) error {
	if r.each != nil {
		return results.VegetaStream(w, r.doc, r.each)
	}
	return results.Vegeta(w, r.doc, r.histories)
}

// formats is the catalogue of renderers.
func formats() []format {
	return []format{
		{"table", "for people, on a terminal", func(w io.Writer, r rendered) error { return results.Table(w, r.doc, r.table) }, drawsProof},
		{"json", "the whole result document", func(w io.Writer, r rendered) error { return r.doc.JSON(w) }, drawsNone},
		{"html", "one page that stands alone, with charts", func(w io.Writer, r rendered) error { return page.HTML(w, r.doc, r.histories) }, drawsPicture},
		{"markdown", "for a CI step summary", func(w io.Writer, r rendered) error { return results.Markdown(w, r.doc) }, drawsNone},
		{"junit", "for CI: a suite a server, a case a check", func(w io.Writer, r rendered) error { return results.JUnit(w, r.doc) }, drawsNone},
		{"benchfmt", "Go benchmarks, for benchstat", func(w io.Writer, r rendered) error { return results.Benchmark(w, r.doc, r.histories) }, drawsPicture},
		{"vegeta", "every call, for vegeta report, plot and encode", func(w io.Writer, r rendered) error { return r.vegeta(w) }, drawsAll},
		{"sarif", "for code scanning: a result a breach", func(w io.Writer, r rendered) error { return results.SARIF(w, r.doc) }, drawsNone},
		{"prometheus", "text exposition, for a scraper or push gateway", func(w io.Writer, r rendered) error { return results.Prometheus(w, r.doc) }, drawsNone},
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

// registerTableOrJSON adds the flag of a command that has no more than those two.
func registerTableOrJSON(flags *pflag.FlagSet, format *string) {
	flags.StringVar(format, "format", "table", "table or json")
}

// tableOrJSON refuses other formats.
func tableOrJSON(format string) error {
	if format != "table" && format != "json" {
		return fmt.Errorf("--format %q is neither table nor json", format)
	}
	return nil
}
