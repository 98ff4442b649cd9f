package startup

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// variables are what messages spell as environment variables: capitals with a _.
var variables = regexp.MustCompile(`\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b`)

// advice is what a maintainer may try where no good start served: what the server
// itself names, and a provider that knows the format better.
func (t *Trial) advice(controls []Start) string {
	var list []string
	if names := t.mentioned(controls); len(names) > 0 {
		list = append(list, "it names "+strings.Join(names,
			", ")+": pass it on with --env NAME, or name it with --credential NAME=PROVIDER")
	}
	for _, env := range slices.Sorted(maps.Keys(t.Provider)) {
		if t.Provider[env] == "generic" {
			list = append(list, fmt.Sprintf("%s is made up as a generic token: name its issuer with --credential "+
				"%s=PROVIDER, or its format with --provider-file", env, env))
		} else if slices.ContainsFunc(controls, func(s Start) bool { return namesVariable(s.Seen.said(), env) }) {
			list = append(list, fmt.Sprintf("it complains of %s, which is made up as %s issues it: see if that is "+
				"the provider", env, t.Provider[env]))
		}
	}
	return strings.Join(list, "; ")
}

// mostMentioned bounds how many variables are quoted of a server's words.
const mostMentioned = 4

// mentioned are the variables that a server names and wasn't given.
func (t *Trial) mentioned(starts []Start) []string {
	var names []string
	for _, s := range starts {
		for _, name := range variables.FindAllString(s.Seen.said(), -1) {
			_, given := t.Provider[name]
			if !given && !slices.Contains(names, name) && !codes[name] && len(name) < 48 {
				names = append(names, name)
			}
		}
	}
	return names[:min(len(names), mostMentioned)]
}

// codes are what Node's and other errors spell as variables are.
var codes = map[string]bool{"ERR_MODULE_NOT_FOUND": true, "MODULE_NOT_FOUND": true, "ERR_REQUIRE_ESM": true,
	"ERR_UNHANDLED_REJECTION": true, "EXIT_FAILURE": true, "INVALID_ARGUMENT": true}

// whyServed says why bad starts were served, some where others weren't. With several
// variables, one of which nothing looks at is told from one that is looked at too little.
func (t *Trial) whyServed(some bool) string {
	if !some {
		return "the credential is not checked at the start, or what the check says is not heeded" + t.optional()
	}
	partly, never := false, []string{}
	for _, env := range slices.Sorted(maps.Keys(t.Provider)) {
		served, made := 0, 0
		for _, s := range t.bad() {
			if s.Env != env {
				continue
			}
			if made++; s.Seen.Answered {
				served++
			}
		}
		if served > 0 && served == made {
			never = append(never, env)
		} else if served > 0 {
			partly = true
		}
	}
	if partly || len(never) == 0 {
		return "the check lets these through: it looks at less than the whole form" + t.optional()
	}
	return strings.Join(never, ", ") + " is not checked at the start, or what the check says is not heeded" +
		t.optional()
}

// optional advises on variables without which a server served on purpose.
func (t *Trial) optional() string {
	var without []string
	for _, s := range t.bad() {
		nothing := s.Case.Name == Absent || s.Case.Name == Empty
		if nothing && s.Seen.Answered && !slices.Contains(without, s.Env) {
			without = append(without, s.Env)
		}
	}
	if len(without) == 0 {
		return ""
	}
	return fmt.Sprintf("; if it may do without %s, say --optional %s=%s", strings.Join(without, ", "), without[0],
		t.Provider[without[0]])
}
