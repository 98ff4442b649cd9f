package startup

import (
	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/printable"
)

// How much of a line is quoted, and looked at for that, in bytes. What is cut may
// end in half a secret, which nobody can tell from other text: so much of it goes.
const (
	longest    = 200
	looked     = 8192
	thrownAway = 1024
)

// quoted is a line in quotation marks.
func (t *Trial) quoted(line string) string { return `"` + quote(line, t.secrets()) + `"` }

// redactor takes secrets out, and whatever looks like one.
func redactor(secrets []Secret) *apikey.Redactor {
	var values []string
	for _, s := range secrets {
		values = append(values, s.value)
	}
	return (*apikey.Redactor)(nil).WithDrawn(values...)
}

// quote makes a line of a server's output fit to be shown: without secrets, which
// go first, without anything that a terminal would obey, and short.
func quote(line string, secrets []Secret) string {
	cut := len(line) > looked
	line = redactor(secrets).Redact(line[:min(len(line), looked)])
	if cut {
		line = line[:max(0, len(line)-thrownAway)]
	}
	if line = printable.Line(line); len(line) <= longest {
		return line
	}
	end := longest
	for end > 0 && line[end]&0xc0 == 0x80 { // not inside a character
		end--
	}
	return line[:end] + " …"
}
