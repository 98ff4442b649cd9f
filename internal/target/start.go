package target

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/mcpload/mcpload/internal/launch"
	"github.com/mcpload/mcpload/internal/printable"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/verdict"
)

// The scenario that a live server which doesn't start has, and its check.
const (
	LaunchScenario = "launch"
	comesUp        = "comes-up"
)

// Stillborn is the finding on a live server that was started and never answered:
// that is what a run found out, not why it could not run. It reports false where
// an error to open the target is something else.
func (t *Target) Stillborn(err error) (verdict.Finding, bool) {
	dial, ok := errors.AsType[*wire.DialError](err)
	if t.Live == nil || t.Live.began.IsZero() || !ok || dial.Kind == wire.Cancelled || dial.Kind == wire.BadOptions ||
		dial.Kind == wire.RanOut {
		return verdict.Finding{}, false
	}
	t.Live.took = time.Since(t.Live.began)
	return verdict.Finding{
		Check: comesUp, Verdict: verdict.Fail,
		Want: fmt.Sprintf("an answer by MCP within %s of the start", t.readyWithin()),
		Saw:  t.Live.saw(dial, t),
	}, true
}

// saw says how far a start came.
func (l *Live) saw(dial *wire.DialError, t *Target) string {
	after := l.took.Round(time.Millisecond)
	var text string
	status, gone := "", false
	if l.process != nil {
		status, gone = l.process.Exited()
	} else if dial.Kind == wire.Exited {
		status, gone = strings.TrimPrefix(dial.Detail, "server exited: "), true
	}
	switch {
	case dial.Kind == wire.NotStarted:
		return dial.Sentence()
	case gone && status == "exit status 0":
		text = fmt.Sprintf("it ended after %s without an answer, with exit status 0 as if nothing were wrong", after)
	case gone:
		text = fmt.Sprintf("it ended after %s without an answer: %s", after, status)
	case t.Options.URL != "" && dial.Kind == wire.TimedOut && len(dial.Calls) == 0:
		text = fmt.Sprintf("it runs, but nothing listens at %s after %s; does it listen on the port that it was given?",
			t.Options.URL, after)
	default:
		text = fmt.Sprintf("it runs, but doesn't answer by MCP (%s after %s)", dial.Sentence(), after)
	}
	last := telling(append(l.lines(200, t.Options.Redact), plainLines(string(dial.Stderr), 100, t.Options.Redact)...))
	if len(last) == 0 {
		return text + "; it printed nothing"
	}
	return text + "; its last words: " + strings.Join(last, " ")
}

// lines are the last lines of what the server printed, stdout before stderr.
func (l *Live) lines(n int, redact func(string) string) []string {
	out, err := l.stdout.bytes(), []byte(nil)
	if l.process != nil {
		out, err = l.process.Output()
	}
	return append(plainLines(string(out), n/2, redact), plainLines(string(err), n/2, redact)...)
}

// lastWritten keeps the end of what is written to it, from several goroutines.
type lastWritten struct {
	mu   sync.Mutex
	text []byte
}

const maxPrinted = 64 << 10

// Write implements io.Writer. It never fails.
func (p *lastWritten) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = append(p.text, b...)
	p.text = p.text[max(0, len(p.text)-maxPrinted):]
	return len(b), nil
}

func (p *lastWritten) bytes() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.text)
}

// frame is what libraries draw around what they print.
var frame = strings.NewReplacer("│", " ", "╭", " ", "╮", " ", "╰", " ", "╯", " ", "─", " ", "❱", " ")

// plainLines are the last lines of an output without credentials, colours and
// frames.
func plainLines(text string, n int, redact func(string) string) []string {
	if redact != nil {
		text = redact(text)
	}
	return launch.LastLines(frame.Replace(printable.Text(ansi.Strip(text))), n)
}

// raised is a line that names an error, as most languages print one.
var raised = regexp.MustCompile(`^\s*([A-Za-z_.]*(Error|Exception)\b|panic:|fatal|ERROR)`)

// telling are the lines that say why a program ended: from the last that names
// an error, or else the last three.
func telling(lines []string) []string {
	for i := len(lines) - 1; i >= 0; i-- {
		if raised.MatchString(lines[i]) {
			lines = lines[i:min(i+3, len(lines))]
			break
		}
	}
	lines = lines[max(0, len(lines)-3):]
	short := make([]string, len(lines))
	for i, line := range lines {
		short[i] = ansi.Truncate(strings.TrimSpace(line), 160, "…")
	}
	return short
}
