package mock

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/profiles"
)

// StartLog is the file that a mock whose fault is to log secrets writes, in its
// working directory.
const StartLog = "mcpload-mock.log"

// A Start is what a server does when it is started, before it serves anybody.
// Whoever runs the process does it in the order of the fields.
type Start struct {
	Stdout, Stderr []string // lines to write
	Log            string   // a line to add to StartLog
	Hang           bool     // never serve, never end
	Exit           bool     // end now,
	Status         int      // with this status
	Wait           time.Duration
	Reveal         string   // what every error reply gives away
	Quit           bool     // end with 0 once the first request is answered
	Hand           string   // start a process with this on its command line, and let that serve
	Late           []string // lines for stderr, once it serves
}

// StartUp decides what a mock of a profile does at its start: an honest one
// (fault "") refuses credentials that can't be right, and says which and why.
// The error for an unknown fault names those that there are.
func StartUp(list []profiles.Credential, lookup func(string) (string, bool), fault string,
	own ...profiles.Provider) (Start, error) {
	v, err := newValues(list, lookup, own)
	if err != nil {
		return Start{}, err
	}
	s := v.honest()
	if fault == "" {
		return s, nil
	}
	f, ok := StartFaultNamed(fault)
	if !ok {
		return s, UnknownStartFault(fault)
	}
	f.change(&s, v)
	return s, nil
}

// A problem is one credential that can't be right.
type problem struct {
	env, kind, reason, format string
}

// values are the credentials that a mock was started with.
type values struct {
	list     []profiles.Credential
	lookup   func(string) (string, bool)
	problems []problem
}

func newValues(list []profiles.Credential, lookup func(string) (string, bool), own []profiles.Provider) (*values,
	error) {
	problems, err := examine(list, lookup, own)
	return &values{list: list, lookup: lookup, problems: problems}, err
}

// honest is what a server that does everything right does.
func (v *values) honest() Start {
	if len(v.problems) == 0 {
		return Start{Log: "started", Late: []string{"ready"}}
	}
	return v.refusal()
}

func (v *values) refusal() Start {
	s := Start{Exit: true, Status: 1}
	for _, p := range v.problems {
		s.Stderr = append(s.Stderr, fmt.Sprintf("error: %s %s; expected %s", p.env, p.reason, p.format))
	}
	return s
}

// secret is the first value that is set: what a careless server shows.
func (v *values) secret() string {
	for _, c := range v.list {
		if value, _ := v.lookup(c.Env); strings.TrimSpace(value) != "" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// only reports if all that is wrong is of one of the kinds.
func (v *values) only(kinds ...string) bool {
	return len(v.problems) > 0 && !slices.ContainsFunc(v.problems, func(p problem) bool {
		return !slices.Contains(kinds, p.kind)
	})
}

// The kinds of problems.
const (
	kindMissing     = "missing"
	kindPlaceholder = "placeholder"
	kindMalformed   = "malformed"
)

// kinds are the problems that verdicts are.
var kinds = map[apikey.Verdict]string{
	apikey.Missing: kindMissing, apikey.Blank: kindMissing, apikey.Placeholder: kindPlaceholder,
	apikey.WrongFamily: kindMalformed, apikey.Malformed: kindMalformed, apikey.Unrecognised: kindMalformed,
}

// Own are a profile's providers as apikey has them.
func Own(list []profiles.Provider) []apikey.Provider {
	var own []apikey.Provider
	for _, p := range list {
		own = append(own, apikey.Provider{ID: p.Name, Title: p.Title, About: p.Doc, URL: p.URL, Patterns: p.Patterns})
	}
	return own
}

// Compiled are Own, ready to check credentials.
func Compiled(list []profiles.Provider) ([]apikey.Provider, error) {
	own := Own(list)
	for i := range own {
		made, err := own[i].Compile()
		if err != nil {
			return nil, err
		}
		own[i] = made
	}
	return own, nil
}

// examine finds what is wrong with credentials. The error is for a profile whose
// provider nobody knows.
func examine(list []profiles.Credential, lookup func(string) (string, bool), own []profiles.Provider) ([]problem,
	error) {
	spec := apikey.Spec{Providers: Own(own)}
	groups := map[string]int{}
	for _, c := range list {
		if i, ok := groups[c.OneOf]; ok {
			spec.OneOf[i] = append(spec.OneOf[i], c.Env)
		} else if c.OneOf != "" {
			groups[c.OneOf] = len(spec.OneOf)
			spec.OneOf = append(spec.OneOf, []string{c.Env})
		}
		spec.Credentials = append(spec.Credentials, apikey.Credential{Env: c.Env, Provider: cmp.Or(c.Provider,
			"generic"), Optional: !c.Required})
	}
	_, err := apikey.Startup(spec, lookup)
	var faults apikey.Errors
	if err != nil && !errors.As(err, &faults) {
		return nil, fmt.Errorf("mock: %w", err)
	}
	var problems []problem
	for _, f := range faults {
		problems = append(problems, problem{f.Env, kinds[f.Verdict], f.Detail, f.Expected})
	}
	return problems, nil
}

// OnceAnswered calls a function a moment after the first call was let through, in the
// background: its answer has left by then.
func (s *Server) OnceAnswered(then func()) {
	go func() {
		for s.Stats().Admitted == 0 {
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(30 * time.Millisecond)
		then()
	}()
}
