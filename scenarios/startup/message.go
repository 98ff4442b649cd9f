package startup

import (
	"regexp"
	"strings"
)

// namesVariable reports if a text names an environment variable, in whatever
// case: pydantic spells a setting's field in small letters. A longer name that
// holds it is another variable.
func namesVariable(text, env string) bool {
	text, env = strings.ToLower(text), strings.ToLower(env)
	for at := 0; ; {
		i := strings.Index(text[at:], env)
		if i < 0 {
			return false
		}
		begin, end := at+i, at+i+len(env)
		if (begin == 0 || !nameByte(text[begin-1])) && (end == len(text) || !nameByte(text[end])) {
			return true
		}
		at = begin + 1
	}
}

func nameByte(b byte) bool {
	return b == '_' || 'a' <= b && b <= 'z' || '0' <= b && b <= '9'
}

// formats are how a message tells what a credential looks like: how it begins,
// how long it is, of which characters it consists, an example or a pattern.
// "Invalid format" alone tells nothing, so the word isn't enough.
var formats = regexp.MustCompile(
	`(?i)\b(?:start|begin)\w* (?:with|by)\b|\bprefix\w*\b|\bhex\w*\b|\balphanumeric\b|\bA-Z|\b0-9\b|\ba-z|[\\]d|[\\]w` +
		`|\b(?:at least|exactly|minimum(?: of)?|more than|up to|between) \d+|\b\d+(?: or more| to \d+|-\d+|\+)?[ -](?:\w+[ -]){0,3}(?:char\w*|digit\w*|letter\w*|bytes?|symbols?)\b` +
		`|\bexpected(?: format)?: ?\S|\bformat: ?\S|\blooks? like\b|\bexample: ?\S|\bfor example\b|\be\.g\.|\bsuch as\b|x{6,}|\*{6,}|\.\.\.\w|\w-\.\.\.` +
		`|\bpattern\b|\bmust be (?:a|an|one|of)\b|\bJSON Web Token\b|\bthree parts\b`)

// namesFormat reports if a text says what the credential should look like.
// Telling is what its provider's credentials begin with.
func namesFormat(text string, telling []string) bool {
	for _, t := range telling {
		if t != "" && strings.Contains(text, t) {
			return true
		}
	}
	return formats.MatchString(text)
}

// excerpt is the line of a start's output that tells the most: the first one
// that names the variable, else the last one that isn't blank.
func excerpt(text, env string) string {
	last := ""
	for line := range strings.Lines(text) {
		line = strings.Trim(strings.TrimSpace(line), "│╭╮╰╯─ ")
		if line == "" {
			continue
		}
		if env != "" && namesVariable(line, env) {
			return line
		}
		last = line
	}
	return last
}
