package results

import (
	"github.com/mcpload/mcpload/verdict"
)

// What the screen says of a run, for renderers that aren't a screen: the same
// words everywhere.

// Headline is the verdict in words: its first word, such as "fail", and the
// sentence behind it.
func (d *Document) Headline() (word, says string) {
	return (&view{doc: d}).verdictWords()
}

// Reached says how the servers were reached, and is empty where that differs
// from server to server.
func (d *Document) Reached() string {
	s := &view{doc: d}
	if len(d.Servers) == 0 || !s.sameTarget() {
		return ""
	}
	return s.targetWords()
}

// Generator says if our own traffic was sent when it was due, and true if so.
// It is empty where nothing was planned.
func (d *Document) Generator() (says string, ok bool) {
	return (&view{doc: d}).generator()
}

// MeasuredWords says what was measured of a server, or why there is nothing to
// tell.
func (s *Server) MeasuredWords() string { return s.box() }

// Idle reports if a server could not run at all: nothing was sent to it.
func (s *Server) Idle() bool { return s.idle() }

// A Place is a finding and the scenarios that made it.
type Place struct {
	Scenario string // its name; several, separated by commas, where all saw the same
	Finding
}

// Found lists a server's findings of a verdict, those of a check together.
// Inconclusive ones that saw the same share a place.
func (s *Server) Found(of verdict.Verdict) []Place {
	var list []fail
	if of == verdict.Inconclusive {
		list = s.open()
	} else {
		for _, check := range s.checks(of) {
			list = append(list, s.found(check, of)...)
		}
	}
	out := make([]Place, len(list))
	for i, f := range list {
		out[i] = Place{f.scenario, f.Finding}
	}
	return out
}

// Next is what to do about a server: about its fails, or where it has none
// about what the run could not tell.
func (s *Server) Next() []string {
	if s.Verdict == verdict.Fail {
		return s.failHints()
	}
	return s.openHints()
}

// Says is what a witness proves, in a sentence that names its calls.
func (w Witness) Says() string { return proof(w.evidence()) }

// Words says the rates that were offered and admitted, a second. A burst that
// was sent at once has none.
func (a Achieved) Words() (offered, admitted string) { return a.words() }
