package verdict

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A Suspicion is a kind of answer that is no refusal as far as anybody said, and
// may be one: the likeliest reason why a limit was not seen.
type Suspicion struct {
	Calls int    // that were answered so
	Said  string // what one of them said
	Sign  string // what to give to --refusal, so that they count as refused
}

// String tells a person what to do about it.
func (s Suspicion) String() string {
	return fmt.Sprintf("%s answered %q, which isn't known as a refusal: if that is how the server refuses, add "+
		"--refusal %s",
		were(s.Calls), s.Said, quoted(s.Sign))
}

func were(n int) string {
	if n == 1 {
		return "1 call was"
	}
	return fmt.Sprintf("%d calls were", n)
}

// quoted puts a sign into quotes for a shell, where it needs them.
func quoted(sign string) string {
	if strings.ContainsAny(sign, " \\()[]*?{}|&;<>$`\"'#~!^") {
		return "'" + sign + "'"
	}
	return sign
}

// Suspect finds the answers that are the likeliest to be refusals: those that
// speak of a limit, else those that came only when the promised bucket can have
// been half empty or less. Of a limit that nobody promised (rate 0) only words
// tell.
func Suspect(l promise.Limit, calls []history.Call) (Suspicion, bool) {
	type kind struct {
		Suspicion
		words   bool
		pressed int
	}
	var kinds []*kind
	bySign := map[string]*kind{}
	pressed := pressure(l, calls)
	for i, c := range calls {
		if c.Label == Handshake {
			continue
		}
		sign, said, words := signOf(c)
		if sign == "" || sign == "text=" {
			continue
		}
		k := bySign[sign]
		if k == nil {
			k = &kind{Suspicion: Suspicion{Said: said, Sign: sign}}
			bySign[sign] = k
			kinds = append(kinds, k)
		}
		k.Calls++
		k.words = k.words || words
		if pressed[i] {
			k.pressed++
		}
	}
	var best *kind
	for _, k := range kinds {
		if !k.words && (k.Calls < 3 || 10*k.pressed < 9*k.Calls) {
			continue
		}
		if best == nil || k.words && !best.words || k.words == best.words && k.Calls > best.Calls {
			best = k
		}
	}
	if best == nil {
		return Suspicion{}, false
	}
	return best.Suspicion, true
}

// pressure says of each call if half of the burst or more was admitted within the
// time that an empty bucket takes to be full.
func pressure(l promise.Limit, calls []history.Call) []bool {
	out := make([]bool, len(calls))
	if l.Rate <= 0 {
		return out
	}
	var admitted []int64
	for _, c := range calls {
		if c.Outcome == history.OK {
			admitted = append(admitted, int64(c.Sent))
		}
	}
	slices.Sort(admitted)
	window := int64(min(float64(l.Burst)/l.Rate*1e9, float64(never/2)))
	for i, c := range calls {
		to, _ := slices.BinarySearch(admitted, int64(c.Received)+1)
		from, _ := slices.BinarySearch(admitted, int64(c.Sent)-window)
		out[i] = 2*(to-from) >= l.Burst
	}
	return out
}

// notLimits are HTTP statuses that say what else is wrong.
var notLimits = []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusNotFound, http.StatusMethodNotAllowed,
	http.StatusNotAcceptable, http.StatusUnsupportedMediaType}

// signOf is what would make a call's answer a refusal; empty where nothing would,
// or where it is one.
func signOf(c history.Call) (sign, said string, words bool) {
	said = strings.TrimPrefix(c.Detail, history.Speaks)
	from, to, words := history.LimitWords(said)
	text := func() string {
		if words {
			return "text=" + literal(said[from:to])
		}
		return "text=" + literal(said)
	}
	switch {
	case strings.HasPrefix(c.Detail, history.Speaks), c.Outcome == history.ToolError:
		return text(), said, words
	case c.Break() == history.Reset, c.Break() == history.Closed:
		return "reset", c.Detail, false
	case c.Outcome != history.Rejected, c.Detail == history.Unavailable: // see Court.Doubted
		return "", "", false
	case c.Status/100 > 3:
		if slices.Contains(notLimits, c.Status) && !words {
			return "", "", false
		}
		return fmt.Sprintf("status=%d", c.Status), said, words
	case c.Code != 0 && (c.Code < legacyLow || legacyHigh < c.Code):
		return fmt.Sprintf("code=%d", c.Code), said, words
	}
	// The range without meaning needs words, and so does an error without a code.
	_, message, _ := strings.Cut(said, ": ")
	if words {
		return text(), said, true
	}
	return "text=" + literal(message), said, false
}

// literal is a pattern that matches a text up to its first figure: what changes
// from answer to answer stands behind it mostly.
func literal(text string) string {
	const most = 40
	if at := strings.IndexAny(text, "0123456789'"); at > 3 {
		text = text[:at]
	}
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return regexp.QuoteMeta(strings.ReplaceAll(strings.TrimSpace(text), "'", "."))
}

// advised adds what the calls say about an inconclusive finding.
func (t *Trial) advised(f Finding) Finding {
	if f.Verdict != Inconclusive {
		return f
	}
	if t.unsure() == 0 {
		return f
	}
	if t.court.stray != "" {
		f.Next = "see who else refuses: " + t.court.doubted
	} else if s, ok := t.court.suspect(); ok {
		f.Next = s.String()
	} else if t.court.doubted != "" {
		f.Next = "see if the server was away for a while: " + t.court.doubted
	} else if next := t.lostSession(); next != "" {
		f.Next = next
	}
	return f
}

// suspect finds the answers that are the likeliest to be refusals: of laws, those that they
// can have made to the last, where no words tell. What was settled to be none isn't.
func (c *Court) suspect() (Suspicion, bool) {
	calls := slices.DeleteFunc(slices.Clone(c.calls), func(call history.Call) bool { return c.doubtful(&call) })
	if s, ok := Suspect(c.terms.Limit, calls); ok || c.cfg.Laws == nil {
		return s, ok
	}
	kinds := map[string]Suspicion{}
	for i := range calls {
		call := &calls[i]
		sign, said, _ := signOf(*call)
		if call.Label != Handshake && sign != "" && sign != "text=" {
			kinds[sign] = Suspicion{kinds[sign].Calls + 1, said, sign}
		}
	}
	for _, sign := range slices.Sorted(maps.Keys(kinds)) {
		if kinds[sign].Calls < leastPressure || len(kinds) > mostLooks {
			continue
		}
		taken := c.with(func(call *history.Call) {
			if s, _, _ := signOf(*call); s == sign && call.Label != Handshake {
				call.Outcome = history.Limited
			}
		})
		if taken.justified() && taken.seen() {
			return kinds[sign], true
		}
	}
	return Suspicion{}, false
}

// lostSession tells of a server that no longer knows our session: over HTTP that
// is 404 (revision 2025-11-25, "Session Management"), and comes of a restart.
func (t *Trial) lostSession() string {
	n, first := 0, history.Call{}
	for _, c := range t.Calls {
		if c.Outcome == history.Rejected && c.Status == http.StatusNotFound && !crowding(&c) {
			if n++; n == 1 || c.Sent < first.Sent {
				first = c
			}
		}
	}
	if n < 3 {
		return ""
	}
	return fmt.Sprintf("from %s on %s answered %q: the server no longer knows the session, as after a restart, which "+
		"also fills a bucket that is kept in memory; see what restarts it",
		span(first.Sent), were(n), first.Detail)
}
