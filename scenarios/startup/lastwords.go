package startup

import "strings"

// lastLines is how many lines are shown of a server that doesn't start with good
// credentials either: of them alone can anybody tell why.
const lastLines = 10

// LastWords are the last lines that the first good start wrote which ended by itself and
// never answered, without secrets; nil where none did. One line alone stands in the
// finding.
func (t *Trial) LastWords() (lines []string) {
	for _, s := range t.seen(func(s Start) bool { return s.Expect == Serve && s.Seen.refused() }) {
		for line := range strings.Lines(s.Seen.said()) {
			if line = strings.TrimRight(line, " \t\r\n"); line != "" {
				lines = append(lines, line)
			}
		}
		lines = lines[max(0, len(lines)-lastLines):]
		break
	}
	if len(lines) < 2 {
		return nil
	}
	for i, line := range lines {
		lines[i] = quote(line, t.secrets())
	}
	return lines
}
