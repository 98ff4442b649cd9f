package startup

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// An Expectation is what a server should do with a case.
type Expectation uint8

// The expectations. The zero value demands nothing.
const (
	Either Expectation = iota // policy: it may start or refuse, and it is said which
	Refuse                    // it must end by itself before it answers anything
	Serve                     // it must start
)

// A Start is one start of a server: what with, and what was seen.
type Start struct {
	Case    Case
	Env     string            // the variable that the case is about; empty for the controls
	Others  []string          // the variables of which one would do in its place
	Format  string            // which of the provider's formats its value has, where the case has several
	Expect  Expectation       // the case's, unless the credential may be left out
	Set     map[string]string // the value of every credential's variable that is set
	Secrets []Secret          // those of the values that must not show
	Telling []string          // what a message says that tells the format, such as a prefix
	Doubt   string            // why what it does may have another reason; empty where there is none
	Seen    *Observation      // nil where the start was never made
}

// A Trial is every start of one server.
type Trial struct {
	Limit    time.Duration     // how long a bad start may take to end
	Stdio    bool              // MCP is spoken on stdin and stdout
	HasLogs  bool              // log files of the server are known
	Provider map[string]string // who issues the credential in each variable; empty: it needs none
	Starts   []Start
}

// seen are the starts that were made.
func (t *Trial) seen(which func(Start) bool) []Start {
	var list []Start
	for _, s := range t.Starts {
		if s.Seen != nil && s.Seen.Started && (which == nil || which(s)) {
			list = append(list, s)
		}
	}
	return list
}

func (t *Trial) controls() []Start {
	return t.seen(func(s Start) bool { return s.Case.Name == Good })
}

// bad are the starts that a server must refuse, and whose refusal or start has
// no other reason that we know of.
func (t *Trial) bad() []Start {
	return t.seen(func(s Start) bool { return s.Expect == Refuse && s.Doubt == "" })
}

// refusals are the bad starts that were refused.
func (t *Trial) refusals() []Start {
	return slices.DeleteFunc(t.bad(), func(s Start) bool { return !s.Seen.refused() })
}

// asks reports if the server needs credentials at all.
func (t *Trial) asks() bool {
	return len(t.Provider) > 0
}

// served reports if every control answered: only then does a refusal prove
// anything.
func (t *Trial) served() bool {
	made := t.controls()
	return len(made) > 0 && len(made) == t.planned(func(s Start) bool { return s.Case.Name == Good }) &&
		!slices.ContainsFunc(made, func(s Start) bool { return !s.Seen.Answered })
}

func (t *Trial) planned(which func(Start) bool) int {
	n := 0
	for _, s := range t.Starts {
		if which(s) {
			n++
		}
	}
	return n
}

// missing counts the starts that were planned and never made.
func (t *Trial) missing() int { return len(t.Starts) - len(t.seen(nil)) }

// slowest is the longest that a control took to answer.
func (t *Trial) slowest() time.Duration {
	var slow time.Duration
	for _, s := range t.controls() {
		slow = max(slow, s.Seen.AnswerAt)
	}
	return slow
}

// unproven says why refusals prove nothing; empty where they do.
func (t *Trial) unproven() string {
	switch {
	case len(t.controls()) == 0:
		return "no start with good credentials was made"
	case t.served():
		return ""
	case !slices.ContainsFunc(t.controls(), func(s Start) bool { return s.Seen.Answered }):
		return "it doesn't start with good credentials either, so that its refusals prove nothing"
	}
	if !slices.ContainsFunc(t.controls(), func(s Start) bool { return !s.Seen.Answered }) {
		return "the run was cut short before the last good start, so that its refusals prove nothing"
	}
	return "it didn't start each time with good credentials, so that its refusals prove nothing"
}

// secrets are those of every start, for quoting what one of them said.
func (t *Trial) secrets() []Secret {
	var list []Secret
	for _, s := range t.Starts {
		list = append(list, s.Secrets...)
	}
	return list
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "s") {
		noun += "e"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// few joins what was seen, and counts what comes after the third.
func few(list []string) string {
	if len(list) > 4 {
		return fmt.Sprintf("%s; and %d more", strings.Join(list[:3], "; "), len(list)-3)
	}
	return strings.Join(list, "; ")
}

func span(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}
