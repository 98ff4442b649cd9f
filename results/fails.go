package results

import (
	"fmt"

	"github.com/mcpload/mcpload/internal/words"
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
func (s *view) fails() error {
	for i := range s.doc.Servers {
		v := &s.doc.Servers[i]
		if v.Verdict != verdict.Fail {
			continue
		}
		s.heading(fmt.Sprintf("%s: why it fails", v.Server))
		proofs := map[string]string{}
		var last Finding
		for n, f := range v.fails() {
			if n > 0 {
				s.blank()
			}
			title := f.Check + " in " + f.scenario
			if f.Quarantined {
				title += " (in quarantine)"
			}
			s.item(inset, 0, red, "fail", title)
			if f.Check != last.Check {
				s.item(inset, hang, "", "want", f.Want)
			}
			s.item(inset, hang, "", "saw", f.Saw)
			if f.Cause != "" && f.Cause != last.Cause {
				s.item(inset, hang, "", "cause", f.Cause)
			}
			s.proof(v, f, proofs, f.Check != last.Check || s.verbose)
			last = f.Finding
		}
		s.next(v.failHints())
	}
	return nil
}

// fails lists a server's failed findings, those of a check together.
func (v *Server) fails() []fail {
	var list []fail
	for _, check := range v.failedChecks() {
		list = append(list, v.found(check, verdict.Fail)...)
	}
	return list
}

// found lists what a check found in every scenario, where it is of a verdict.
func (v *Server) found(check string, of verdict.Verdict) []fail {
	var list []fail
	for _, sc := range v.Scenarios {
		for _, f := range sc.Findings {
			if f.Verdict == of && f.Check == check {
				list = append(list, fail{sc.Scenario, f})
			}
		}
	}
	return list
}

// proof adds what the witness of a fail proves, with its drawing where the
// history is at hand; or only names its calls. The same witness is shown once:
// proofs remembers them.
func (s *view) proof(v *Server, f fail, proofs map[string]string, draw bool) {
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
	if !draw {
		s.item(inset, hang, "", "proof", fmt.Sprintf("%s of the history, from %s to %s of the run", positions(w.Calls),
			words.Span(w.From), words.Span(w.To)))
		return
	}
	s.item(inset, hang, "", "proof", proof(w))
	calls, stored := s.histories[v.Server]
	if !stored {
		return
	}
	picture, err := newScene(calls, w, v.Limit)
	if err != nil {
		// The document stands by itself; only the drawing needs the calls.
		s.item(inset, hang, "", "", "no drawing, as the stored calls don't match: "+err.Error())
		return
	}
	s.blank()
	picture.draw(s.page, inset)
}

// next adds what to do, a line each.
func (s *view) next(hints []string) {
	if len(hints) == 0 {
		return
	}
	s.blank()
	s.item(inset, 0, bold, "what to do next", "")
	for _, h := range hints {
		s.item(inset, inset+2, "", "-", h)
	}
}

// unsure adds what inconclusive runs were missing, and why servers could not
// run.
func (s *view) unsure() error {
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
		last := ""
		for _, f := range together(open) {
			if f.Check != last {
				s.item(inset, 0, yellow, "inconclusive", f.Check)
				if f.Want != "" {
					s.item(inset, hang, "", "want", f.Want)
				}
				last = f.Check
			}
			s.item(inset, hang, "", "saw", f.Saw+" (in "+f.scenario+")")
		}
		s.next(v.openHints())
	}
	return nil
}

func stopped(v *Server) string {
	if v.idle() {
		return "could not run"
	}
	return "stopped early"
}

// together puts checks in a row that saw the same in one entry, which says no
// more what each wanted: where one reason stops a dozen of them, it is the
// reason that counts.
func together(list []fail) []fail {
	var out []fail
	for _, f := range list {
		if n := len(out); n > 0 && out[n-1].Saw == f.Saw && out[n-1].scenario == f.scenario {
			out[n-1].Check += ", " + f.Check
			out[n-1].Want = ""
			continue
		}
		out = append(out, f)
	}
	return out
}

// open lists a server's inconclusive findings, those of a check together.
// Where it saw the same in several scenarios, they share one entry.
func (v *Server) open() []fail {
	var list []fail
	for _, check := range v.checks(verdict.Inconclusive) {
		for _, f := range v.found(check, verdict.Inconclusive) {
			if n := len(list); n > 0 && list[n-1].Check == check && list[n-1].Saw == f.Saw {
				list[n-1].scenario += ", " + f.scenario
				continue
			}
			list = append(list, f)
		}
	}
	return list
}
