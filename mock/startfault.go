package mock

import (
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/mcpload/mcpload/apikey"
)

// A StartFault is one way to start wrongly.
type StartFault struct {
	Name  string
	Doc   string // what is wrong, in one sentence
	Check string // the check of the start-up scenario that must fail for it
	HTTP  bool   // it shows over http only

	change func(*Start, *values)
}

// StartFaults returns the catalogue, kin beside kin. Credentials that show,
// show where they are good: a refusal that quotes them is a fault of its own.
func StartFaults() []StartFault {
	return slices.Concat(refusalFaults(), readinessFaults(), leakFaults())
}

// StartFaultNamed returns the start-up fault of that name.
func StartFaultNamed(name string) (StartFault, bool) {
	for _, f := range StartFaults() {
		if f.Name == name {
			return f, true
		}
	}
	return StartFault{}, false
}

func startFaultNames() []string {
	var names []string
	for _, f := range StartFaults() {
		names = append(names, f.Name)
	}
	return names
}

// served makes a server start in spite of a problem.
func served(s *Start, v *values) {
	v.problems = nil
	*s = v.honest()
}

// refusing changes what a server does that refuses to start.
func refusing(change func(*Start, *values)) func(*Start, *values) {
	return func(s *Start, v *values) {
		if s.Exit {
			change(s, v)
		}
	}
}

// serving changes what a server does that starts.
func serving(change func(*Start, *values)) func(*Start, *values) {
	return func(s *Start, v *values) {
		if !s.Exit {
			change(s, v)
		}
	}
}

// taking starts with what has only such problems.
func taking(kinds ...string) func(*Start, *values) {
	return refusing(func(s *Start, v *values) {
		if v.only(kinds...) {
			served(s, v)
		}
	})
}

// saying replaces each line of a refusal.
func saying(line func(problem) string) func(*Start, *values) {
	return refusing(func(s *Start, v *values) {
		s.Stderr = nil
		for _, p := range v.problems {
			s.Stderr = append(s.Stderr, line(p))
		}
	})
}

// refusalFaults are about when and how a server refuses.
func refusalFaults() []StartFault {
	return []StartFault{
		{Name: "validates-nothing", Check: "refuses", Doc: "it starts whatever its credentials are",
			change: refusing(served)},
		{Name: "takes-missing", Check: "refuses", Doc: "it starts without a credential that it must have, and checks " +
			"those that are there", change: taking(kindMissing)},
		{Name: "takes-placeholder", Check: "refuses", Doc: "it starts with what a template says",
			change: taking(kindPlaceholder)},
		{Name: "takes-malformed", Check: "refuses", Doc: "it checks that a credential is there, not what it looks like",
			change: taking(kindMalformed)},
		{Name: "hangs", Check: "refuses", Doc: "with a bad credential it neither serves nor ends",
			change: refusing(func(s *Start, _ *values) { s.Exit, s.Hang = false, true })},
		{Name: "answers-first", Check: "refuses", Doc: "it looks at its credentials after the first request, and " +
			"then ends", change: refusing(func(s *Start, _ *values) {
			*s = Start{Quit: true, Status: 1}
		})},
		{Name: "refuses-good", Check: "starts", Doc: "it knows only the format that its provider used to issue",
			change: serving(func(s *Start, v *values) {
				if p, bad := v.modern(); bad {
					v.problems = append(v.problems, p)
					*s = v.refusal()
				}
			})},
		{Name: "exits-zero", Check: "exit-status", Doc: "it refuses, and ends with status 0 as if all were well",
			change: refusing(func(s *Start, _ *values) { s.Status = 0 })},
		{Name: "quits", Check: "exit-status", Doc: "it ends by itself with status 0 after its first answer",
			change: serving(func(s *Start, _ *values) { s.Quit = true })},
		{Name: "unnamed", Check: "names-variable", Doc: "its refusal doesn't say which variable is at fault",
			change: saying(func(p problem) string {
				return fmt.Sprintf("error: the API key %s; expected %s", p.reason, p.format)
			})},
		{Name: "unexplained", Check: "names-format", Doc: "its refusal doesn't say what the credential should " +
			"look like", change: saying(func(p problem) string {
			return fmt.Sprintf("error: %s %s", p.env, p.reason)
		})},
		{Name: "silent", Check: "names-variable", Doc: "it refuses without a word",
			change: refusing(func(s *Start, _ *values) { s.Stderr = nil })},
		{Name: "traceback", Check: "no-traceback", Doc: "its refusal is a stack trace",
			change: refusing(func(s *Start, _ *values) {
				s.Stderr = append([]string{"Traceback (most recent call last):",
					`  File "/srv/server.py", line 12, in <module>`, "    main()"}, s.Stderr...)
			})},
		{Name: "banner-on-stdout", Check: "clean-stdout", Doc: "it greets on stdout, where clients read the protocol",
			change: serving(func(s *Start, _ *values) {
				s.Stdout = append(s.Stdout, "╭── mock server ──╮")
			})},
		{Name: "refusal-on-stdout", Check: "clean-stdout", Doc: "its refusal goes to stdout",
			change: refusing(func(s *Start, _ *values) {
				s.Stdout, s.Stderr = s.Stderr, nil
			})},
	}
}

// readinessFaults say that all is well before they know.
func readinessFaults() []StartFault {
	return []StartFault{
		{Name: "ready-first", Check: "honest-readiness", Doc: "it says that it runs before it looks at its credentials",
			change: func(s *Start, _ *values) {
				s.Stderr = append([]string{"✓ MCP server running"}, s.Stderr...)
			}},
		{Name: "ready-early", Check: "honest-readiness", HTTP: true, Doc: "it says that it listens a second and a " +
			"half before it does", change: serving(func(s *Start, _ *values) {
			s.Stderr, s.Wait, s.Late = []string{"server listening"}, 1500*time.Millisecond, nil
		})},
		{Name: "vouches", Check: "honest-readiness", Doc: "its banner says that the credentials are validated, " +
			"whatever they are", change: func(s *Start, _ *values) {
			s.Stderr = append([]string{"✓ API key validated"}, s.Stderr...)
		}},
	}
}

// leakFaults show a credential.
func leakFaults() []StartFault {
	quoting := func(line func(string) string) func(*Start, *values) {
		return serving(func(s *Start, v *values) { s.Stderr = append(s.Stderr, line(v.secret())) })
	}
	return []StartFault{
		{Name: "logs-key", Check: "no-leak-output", Doc: "it prints the credential that it starts with",
			change: quoting(func(k string) string { return "using key " + k })},
		{Name: "logs-part", Check: "no-leak-output", Doc: "it prints all of the credential but a few characters in " +
			"the middle", change: quoting(func(k string) string {
			return "using key " + k[:max(0, len(k)/2-2)] + "..." + k[min(len(k), len(k)/2+2):]
		})},
		{Name: "logs-base64", Check: "no-leak-output", Doc: "it prints an Authorization header",
			change: quoting(func(k string) string {
				return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("api:"+k))
			})},
		{Name: "logs-hex", Check: "no-leak-output", Doc: "it dumps the credential's bytes",
			change: quoting(func(k string) string { return fmt.Sprintf("%X", k) })},
		{Name: "quotes-key", Check: "no-leak-output", Doc: "its refusal quotes the credential",
			change: refusing(func(s *Start, v *values) {
				for i := range s.Stderr {
					s.Stderr[i] += ", got " + fmt.Sprintf("%q", v.secret())
				}
			})},
		{Name: "replies-key", Check: "no-leak-reply", Doc: "its error replies give the credential away",
			change: serving(func(s *Start, v *values) { s.Reveal = v.secret() })},
		{Name: "log-file-key", Check: "no-leak-log", Doc: "it writes the credential into its log file",
			change: serving(func(s *Start, v *values) { s.Log = "settings: key=" + v.secret() })},
		{Name: "hands-on-key", Check: "no-leak-command-line", Doc: "it starts a process with the credential on its " +
			"command line", change: serving(func(s *Start, v *values) { s.Hand = v.secret() })},
	}
}

// modern finds a credential of the format that its provider issues first of all
// today.
func (v *values) modern() (problem, bool) {
	for _, c := range v.list {
		value, _ := v.lookup(c.Env)
		p, err := apikey.Lookup(c.Provider)
		if err != nil || len(p.Formats()) == 0 {
			continue
		}
		if r := p.Check(value); r.OK(false) && r.Format == p.Formats()[0].Name {
			return problem{env: c.Env, kind: kindMalformed, reason: "is malformed", format: p.Expected()}, true
		}
	}
	return problem{}, false
}
