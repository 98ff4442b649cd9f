package history

import (
	"regexp"
	"slices"
	"strings"
)

// How the Detail of a Broken call begins where a reply came, and can't be the
// call's own.
const (
	WrongID    = "a reply with "                // and then the id that it carried
	TwoReplies = "two responses to one request" // and then what they were
)

// How other Details begin that a judge must know.
const (
	// Unavailable is the whole Detail of a Limited call that may be an outage as
	// well: RFC 9110 (section 15.6.4) has the same answer for both.
	Unavailable = "HTTP 503 with Retry-After"

	// Speaks begins the Detail of a call with a result that speaks of a limit as
	// refusals do, without anything that says that it is one. The words follow.
	Speaks = "the result speaks of a limit: "
)

// Connections that end without a reply, in the words of Details.
var (
	resetWords  = []string{"connection reset", "broken pipe"}
	closedWords = []string{"the connection was closed", "the connection broke", "the server ended the event stream"}
	goneWords   = []string{"connection refused", "server exited", "the server is gone", "the server closed its std",
		"no route to host"}
)

// A Break is how a Broken call broke.
type Break uint8

// The breaks.
const (
	NotBroken Break = iota // the call is none
	Unusable               // something came, and it was no reply to this call
	Reset                  // the connection was reset
	Closed                 // the connection was closed
	Gone                   // nobody was there to connect to, or the process has ended
)

// Break says how a call broke, as far as its Detail tells.
func (c Call) Break() Break {
	if c.Outcome != Broken {
		return NotBroken
	}
	for how, words := range [...][]string{Reset: resetWords, Closed: closedWords, Gone: goneWords} {
		for _, w := range words {
			if strings.Contains(c.Detail, w) && c.Status == 0 {
				return Break(how)
			}
		}
	}
	return Unusable
}

// limitWords are how servers say that a limit refused.
var limitWords = regexp.MustCompile(
	`(?i)rate.{0,3}limit\w*( (reached|exceeded))?|limit.{0,20}(reached|exceeded|hit)\b|(reached|exceeded|hit)\b.{0,30}limit` +
		`|rate exceeded|too many (\w+ )?(requests|calls|connections)|throttl\w*|quota[ _]?\w*|slow down|overloaded` +
		`|capacity|server (is )?(too )?busy|try again (in|later)` +
		`|wait .{0,20}(seconds?|minutes?) before|retry.{0,3}(after|later|in \d)|please retry\b|enhance your calm|\b429\b` +
		`|\b(request|call|usage|concurrency)s?[ _-]limit|exceeded .{0,20}\b(requests|calls) ?(per\b|/)`)

// LimitWords finds where a text speaks of a limit as refusals do. It proves
// nothing: other texts have every reason to speak of limits.
func LimitWords(text string) (from, to int, ok bool) {
	at := limitWords.FindStringIndex(text)
	if at == nil {
		return 0, 0, false
	}
	return at[0], at[1], true
}

// limitCodes are JSON-RPC codes by which limiters refuse, and others say other things.
var limitCodes = []int{-32003, -32004, -32005, -32010, -32023, -32029, -42900}

// SpeaksOfLimit reports if an error's code, or what it says, is what limiters refuse with. It
// proves nothing either.
func SpeaksOfLimit(code int, text string) bool {
	return slices.Contains(limitCodes, code) || limitWords.MatchString(text)
}

// Misanswered reports if a reply came that can't be the call's own: one with
// another id, or a second one.
func (c Call) Misanswered() bool {
	return c.Outcome == Broken && (strings.HasPrefix(c.Detail, WrongID) || strings.HasPrefix(c.Detail, TwoReplies))
}
