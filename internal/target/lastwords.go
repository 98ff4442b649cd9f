package target

import (
	"regexp"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/wire"
)

// lastWords is how many lines are shown of what a dead server wrote on stderr.
const lastWords = 10

// LastLines are the last lines that a server wrote on stderr. What is secret in them
// goes out where they are printed.
func LastLines(stderr []byte) []string { return plainLines(string(stderr), lastWords, nil) }

// Died joins to an error what a server that is gone wrote on stderr last; where it
// wrote nothing the error stays as it is.
func Died(err error, stderr []byte) error {
	if lines := LastLines(stderr); len(lines) > 0 {
		return hint.New(err, wroteLast(lines)+missed(lines))
	}
	return err
}

// variable is what looks like the name of one.
var variable = regexp.MustCompile(`\b[A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9]\b`)

// missed says how a server gets the variable that its last words name; empty: they name none.
func missed(lines []string) string {
	for _, line := range slices.Backward(lines) {
		if name := variable.FindString(line); name != "" {
			return "\n  does it need " + name + "? --env " + name + " passes yours on: of your environment a server " +
				"that is started gets PATH, HOME, LANG and TMPDIR alone"
		}
	}
	return ""
}

// listening is what a server says that was started to serve over HTTP.
var listening = regexp.MustCompile(`https?://(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])[^\s"'),;]*`)

// elsewhere says how to speak to a server whose last words name where it listens; empty: they
// name no address.
func elsewhere(lines []string) string {
	address := ""
	for _, line := range lines {
		if found := listening.FindString(line); len(found) > len(address) { // one with its path says most
			address = found
		}
	}
	if address == "" {
		return ""
	}
	return "does it serve " + address + " and not stdin and stdout? then leave it running by itself, and give that " +
		"address in place of the command"
}

// wroteLast tells the lines, each in a line of its own.
func wroteLast(lines []string) string {
	return "what it wrote on stderr last:\n    " + strings.Join(lines, "\n    ")
}

// NotesOfDeath tell of a server that we started and that ended by itself during a
// run; none where it didn't.
func NotesOfDeath(p *wire.Process) []string {
	if p == nil {
		return nil
	}
	status, gone := p.Exited()
	if !gone {
		return nil
	}
	notes := []string{"the server ended during the run: " + status}
	_, stderr := p.Output()
	for _, line := range LastLines(stderr) {
		notes = append(notes, "its stderr: "+strings.TrimSpace(line))
	}
	return notes
}

// Gone is Died for the process of a session, or the one that serves the URL. The error stays
// as it is where neither has ended.
func (t *Target) Gone(err error, s *wire.Session) error {
	for _, p := range []*wire.Process{s.Process(), t.serving} {
		if p == nil {
			continue
		}
		if _, ended := p.Exited(); ended {
			_, stderr := p.Output()
			return Died(err, stderr)
		}
	}
	return err
}

// Ended are the notes of a command that served the URL, and ended by itself.
func (t *Target) Ended() []string { return NotesOfDeath(t.serving) }
