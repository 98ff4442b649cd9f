package results

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// A Baseline lists rows of conformance that are known to fail, and must not decide a
// run's verdict until they expire. They stay in the document, as fails with the
// reason.
type Baseline []BaselineEntry

// A BaselineEntry is one row that is known to fail.
type BaselineEntry struct {
	Row      string // the row's id; required
	Protocol string // the only revision that it is known to fail in; empty: every one
	Expiry
}

// ReadBaseline reads a list of entries in YAML, of 4 MiB at most. Every fault is
// reported, with its line. known says why an entry is about nothing that could fail; now decides
// whether an entry lies too far ahead.
func ReadBaseline(in io.Reader, name string, now time.Time, known func(row, protocol string) error) (b Baseline,
	err error) {
	fields := []string{"row", "protocol", "until", "reason"}
	err = readKnown(in, name, "baseline", fields, func(given map[string]string, e Expiry) error {
		row := given["row"]
		if row == "" {
			return errors.New("the entry names no row")
		}
		if err := known(row, given["protocol"]); err != nil {
			return err
		}
		b = append(b, BaselineEntry{Row: row, Protocol: given["protocol"], Expiry: e})
		return e.check(row, now)
	})
	return b, err
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

// String names the entry's row.
func (e BaselineEntry) String() string {
	if e.Protocol == "" {
		return e.Row
	}
	return e.Row + " in " + e.Protocol
}
