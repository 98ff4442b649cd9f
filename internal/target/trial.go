package target

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/scenarios/load"
)

// failedTrial says what the server had against a call, and what to do about it.
func (t *Target) failedTrial(c history.Call, s *wire.Session) error {
	what := t.CallWords()
	err := fmt.Errorf("one call of %s was tried, and it failed: %s: %s", what, c.Outcome, c.Detail)
	if c.Outcome == history.TimedOut && !tooLong(c) {
		err = fmt.Errorf("one call of %s was tried, and got no answer within %s", what, t.Options.Timeout)
	}
	if gone := t.Gone(err, s); gone != err {
		return gone
	}
	return hint.New(err, t.callHint(c, s))
}

// tooLong reports if a call has no result since more came than is read of a reply.
func tooLong(c history.Call) bool {
	return (c.Outcome == history.Broken || c.Outcome == history.TimedOut) && strings.Contains(c.Detail, " longer than ")
}

// readsLonger is what to do about that.
const readsLonger = "--max-message 64MiB reads longer ones"

// callHint is what to do about a call that failed.
func (t *Target) callHint(c history.Call, s *wire.Session) string {
	switch {
	case tooLong(c):
		return readsLonger
	case c.Outcome == history.TimedOut:
		return "a slow tool makes a poor load: name another with --tool, or allow it more time with --timeout"
	case c.Status == http.StatusUnauthorized, c.Status == http.StatusForbidden,
		c.Status == http.StatusProxyAuthRequired:
		return wire.GiveCredentials
	}
	tools, err := toolsOf(s)
	if err != nil {
		return "name a tool that works, and its arguments, with --tool and --args"
	}
	return t.trialHint(tools)
}

// limiting are words by which a limiter that isn't recognised gives itself away.
var limiting = regexp.MustCompile(
	`(?i)\b(rate|limit(ed|s)?|quota|throttl\w*|too (many|fast)|slow down|exceed\w*|exhausted|busy)\b`)

// Remedy is the likeliest thing to do where all calls of a probe fail.
func (t *Target) Remedy(calls []history.Call, s *wire.Session) string {
	worked, last := false, history.Call{}
	for _, c := range calls {
		worked = worked || c.Outcome == history.OK && c.Method == t.Profile.Call.Method
		if c.Outcome.Failed() || c.Outcome == history.TimedOut {
			last = c
		}
	}
	switch {
	case limiting.MatchString(last.Detail), worked && last.Outcome != history.TimedOut &&
		last.Outcome != history.Broken:
		if last.Status >= 400 {
			return fmt.Sprintf("if that is how the server refuses for its rate, say so: --refusal status=%d",
				last.Status)
		}
		return "if that is how the server refuses for its rate, say so: --refusal 'text=...' with words of it, or " +
			"--refusal code=N"
	case last.Outcome == history.Broken && !tooLong(last):
		return "read the server's own log: it breaks connections, or what it sends is no reply"
	}
	return t.callHint(last, s)
}

// trialHint is what to do about a call that the server doesn't take.
func (t *Target) trialHint(tools []load.ToolInfo) string {
	call := t.Profile.Call
	this, known := load.Described(tools, call.Tool)
	if known && this.Needs && string(this.Arguments) != string(call.Arguments) {
		line, guess := t.lineWith(this), ""
		if len(this.Doubts) > 0 {
			guess = " (" + strings.Join(this.Doubts, "; ") + ")"
		}
		if line == "" {
			return "its schema wants arguments such as " + string(this.Arguments) + guess
		}
		return "its schema wants arguments such as these" + guess + ": " + line
	}
	other, ok := load.Choose(tools, func(tool string) bool { return tool == call.Tool || call.Forbids(tool) })
	if ok {
		if line := t.lineWith(other); line != "" {
			return "call another tool: " + line
		}
	}
	if len(tools) > 0 {
		return "name a tool that works, and its arguments, with --tool and --args: " + words.First(t.names(tools))
	}
	return "name a tool that works, and its arguments, with --tool and --args"
}

// names are the tools' names, fit to be printed.
func (t *Target) names(tools []load.ToolInfo) []string {
	var list []string
	for _, tool := range tools {
		list = append(list, t.shown(tool.Name))
	}
	return list
}
