package startup

import "regexp"

// traces are how stack traces look: the line that begins one with the first
// frame behind it. The word alone, in a help text or a message, is none.
var traces = []struct {
	language string
	form     *regexp.Regexp
}{
	// Plain, in an exception group's margin, or in the box that rich draws.
	{"Python", regexp.MustCompile(`Traceback \(most recent call last\)[^\n]*\n(?:[^\n]*\n){0,3}?[^\n]*(?:File "[^"\n]+", line \d+|\.py:\d+ in )`)},
	{"Go", regexp.MustCompile(`(?m)^(?:panic: |fatal error: )[^\n]*\n(?:[^\n]*\n){0,8}?goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[`)},
	{"Rust", regexp.MustCompile(`(?m)^thread '[^'\n]*'(?: \(\d+\))? panicked at [^\n]+:\d+`)},
	{"JavaScript", regexp.MustCompile(`(?m)^[^\n]*Error\b[^\n]*\n(?:[^\n]*\n){0,3}?[ \t]+at [^\n]+:\d+:\d+\)?$`)},
	{"Java", regexp.MustCompile(`(?m)^[^\n]*(?:Exception|Error)\b[^\n]*\n[ \t]+at [\w.$/@]+\([\w$]+\.(?:java|kt|scala):\d+\)`)},
	{".NET", regexp.MustCompile("(?m)^[^\\n]*Exception: [^\\n]*\\n(?:[^\\n]*\\n){0,3}?[ \\t]+at [\\w.<>|`\\[\\]+]+\\([^)\\n]*\\)(?: in [^\\n]+:line \\d+)?$")},
	{"Ruby", regexp.MustCompile(`(?m)^[^\s:]+\.rb:\d+:in [^\n]+\([A-Z]\w*(?:::\w+)*\)$`)},
}

// traceback names the language of a stack trace in a text.
func traceback(text string) (language string, ok bool) {
	for _, t := range traces {
		if t.form.MatchString(text) {
			return t.language, true
		}
	}
	return "", false
}
