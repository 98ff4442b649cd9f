package startup

import "strings"

// lastLines is how many lines are shown of a server that doesn't start with good
// credentials either: of them alone can anybody tell why.
const lastLines = 10

// LastWords are the last lines that the first good start wrote which ended by itself and
// never answered, without secrets; nil where none did. One line alone stands in the
// finding. Secrets go before anything is cut: one may stand on two lines.
func (t *Trial) LastWords() (lines []string) {
	dead := t.seen(func(s Start) bool { return s.Expect == Serve && s.Seen.refused() })
	if len(dead) == 0 {
		return nil
	}
	o := dead[0].Seen
	said := plainText(o.text(Stderr, true)) + "\n" + plainText(o.text(Stdout, true))
	for line := range strings.Lines(redactor(t.secrets()).Redact(said)) {
		if line = strings.TrimRight(line, " \t\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	if lines = lines[max(0, len(lines)-lastLines):]; len(lines) < 2 {
		return nil
	}
	for i, line := range lines {
		lines[i] = quote(line, t.secrets())
	}
	return lines
}
