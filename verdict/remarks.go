package verdict

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
)

// vague reports if a hint may be over already, or minutes away: it is a moment of a clock
// that nobody knows.
func vague(h history.Hint) bool { return h.Lo <= 0 && h.Hi-h.Lo >= time.Minute }

// remarks are what is worth knowing of hints, and no fault that calls prove.
func (r *hintReading) remarks() []string {
	var list []string
	fills := r.t.court.fills()
	zero, long := false, []hinted(nil)
	for _, h := range r.waits {
		zero = zero || h.zero()
		if h.Note != history.NoteUnit && h.Lo > fills+headerStep {
			long = append(long, h)
		}
	}
	if zero {
		list = append(list, "refusals tell to retry at once: after 0 s")
	}
	if 0 < len(long) && len(long) < len(r.waits) && r.torn == nil {
		l := r.t.limit()
		list = append(list, fmt.Sprintf("from call %d on, %s asked to wait %s or so, where a bucket of %s burst %d "+
			"needs %s at most: a second limit, or a ban, may stand behind it",
			long[0].pos, plural(len(long), "refusal"), span((long[0].Lo+long[0].Hi)/2), perSecond(l.Rate), l.Burst,
			span(fills)))
	}
	// Without counts, so that scenarios which saw the same say the same.
	return append(list, slices.Sorted(maps.Keys(r.odd))...)
}
