package verdict

import (
	"fmt"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
)

// earlyReset finds what contradicts when refusals say that a count starts anew: the same client
// was refused the same after that, although nothing at all can have been let in between. Which
// limit refused nobody knows here, nor whether refusals prolong it: so it is told, and no more.
func earlyReset(calls []history.Call, clocks Clocks) (saw string, w *Witness) {
	told := map[likeness]resetSaid{}
	flying := time.Duration(-1) // until when what was sent may have been let in
	for _, i := range bySent(calls) {
		k := &calls[i]
		if k.Outcome == history.Unsent {
			continue
		}
		if k.Outcome != history.Limited {
			clear(told)
			if !k.Outcome.Answered() && k.Kind == history.Request {
				return "", nil // it may be let in at any time
			}
			if flying = max(flying, k.Received); loose(k) {
				flying = max(flying, k.Received+headerStep)
			}
			continue
		}
		who := likenessOf(k)
		if t, ok := told[who]; ok && clocks.Least(k.Sent-calls[t.call].Received) >= t.end {
			return fmt.Sprintf("call %d was told that its count starts anew after %s (%s), and call %d, %s later, was "+
					"refused with nothing let in between: that was too early, or another limit refused, or refusals "+
					"prolong it", t.call+1, words.Span(t.said), t.from, i+1, words.Span(k.Sent-calls[t.call].Received)),
				&Witness{From: calls[t.call].Sent, To: k.Received, Calls: []int{t.call + 1, i + 1}}
		}
		t, ok := resetOf(k)
		t.call = i
		if old, is := told[who]; ok && k.Sent > flying && (!is || k.Received+t.end < calls[old.call].Received+old.end) {
			told[who] = t
		}
	}
	return "", nil
}

// A resetSaid is when a refusal says that a count starts anew.
type resetSaid struct {
	call      int
	said, end time.Duration // as it stands there, and when that has certainly passed
	slack     time.Duration // by how much it may be off
	from      string
}

// resetOf is the last of the instants at which a refusal says that a count starts anew; false
// where it says none, or to wait longer, or nobody can tell.
func resetOf(k *history.Call) (resetSaid, bool) {
	var last resetSaid
	list, err := history.ParseHints(k.Hints)
	if err != nil {
		return last, false
	}
	for _, h := range list {
		switch {
		case h.Kind == history.HintReset && (vague(h) || h.Note == history.NoteUnit):
			return last, false
		case h.Kind == history.HintReset && h.Hi > last.end:
			last = resetSaid{said: (h.Lo + h.Hi) / 2, end: h.Hi, slack: (h.Hi - h.Lo) / 2, from: h.From + ": " + h.Raw}
		case h.Kind == history.HintWait && h.Hi > last.end:
			last.end = h.Hi
		}
	}
	return last, last.from != "" && !strings.HasPrefix(last.from, "Retry-After")
}
