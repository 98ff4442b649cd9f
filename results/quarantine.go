package results

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/verdict"
)

// LongestQuarantine is how far ahead an entry may expire. What nobody looks at
// for longer than that is not in quarantine but forgotten.
const LongestQuarantine = 92 * 24 * time.Hour

// A Quarantine lists findings that are known and must not decide a run's exit
// status until they expire. They stay in the document, with their verdict.
type Quarantine []QuarantineEntry

// A QuarantineEntry is one known finding.
type QuarantineEntry struct {
	Server string // the server's name
	Check  string // the check's id; empty: every check of the server, and its errors
	Until  string // the last day on which it holds, as 2026-12-31 (UTC)
	Reason string // why, for whoever finds it; required
	line   int
}

// mostQuarantine is how long a list may be, in bytes.
const mostQuarantine = 4 << 20

// ReadQuarantine reads a list of entries in YAML. Every fault is reported, with
// its line. now decides whether an entry lies too far ahead.
func ReadQuarantine(in io.Reader, name string, now time.Time) (Quarantine, error) {
	nodes, err := entries(in, name, "quarantine list", "server, until and reason")
	if err != nil {
		return nil, err
	}
	var q Quarantine
	var faults []error
	for _, node := range nodes {
		e, err := entryOf(node, now)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s:%w", name, err))
		}
		q = append(q, e)
	}
	return q, errors.Join(faults...)
}

// entries reads a list of known findings in YAML, which what names: of none where it is
// empty, or nothing but comments.
func entries(in io.Reader, name, what, fields string) ([]*yaml.Node, error) {
	text, err := io.ReadAll(io.LimitReader(in, mostQuarantine+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the %s: %w", what, err)
	}
	if len(text) > mostQuarantine {
		return nil, fmt.Errorf("%s: a %s has at most %d MiB", name, what, mostQuarantine>>20)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil
	}
	var file yaml.Node
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(file.Content) == 0 {
		return nil, nil
	}
	if file.Content[0].Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("%s:%d: a %s is a list of entries with %s", name, file.Content[0].Line, what, fields)
	}
	return file.Content[0].Content, nil
}

// entryOf reads one entry. Its error begins with the line.
func entryOf(node *yaml.Node, now time.Time) (QuarantineEntry, error) {
	e := QuarantineEntry{line: node.Line}
	if node.Kind != yaml.MappingNode {
		return e, fmt.Errorf("%d: an entry has the fields server, check, until and reason", node.Line)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		field, ok := map[string]*string{"server": &e.Server, "check": &e.Check, "until": &e.Until,
			"reason": &e.Reason}[key.Value]
		if !ok {
			return e, fmt.Errorf("%d: unknown field %q; there are server, check, until and reason", key.Line, key.Value)
		}
		if value.Kind != yaml.ScalarNode {
			return e, fmt.Errorf("%d: %s is a text", value.Line, key.Value)
		}
		*field = strings.TrimSpace(value.Value)
	}
	switch {
	case e.Server == "":
		return e, fmt.Errorf("%d: the entry names no server", e.line)
	case e.Reason == "":
		return e, fmt.Errorf("%d: the entry of %s gives no reason", e.line, e.Server)
	case e.Until == "":
		return e, fmt.Errorf("%d: the entry of %s never expires: give until, as in until: 2026-12-31", e.line, e.Server)
	}
	until, err := time.Parse(time.DateOnly, e.Until)
	switch {
	case err != nil:
		return e, fmt.Errorf("%d: until: %q is no date such as 2026-12-31", e.line, e.Until)
	case until.Sub(now) > LongestQuarantine:
		return e, fmt.Errorf("%d: until: %s lies more than %d days ahead", e.line, e.Until,
			int(LongestQuarantine.Hours()/24))
	}
	return e, nil
}

// holds reports if the entry has not expired yet.
func (e QuarantineEntry) holds(now time.Time) bool {
	return now.UTC().Format(time.DateOnly) <= e.Until
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
