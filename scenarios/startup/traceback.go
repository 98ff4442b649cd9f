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
	{"Python", "Traceback",
		regexp.MustCompile(
			`Traceback \(most recent call last\)[^\n]*\n(?:[^\n]*\n){0,3}?[^\n]*(?:File "[^"\n]+", line \d+|\.py:\d+ in )`)},
	{"Go", "goroutine",
		regexp.MustCompile(
			`(?m)^(?:panic: |fatal error: )[^\n]*\n(?:[^\n]*\n){0,40}?goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[`)},
	{"Rust", "panicked at", regexp.MustCompile(`(?m)^thread '[^'\n]*'(?: \(\d+\))? panicked at [^\n]+:\d+`)},
	{"Rust", "backtrace", regexp.MustCompile(`(?mi)^stack backtrace:\n\s+0: `)},
	{"Deno", "at ",
		regexp.MustCompile(
			`(?m)^(?:\x1b\[[0-9;]*m)*error: (?:\(in promise\) |Uncaught )[^\n]*\n(?:[^\n]*\n){0,40}?[ \t]+at [^\n]*(?:file|https?|ext|jsr|node):[^\n]+:\d+:\d+\)?`)},
	// Two frames of V8's, whatever stands between them and their head: ZodError has
	// its issues there, as JSON of any length.
	{"JavaScript", "at ",
		regexp.MustCompile(
			`(?m)^[ \t]+at (?:async |new )?(?:[^\n(]+ \()?(?:file://|node:|/|[A-Za-z]:\\|<anonymous>|ext:)[^\n]*:\d+:\d+\)?[^\n]*\n(?:[ \t]+at [^\n]*:\d+:\d+\)?|[ \t]+at [^\n]*\(<anonymous>\)|Node\.js v\d)`)},
	{"JavaScript", "at ",
		regexp.MustCompile(`(?m)^[^\n]*Error\b[^\n]*\n(?:[^\n]*\n){0,3}?[ \t]+at [^\n]+:\d+:\d+\)?$`)},
	{"JavaScript", "Node.js v",
		regexp.MustCompile(`(?m)^(?:file://[^\n]+|node:[^\n]+|/[^\n]+):\d+\n(?s:.*?)^Node\.js v\d+\.`)},
	{"Java", "at ",
		regexp.MustCompile(
			`(?m)^[^\n]*(?:Exception|Error)\b[^\n]*\n(?:[^\n]*\n){0,3}?[ \t]+at (?:[\w.]+/)?[\w.$/@]+(?:<init>|<clinit>)?\((?:[\w$]+\.(?:java|kt|scala|groovy):\d+|Native Method|Unknown Source)\)`)},
	{".NET", "at ", regexp.MustCompile("(?m)^[^\\n]*Exception\\b[^\\n]*\\n(?:[^\\n]*\\n){0,6}?[ \\t]+at " +
		"[\\w.<>|`+\\[\\],]+\\([^)\\n]*\\)(?: in [^\\n]+:line \\d+)?\\s*$")},
	{"Ruby", ".rb:", regexp.MustCompile(`(?m)^[^\s:]+\.rb:\d+:in [^\n]+\([A-Z]\w*(?:::\w+)*\)$`)},
	{"Ruby", ".rb:", regexp.MustCompile(`(?m)^[ \t]+(?:\d+: )?from [^\s:]+\.rb:\d+:in `)},
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
