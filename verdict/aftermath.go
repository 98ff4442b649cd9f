package verdict

import (
	"fmt"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
)

// aftermath says which trick gives what no trick's own calls show: the calls of all of them
// break the promise together, as where something that was turned away fills the bucket for
// the plain calls after it. It names the trick after which most of those are let through.
// No witness: they don't.
func (t *Trial) aftermath(tricks []*trick) (text string, proof *Witness) {
	if len(tricks) < 2 {
		return "", nil
	}
	client := tricks[0].client
	var all []int
	var most *trick
	let := 0
	for _, k := range tricks {
		if k.client != client || k.name == Failing {
			continue
		}
		all = slices.Concat(all, k.before, k.own, k.after)
		if n := t.letThrough(k.after); n > let {
			most, let = k, n
		}
	}
	slices.Sort(all)
	all = t.of(client, slices.Compact(all))
	if proof = t.breaks(all); proof == nil || most == nil {
		return "", nil
	}
	return t.afterWords(most, proof), proof
}

// orAfter are the words for what a trick bought, or for what comes after it, or after the one
// before it, where it was plain calls rather than its own that were let through.
func (t *Trial) orAfter(earlier []*trick, k *trick, words string, proof *Witness) string {
	before, after := t.letThrough(k.before), t.letThrough(k.after)
	switch own := 2 * t.letThrough(k.own); {
	case own < after && after >= before:
		return t.afterWords(k, proof)
	case own < before && len(earlier) > 0:
		return t.afterWords(earlier[len(earlier)-1], proof)
	}
	return words
}

// afterWords say what comes after a trick.
func (t *Trial) afterWords(k *trick, proof *Witness) string {
	return fmt.Sprintf("what comes after %s buys calls: %d of %s after it are let through, and %d in %s with others, "+
		"%s allowed", k.name, t.letThrough(k.after), words.Count(len(k.after), "plain call"), proof.Admitted,
		words.Span((proof.To - proof.From).Round(time.Millisecond)), tokens(proof.Allowed))
}

// letThrough is how many of some calls were.
func (t *Trial) letThrough(positions []int) (n int) {
	for _, p := range positions {
		if t.court.calls[p-1].Outcome == history.OK {
			n++
		}
	}
	return n
}
