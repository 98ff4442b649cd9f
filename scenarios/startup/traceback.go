package startup

import (
	"regexp"
	"strings"
)

// traces are how stack traces look: the line that begins one with the first
// frame behind it. The word alone, in a help text or a message, is none.
var traces = []struct {
	language string
	holds    string // what it has for sure: looking for that first is much faster
	form     *regexp.Regexp
}{
	// Plain, in an exception group's margin, or in the box that rich draws.
	{"Python", "Traceback", regexp.MustCompile(`Traceback \(most recent call last\)[^\n]*\n(?:[^\n]*\n){0,3}?[^\n]*(?:File "[^"\n]+", line \d+|\.py:\d+ in )`)},
	{"Go", "goroutine", regexp.MustCompile(`(?m)^(?:panic: |fatal error: )[^\n]*\n(?:[^\n]*\n){0,8}?goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[`)},
	{"Rust", "panicked at", regexp.MustCompile(`(?m)^thread '[^'\n]*'(?: \(\d+\))? panicked at [^\n]+:\d+`)},
	{"JavaScript", "at ", regexp.MustCompile(`(?m)^[^\n]*Error\b[^\n]*\n(?:[^\n]*\n){0,3}?[ \t]+at [^\n]+:\d+:\d+\)?$`)},
	{"Java", "at ", regexp.MustCompile(`(?m)^[^\n]*(?:Exception|Error)\b[^\n]*\n[ \t]+at [\w.$/@]+\([\w$]+\.(?:java|kt|scala):\d+\)`)},
	{".NET", "at ", regexp.MustCompile("(?m)^[^\\n]*Exception: [^\\n]*\\n(?:[^\\n]*\\n){0,3}?[ \\t]+at [\\w.<>|`\\[\\]+]+\\([^)\\n]*\\)(?: in [^\\n]+:line \\d+)?$")},
	{"Ruby", ".rb:", regexp.MustCompile(`(?m)^[^\s:]+\.rb:\d+:in [^\n]+\([A-Z]\w*(?:::\w+)*\)$`)},
}

// traceback names the language of a stack trace in a text.
func traceback(text string) (language string, ok bool) {
	for _, t := range traces {
		if strings.Contains(text, t.holds) && t.form.MatchString(text) {
			return t.language, true
		}
	}
	return "", false
}
