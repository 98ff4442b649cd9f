package results

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/mcpload/mcpload/verdict"
)

// A Quarantine lists findings that are known and must not decide a run's exit
// status until they expire. They stay in the document, with their verdict.
type Quarantine []QuarantineEntry

// A QuarantineEntry is one known finding.
type QuarantineEntry struct {
	Server string // the server's name
	Check  string // the check's id; empty: every check of the server, and its errors
	Expiry
}

// ReadQuarantine reads a list of entries in YAML. Every fault is reported, with
// its line. now decides whether an entry lies too far ahead.
func ReadQuarantine(in io.Reader, name string, now time.Time) (q Quarantine, err error) {
	fields := []string{"server", "check", "until", "reason"}
	err = readKnown(in, name, "quarantine list", fields, func(given map[string]string, e Expiry) error {
		if given["server"] == "" {
			return errors.New("the entry names no server")
		}
		q = append(q, QuarantineEntry{Server: given["server"], Check: given["check"], Expiry: e})
		return e.check(given["server"], now)
	})
	return q, err
}

func (e QuarantineEntry) covers(server, check string) bool {
	return e.Server == server && (e.Check == "" || e.Check == check)
}

func (e QuarantineEntry) String() string {
	if e.Check == "" {
		return e.Server
	}
	return e.Server + " " + e.Check
}

// Apply marks the findings that are in quarantine and returns the verdict of
// all that isn't, and what a reader should know: entries that expired, and
// entries that nothing matched. The document keeps its verdicts.
func (q Quarantine) Apply(d *Document, now time.Time) (verdict.Verdict, []string) {
	used := make([]bool, len(q))
	held := func(server, check string) bool {
		found := false
		for i, e := range q {
			if e.covers(server, check) {
				used[i] = true
				found = found || e.holds(now)
			}
		}
		return found
	}
	var rest []verdict.Verdict
	for i := range d.Servers {
		s := &d.Servers[i]
		rest = append(rest, q.server(s, held))
	}
	var notes []string
	for i, e := range q {
		switch {
		case used[i] && !e.holds(now):
			notes = append(notes, fmt.Sprintf("the quarantine of %s ended on %s and counts again (%s)", e, e.Until,
				e.Reason))
		case !used[i] && slices.ContainsFunc(d.Servers, func(s Server) bool { return s.Server == e.Server }):
			notes = append(notes, fmt.Sprintf("nothing was found for the quarantine of %s: take it off the list", e))
		}
	}
	return verdict.Worst(rest...), notes
}

// server marks one server's findings and returns the verdict of the rest: pass
// where everything that isn't a pass is in quarantine.
func (q Quarantine) server(s *Server, held func(server, check string) bool) verdict.Verdict {
	rest := []verdict.Verdict{verdict.Pass}
	if s.Error != "" && !held(s.Server, "") {
		rest = append(rest, verdict.Inconclusive)
	}
	for i := range s.Scenarios {
		for j := range s.Scenarios[i].Findings {
			f := &s.Scenarios[i].Findings[j]
			if f.Verdict == verdict.Pass {
				continue
			}
			if f.Quarantined = held(s.Server, f.Check); !f.Quarantined {
				rest = append(rest, f.Verdict)
			}
		}
	}
	if len(s.Scenarios) == 0 && s.Error == "" {
		return s.Verdict
	}
	return verdict.Worst(rest...)
}
