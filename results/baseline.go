package results

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// A Baseline lists rows of conformance that are known to fail, and must not decide a
// run's verdict until they expire. They stay in the document, as fails with the
// reason.
type Baseline []BaselineEntry

// A BaselineEntry is one row that is known to fail.
type BaselineEntry struct {
	Row      string // the row's id; required
	Protocol string // the only revision that it is known to fail in; empty: every one
	Until    string // the last day on which it holds, as 2026-12-31 (UTC); required
	Reason   string // why, for whoever finds it; required
	line     int
}

// ReadBaseline reads a list of entries in YAML, of 4 MiB at most. Every fault is
// reported, with its line. known reports if there is a row of an id; now decides
// whether an entry lies too far ahead.
func ReadBaseline(in io.Reader, name string, now time.Time, known func(row string) bool) (Baseline, error) {
	nodes, err := entries(in, name, "baseline", "row, until and reason")
	if err != nil {
		return nil, err
	}
	var b Baseline
	var faults []error
	for _, node := range nodes {
		e, err := baselineEntry(node)
		if err == nil {
			err = e.check(now, known)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s:%w", name, err))
		}
		b = append(b, e)
	}
	return b, errors.Join(faults...)
}

// baselineEntry reads one entry. Its error begins with the line.
func baselineEntry(node *yaml.Node) (BaselineEntry, error) {
	e := BaselineEntry{line: node.Line}
	if node.Kind != yaml.MappingNode {
		return e, fmt.Errorf("%d: an entry has the fields row, protocol, until and reason", node.Line)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		field, ok := map[string]*string{"row": &e.Row, "protocol": &e.Protocol, "until": &e.Until,
			"reason": &e.Reason}[key.Value]
		switch {
		case !ok:
			return e, fmt.Errorf("%d: unknown field %q; there are row, protocol, until and reason", key.Line, key.Value)
		case value.Kind != yaml.ScalarNode:
			return e, fmt.Errorf("%d: %s is a text", value.Line, key.Value)
		}
		*field = strings.TrimSpace(value.Value)
	}
	return e, nil
}

func (e BaselineEntry) check(now time.Time, known func(row string) bool) error {
	switch {
	case e.Row == "":
		return fmt.Errorf("%d: the entry names no row", e.line)
	case !known(e.Row):
		return fmt.Errorf("%d: there is no row %q", e.line, e.Row)
	case e.Reason == "":
		return fmt.Errorf("%d: the entry of %s gives no reason", e.line, e.Row)
	case e.Until == "":
		return fmt.Errorf("%d: the entry of %s never expires: give until, as in until: 2026-12-31", e.line, e.Row)
	}
	until, err := time.Parse(time.DateOnly, e.Until)
	switch {
	case err != nil:
		return fmt.Errorf("%d: until: %q is no date such as 2026-12-31", e.line, e.Until)
	case until.Sub(now) > LongestQuarantine:
		return fmt.Errorf("%d: until: %s lies more than %d days ahead", e.line, e.Until,
			int(LongestQuarantine.Hours()/24))
	}
	return nil
}

// Apply marks the fails that are known, so that they decide nothing, and returns what
// a reader should know: entries that have expired, and entries whose row was tried
// and doesn't fail any more. The document is to be finished behind it.
func (b Baseline) Apply(d *Document, now time.Time) (notes []string) {
	tried, used := make([]bool, len(b)), make([]bool, len(b))
	for i := range d.Servers {
		for j := range d.Servers[i].Scenarios {
			sc := &d.Servers[i].Scenarios[j]
			if sc.Conform == nil {
				continue
			}
			for k := range sc.Conform.Rows {
				b.mark(&sc.Conform.Rows[k], sc.Conform.Protocol, now, tried, used)
			}
			*sc = NewConform(*sc.Conform, sc.Calls)
		}
	}
	for i, e := range b {
		switch {
		case used[i] && !e.holds(now):
			notes = append(notes, fmt.Sprintf("the baseline's %s ended on %s and counts again (%s)", e, e.Until,
				e.Reason))
		case tried[i] && !used[i]:
			notes = append(notes, fmt.Sprintf("the baseline's %s fails no more: take it off the list", e))
		case !tried[i]:
			notes = append(notes, fmt.Sprintf("the baseline's %s could not be judged here", e))
		}
	}
	return slices.Clip(notes)
}

// mark looks up one row.
func (b Baseline) mark(r *ConformRow, protocol string, now time.Time, tried, used []bool) {
	for i, e := range b {
		if e.Row != r.ID || e.Protocol != "" && e.Protocol != protocol {
			continue
		}
		tried[i] = tried[i] || r.Answer != RowNotTestable
		if r.Answer != RowFail {
			continue
		}
		used[i] = true
		if e.holds(now) {
			r.Known = e.Reason
		}
	}
}

func (e BaselineEntry) holds(now time.Time) bool { return now.UTC().Format(time.DateOnly) <= e.Until }

// String names the entry's row.
func (e BaselineEntry) String() string {
	if e.Protocol == "" {
		return e.Row
	}
	return e.Row + " in " + e.Protocol
}
