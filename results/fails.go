package results

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/verdict"
)

// indents of the parts about one server.
const (
	inset = 2
	hang  = inset + 8
)

// A fail is a failed finding and where it stands.
type fail struct {
	scenario string
	Finding
}

// fails adds the reason and the proof of every fail.
func (s *screen) fails() error {
	for i := range s.doc.Servers {
		v := &s.doc.Servers[i]
		if v.Verdict != verdict.Fail {
			continue
		}
		s.heading(fmt.Sprintf("%s: why it fails", v.Server))
		seen := map[string]bool{} // checks that were shown
		proofs := map[string]string{}
		cause := ""
		for _, f := range v.fails() {
			s.item(inset, 0, red, "fail", fmt.Sprintf("%s, scenario %s", f.Check, f.scenario))
			s.item(inset, hang, "", "want", f.Want)
			s.item(inset, hang, "", "saw", f.Saw)
			if f.Cause != "" && f.Cause != cause {
				s.item(inset, hang, "", "cause", f.Cause)
				cause = f.Cause
			}
			s.proof(v, f, proofs, !seen[f.Check] || s.verbose)
			seen[f.Check] = true
		}
		s.next(v.failHints())
	}
	return nil
}

// fails lists a server's failed findings, those of a check together, in the
// order of the run.
func (v *Server) fails() []fail {
	var list []fail
	for _, check := range v.failedChecks() {
		for _, sc := range v.Scenarios {
			for _, f := range sc.Findings {
				if f.Verdict == verdict.Fail && f.Check == check {
					list = append(list, fail{sc.Scenario, f})
				}
			}
		}
	}
	return list
}

// proof adds what the witness of a fail proves and, where asked for and where
// the history is at hand, its drawing. The same witness is shown once: proofs
// remembers them.
func (s *screen) proof(v *Server, f fail, proofs map[string]string, draw bool) {
	if f.Witness == nil {
		return
	}
	key := fmt.Sprint(f.Witness.FromNS, f.Witness.ToNS, f.Witness.Calls)
	if earlier, ok := proofs[key]; ok {
		s.item(inset, hang, "", "proof", "the same calls as for "+earlier+" above")
		return
	}
	proofs[key] = f.Check
	w := f.Witness.evidence()
	text := proof(w)
	calls, stored := s.histories[v.Server]
	if !stored || !draw {
		text += " " + capital(listed(w.Calls)) + " of the history."
		s.item(inset, hang, "", "proof", text)
		return
	}
	s.item(inset, hang, "", "proof", text)
	picture, err := newScene(calls, w, v.Limit)
	if err != nil {
		// The document stands by itself; only the drawing needs the calls.
		s.item(inset, hang, "", "", "no drawing, as the stored calls don't match: "+strings.TrimPrefix(err.Error(), "results: "))
		return
	}
	s.blank()
	picture.draw(s.page, inset)
	s.blank()
}

// next adds what to do, a line each.
func (s *screen) next(hints []string) {
	if len(hints) == 0 {
		return
	}
	s.item(inset, 0, "", "what to do next", "")
	for _, h := range hints {
		s.item(inset, inset+2, "", "-", h)
	}
}

// unsure adds what inconclusive runs were missing, and why servers could not
// run.
func (s *screen) unsure() error {
	for i := range s.doc.Servers {
		v := &s.doc.Servers[i]
		if v.Error != "" {
			s.heading(v.Server + ": " + stopped(v))
			s.item(inset, hang, yellow, "error", v.Error)
			if v.Hint != "" {
				s.item(inset, hang, "", "hint", v.Hint)
			}
		}
		open := v.open()
		if len(open) == 0 || (v.Verdict == verdict.Fail && !s.verbose) {
			continue
		}
		s.heading(v.Server + ": what the run could not tell")
		for _, f := range open {
			s.item(inset, 0, yellow, "inconclusive", fmt.Sprintf("%s, scenario %s", f.Check, f.scenario))
			s.item(inset, hang, "", "want", f.Want)
			s.item(inset, hang, "", "saw", f.Saw)
		}
		s.next(v.openHints())
	}
	return nil
}

func stopped(v *Server) string {
	if len(v.Scenarios) == 0 {
		return "could not run"
	}
	return "stopped early"
}

// open lists a server's inconclusive findings. Where the same check saw the
// same in several scenarios, they share one entry.
func (v *Server) open() []fail {
	var list []fail
	for _, sc := range v.Scenarios {
		for _, f := range sc.Findings {
			if f.Verdict != verdict.Inconclusive {
				continue
			}
			same := slices.IndexFunc(list, func(o fail) bool { return o.Check == f.Check && o.Saw == f.Saw })
			if same >= 0 {
				list[same].scenario += ", " + sc.Scenario
				continue
			}
			list = append(list, fail{sc.Scenario, f})
		}
	}
	return list
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
