package verdict

import (
	"fmt"
	"sort"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
)

// understated finds a reply that says that fewer calls are left than were let in, long before its
// count starts anew: within a quarter of that time more than it says, a quarter of its limit, and
// two for what is rounded. Any limit gives back no more by then, if it gives back bit by bit until
// it is whole, or all at once at the end. It isn't held against a server: who heeds it waits longer
// than needed.
func (r *claimReader) understated() (saw string, w *Witness) {
	for _, c := range r.low {
		claimed := &r.calls[c.pos]
		group := r.groups[likenessOf(claimed)]
		until := claimed.Sent + (c.anew-time.Second)/4
		first := sort.Search(len(group), func(i int) bool { return r.calls[group[i]].Sent > claimed.Received })
		n, last := 0, 0
		for _, i := range group[first:min(len(group), first+farthest)] {
			if k := &r.calls[i]; k.Sent > until {
				break
			} else if k.Outcome == history.OK && k.Received <= until {
				n, last = n+1, i
			}
		}
		if float64(n) > float64(c.left)+float64(c.of)/4+2 {
			over := r.calls[last].Received
			return fmt.Sprintf("call %d was told that %d of %d are left for %s (%s), and %d more were let in within "+
					"%s: the header says less than is let in, or a later time", c.pos+1, c.left, c.of,
					words.Span(c.anew), c.said, n, words.Span(over-claimed.Sent)),
				&Witness{From: claimed.Sent, To: over, Calls: []int{c.pos + 1, last + 1}}
		}
	}
	return "", nil
}
