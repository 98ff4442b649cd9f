package mock

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

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
func StartUp(list []profiles.Credential, lookup func(string) (string, bool), fault string) (Start, error) {
	v := newValues(list, lookup)
	s := v.honest()
	if fault == "" {
		return s, nil
	}
	f, ok := StartFaultNamed(fault)
	if !ok {
		return s, fmt.Errorf("mock: no start-up fault is named %q: there are %s", fault, strings.Join(startFaultNames(), ", "))
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

func newValues(list []profiles.Credential, lookup func(string) (string, bool)) *values {
	v := &values{list: list, lookup: lookup}
	for _, c := range list {
		value, set := lookup(c.Env)
		if p, bad := examine(c, value, set); bad {
			v.problems = append(v.problems, p)
		}
	}
	return v
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
	return len(v.problems) > 0 && !slices.ContainsFunc(v.problems, func(p problem) bool { return !slices.Contains(kinds, p.kind) })
}

// The kinds of problems.
const (
	kindMissing     = "missing"
	kindPlaceholder = "placeholder"
	kindMalformed   = "malformed"
)

// A keyForm is how a provider's credentials look.
type keyForm struct {
	prefix string
	form   *regexp.Regexp
	format string
}

var keyForms = map[string]keyForm{
	"openai":    {"sk-", regexp.MustCompile(`^sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{40,}$`), "sk-proj- and more than 40 letters, digits, _ or -"},
	"anthropic": {"sk-ant-", regexp.MustCompile(`^sk-ant-[a-z0-9]+-[A-Za-z0-9_-]{80,}$`), "sk-ant- and more than 80 letters, digits, _ or -"},
	"gemini":    {"AI", regexp.MustCompile(`^(?:AIza[A-Za-z0-9_-]{35}|AQ\.[A-Za-z0-9_-]{30,})$`), "AIza and 35 letters, digits, _ or -"},
	"mailgun":   {"", regexp.MustCompile(`^(?:key-)?[0-9a-f]{32}(?:-[0-9a-f]{8}-[0-9a-f]{8})?$`), "32 hexadecimal digits"},
	"github":    {"gh", regexp.MustCompile(`^(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat\w*_[A-Za-z0-9_]{80,})$`), "ghp_ and 36 letters or digits"},
	"generic":   {"", regexp.MustCompile(`^[A-Za-z0-9_-]{32,}$`), "32 or more letters, digits, _ or -"},
}

// examine finds what is wrong with a credential.
func examine(c profiles.Credential, value string, set bool) (problem, bool) {
	f := keyForms[cmp.Or(c.Provider, "generic")]
	p := problem{env: c.Env, format: f.format}
	switch {
	case (!set || strings.TrimSpace(value) == "") && !c.Required:
		return p, false
	case !set:
		p.kind, p.reason = kindMissing, "is not set"
	case strings.TrimSpace(value) == "":
		p.kind, p.reason = kindMissing, "is blank"
	case strings.Contains(value, "your-"):
		p.kind, p.reason = kindPlaceholder, "is a placeholder"
	case strings.TrimSpace(value) != value:
		p.kind, p.reason = kindMalformed, "has white space around it"
	case c.Provider == "openai" && strings.HasPrefix(value, "sk-ant-"):
		p.kind, p.reason = kindMalformed, "is a key of another provider"
	case !f.form.MatchString(value):
		p.kind, p.reason = kindMalformed, "is malformed"
	default:
		return p, false
	}
	return p, true
}
