package history

import "strings"

// How the Detail of a Broken call begins where a reply came, and can't be the
// call's own.
const (
	WrongID    = "a reply with "                // and then the id that it carried
	TwoReplies = "two responses to one request" // and then what they were
)

// Misanswered reports if a reply came that can't be the call's own: one with
// another id, or a second one.
func (c Call) Misanswered() bool {
	return c.Outcome == Broken && (strings.HasPrefix(c.Detail, WrongID) || strings.HasPrefix(c.Detail, TwoReplies))
}
