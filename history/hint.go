package history

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Hint is one thing that a refusal said of when to come back, or of what is
// left: a claim at the instant of its reply, with the precision of its own
// spelling. A header of whole seconds may have been rounded either way, so that
// 3 means more than 2 s and less than 4 s.
type Hint struct {
	From   string // where it stood: "Retry-After", "data.retry_after_ms"
	Raw    string // what it said, cut to some forty bytes
	Kind   HintKind
	Lo, Hi time.Duration // of a wait or a reset: more than Lo, less than Hi; of what is left: none
	Note   string        // what is odd about it, such as "a fraction"; why, of one that is wrong
}

// A HintKind says what a hint speaks of.
type HintKind string

// The kinds of hints.
const (
	HintWait  HintKind = "wait"  // how long to wait before the next call
	HintReset HintKind = "reset" // when the count starts anew, which may be later than the next call is let in
	HintLeft  HintKind = "left"  // that calls are left, although one was refused
	HintClaim HintKind = "claim" // what a reply that is no refusal said of a limit, as it stood in its header
	HintWrong HintKind = "wrong" // nothing that anybody could heed: negative, in the past, unreadable
)

// Notes of hints that a judge must know.
const (
	NoteFraction = "a fraction, where RFC 9110 has whole seconds"
	NoteUnit     = "seconds or milliseconds: its name doesn't say"
)

// String is the hint as a history file has it:
//
//	Retry-After="3" wait 2s..4s
//	Retry-After="soon" wrong "neither seconds nor a date"
func (h Hint) String() string {
	s := h.From + "=" + strconv.Quote(h.Raw) + " " + string(h.Kind)
	if h.Kind == HintWait || h.Kind == HintReset {
		s += " " + h.Lo.String() + ".." + h.Hi.String()
	}
	if h.Note != "" {
		s += " " + strconv.Quote(h.Note)
	}
	return s
}

// FormatHints joins the hints of one refusal, as Call.Hints has them. A From
// holds no '=' and no ';'.
func FormatHints(list []Hint) string {
	parts := make([]string, len(list))
	for i, h := range list {
		parts[i] = h.String()
	}
	return strings.Join(parts, "; ")
}

// ParseHints reads what FormatHints wrote.
func ParseHints(text string) ([]Hint, error) {
	var list []Hint
	for rest := text; rest != ""; {
		h, after, err := cutHint(rest)
		if err != nil {
			return nil, fmt.Errorf("history: hints %q: %w", text, err)
		}
		list = append(list, h)
		if after == "" {
			break
		}
		next, ok := strings.CutPrefix(after, "; ")
		if !ok || next == "" {
			return nil, fmt.Errorf("history: hints %q: %q where the next hint should begin", text, after)
		}
		rest = next
	}
	return list, nil
}

// cutHint reads the first hint of a text, and returns what stands behind it.
func cutHint(text string) (h Hint, rest string, err error) {
	from, rest, ok := strings.Cut(text, "=")
	if !ok || from == "" {
		return h, "", errors.New("a hint without a name")
	}
	h.From = from
	if h.Raw, rest, err = cutQuoted(rest); err != nil {
		return h, "", err
	}
	rest, ok = strings.CutPrefix(rest, " ")
	if !ok {
		return h, "", fmt.Errorf("%s says nothing of its kind", from)
	}
	kind, after := cutWord(rest)
	h.Kind, rest = HintKind(kind), after
	switch h.Kind {
	case HintWait, HintReset:
		span, after := cutWord(strings.TrimPrefix(rest, " "))
		lo, hi, _ := strings.Cut(span, "..")
		var bad [2]error
		h.Lo, bad[0] = time.ParseDuration(lo)
		h.Hi, bad[1] = time.ParseDuration(hi)
		if err := errors.Join(bad[:]...); err != nil {
			return h, "", fmt.Errorf("%s: %q is no interval", from, span)
		}
		rest = after
	case HintLeft, HintClaim, HintWrong:
	default:
		return h, "", fmt.Errorf("%s: no hint is of the kind %q", from, kind)
	}
	if quoted, ok := strings.CutPrefix(rest, ` "`); ok {
		if h.Note, rest, err = cutQuoted(`"` + quoted); err != nil {
			return h, "", err
		}
	}
	return h, rest, nil
}

// cutQuoted takes a quoted text off the front.
func cutQuoted(text string) (value, rest string, err error) {
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil {
		return "", "", fmt.Errorf("%q begins with no quoted text", text)
	}
	value, err = strconv.Unquote(quoted)
	return value, text[len(quoted):], err
}

// cutWord takes what stands before the next space or semicolon off the front.
func cutWord(text string) (word, rest string) {
	at := strings.IndexAny(text, " ;")
	if at < 0 {
		return text, ""
	}
	return text[:at], text[at:]
}
