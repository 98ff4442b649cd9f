package verdict

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// Claims are what a server's headers say of its limits in replies that are no
// refusals, and whether its refusals contradict them. What refusals say themselves is
// RetryHint's.
type Claims struct {
	Headers []string // that were seen, by name
	Replies int      // that say what is left
	Notes   []string // what can't be read
	Lie     *Lie     // a claim that a refusal contradicts; nil where there is none
	Low     string   // a claim that more is let in than it says is left; empty where there is none
	Early   string   // a refusal whose count didn't start anew when it said so; empty where there is none
	Flaw    string   // what is wrong with the hints of a refusal, where that was looked for

	laws promise.Promise // that they say, up to mostClaimed
}

// A Lie is a reply that says that so many calls are left, and a refused one of them.
type Lie struct {
	Saw     string
	Witness *Witness
	// Alone says that nothing was in flight beside the refused call: no limit on how
	// many are served at a time can have refused it.
	Alone bool
}

// mostNotes is how many remarks are kept.
const mostNotes = 4

// farthest is how many calls behind a claim are held against it.
const farthest = 1000

// ReadClaims reads the headers of a history. A claim of r left is contradicted by a
// refusal only if whatever the delays were it is one of the next r calls: each call that
// may lie between the two is a call of the same client, session, method and tool, none
// of them was refused, and together with the refused one they can't take more than r: a
// call that left r of q took at most q − r. Other limits may still have refused it,
// which the headers don't speak of: the IETF's draft calls Remaining no guarantee, so
// unless the server promised its headers this is no fail.
func ReadClaims(calls []history.Call) Claims { return readClaims(calls, nil) }

// readClaims is ReadClaims where it is known what a call takes at most; nil: it isn't.
func readClaims(calls []history.Call, most func(*history.Call) int) Claims {
	r := &claimReader{calls: calls, most: most, names: map[string]bool{}, notes: map[string]string{}}
	r.read()
	c := Claims{Headers: slices.Sorted(maps.Keys(r.names)), Replies: len(r.claims),
		Notes: slices.Sorted(maps.Values(r.notes)), laws: r.laws}
	if len(c.Notes) > mostNotes {
		c.Notes = append(c.Notes[:mostNotes], "and others")
	}
	if len(r.claims)+len(r.low) > 0 {
		r.order()
		c.Lie = r.lie()
		c.Low, _ = r.understated()
	}
	c.Early, _ = earlyReset(calls, DefaultClocks())
	return c
}

// A claim is what one reply says is left.
type claim struct {
	pos  int // in the history
	left int
	of   int // 0: not said
	said string
	anew time.Duration // 0: not said
}

type claimReader struct {
	calls  []history.Call
	most   func(*history.Call) int
	claims []claim
	low    []claim // those that say when their count starts anew, with none left too
	laws   promise.Promise
	names  map[string]bool
	notes  map[string]string // by their words without figures

	sent, received []time.Duration // of all calls that left us, each sorted
	loose          []time.Duration // when loose notifications were sent, sorted
	caughtUp       []time.Duration // and when they must have been counted, sorted
	groups         map[likeness][]int
}

func (r *claimReader) read() {
	for i := range r.calls {
		c := &r.calls[i]
		if c.Hints == "" || c.Outcome != history.OK {
			continue
		}
		list, err := history.ParseHints(c.Hints)
		if err != nil {
			continue // another writer's, which say nothing to us
		}
		var fields []promise.Field
		said := ""
		for _, h := range list {
			if h.Kind == history.HintClaim {
				fields = append(fields, promise.Field{Name: h.From, Value: h.Raw})
				said += ", " + h.From + ": " + h.Raw
				r.names[h.From] = true
			}
		}
		if len(fields) == 0 {
			continue
		}
		h := promise.ReadHeaders(fields)
		for _, n := range h.Notes {
			r.note(n)
		}
		for _, l := range h.Laws {
			known := func(k promise.Law) bool { return k.String() == l.String() }
			if len(r.laws) < mostClaimed && !slices.ContainsFunc(r.laws, known) {
				r.laws = append(r.laws, l)
			}
		}
		if h.Says && h.Of > 0 && h.Left > h.Of {
			r.note(fmt.Sprintf("%d of %d are left, says %s", h.Left, h.Of, said[2:]))
		}
		one := claim{pos: i, left: h.Left, of: h.Of, said: said[2:], anew: h.Anew}
		if h.Says && h.Left > 0 {
			r.claims = append(r.claims, one)
		}
		if h.Says && h.Of > 0 && h.Anew > time.Second {
			r.low = append(r.low, one)
		}
	}
}

// note keeps a remark, unless it is there with other figures.
func (r *claimReader) note(text string) {
	if key := withoutFigures(text); r.notes[key] == "" {
		r.notes[key] = text
	}
}

// likeness is what alike calls have in common.
type likeness struct{ client, session, method, tool string }

func likenessOf(c *history.Call) likeness {
	return likeness{c.Client, c.Session, c.Method, c.Tool}
}

// gone reports if a call left us, so that a limit may have counted it.
func gone(c *history.Call) bool { return c.Outcome != history.Unsent }

// ended is when a call had certainly been decided. A notification that was answered with
// a status counts here as decided then: it is loose, and against counts it apart.
func ended(c *history.Call) time.Duration {
	if c.Outcome.Answered() || loose(c) {
		return c.Received
	}
	return never
}

// loose reports if a call is a notification that was taken: a server may count it later, until
// it has caught up, so that every claim until then may be one less by it.
func loose(c *history.Call) bool { return c.Kind == history.Notification && c.Status != 0 }

// order fills in the instants of all calls, and the calls of each kind by when they
// were sent.
func (r *claimReader) order() {
	r.groups = map[likeness][]int{}
	for i := range r.calls {
		if c := &r.calls[i]; gone(c) {
			r.sent, r.received = append(r.sent, c.Sent), append(r.received, ended(c))
			r.groups[likenessOf(c)] = append(r.groups[likenessOf(c)], i)
			if loose(c) {
				r.loose = append(r.loose, c.Sent)
			}
		}
	}
	r.catchUps()
	slices.Sort(r.loose)
	slices.Sort(r.sent)
	slices.Sort(r.received)
	for _, g := range r.groups {
		slices.SortFunc(g, func(a, b int) int {
			return cmp.Or(cmp.Compare(r.calls[a].Sent, r.calls[b].Sent), cmp.Compare(a, b))
		})
	}
}

// catchUps finds by when loose notifications are counted.
func (r *claimReader) catchUps() {
	if len(r.loose) == 0 {
		return
	}
	decided := catchUp(r.calls, 0, 0)
	for i := range r.calls {
		c := &r.calls[i]
		if !gone(c) || !loose(c) {
			continue
		}
		if by := decided(int64(max(c.Sent, c.Received))); by != never {
			r.caughtUp = append(r.caughtUp, time.Duration(by))
		}
	}
	slices.Sort(r.caughtUp)
}

// between is how many calls may have been decided after some instant and before
// another: all but those that certainly were before, or after. A clock may be too coarse
// to say which of two came first.
func (r *claimReader) between(from, to time.Duration) int {
	begun := sort.Search(len(r.sent), func(i int) bool { return r.sent[i] > to })
	over := sort.Search(len(r.received), func(i int) bool { return r.received[i] >= from })
	return begun - over
}

// lie finds the first claim that a refusal contradicts, and prefers one whose refused
// call was alone.
func (r *claimReader) lie() (found *Lie) {
	prices := r.prices()
	for _, c := range r.claims {
		l := r.against(c, prices[thing(&r.calls[c.pos])])
		if l != nil && (found == nil || l.Alone && !found.Alone) {
			if found = l; l.Alone {
				break
			}
		}
	}
	return found
}

// thing is what a call asks for, on which depends what it costs.
func thing(c *history.Call) likeness { return likeness{method: c.Method, tool: c.Tool} }

// prices are the most that a call can take of what is left: what its law says, or else one
// that left r of q took at most q − r. Nothing is known where nobody says of how many, or says what can't be.
func (r *claimReader) prices() map[likeness]int {
	prices := map[likeness]int{}
	for _, c := range r.claims {
		of := thing(&r.calls[c.pos])
		if r.most != nil {
			prices[of] = r.most(&r.calls[c.pos])
		} else if took := c.of - c.left; c.of > 0 && took > 0 && (prices[of] == 0 || took < prices[of]) {
			prices[of] = took
		}
	}
	return prices
}

// against holds one claim against the first refusal of a call alike that was certainly
// decided later.
func (r *claimReader) against(c claim, price int) *Lie {
	if price == 0 {
		return nil
	}
	claimed := &r.calls[c.pos]
	group := r.groups[likenessOf(claimed)]
	first := sort.Search(len(group), func(i int) bool { return r.calls[group[i]].Sent > claimed.Received })
	for k := first; k < min(len(group), first+min(c.left, farthest)); k++ {
		j := &r.calls[group[k]]
		if j.Outcome != history.Limited {
			continue
		}
		if j.Detail == history.Unavailable {
			return nil
		}
		// Of the calls that may lie between, all have to be of this kind, and none refused.
		rivals, same := r.between(claimed.Sent, j.Received)-2, 0 // without the two themselves
		for _, i := range group[max(0, first-farthest):] {
			k := &r.calls[i]
			if k.Sent > j.Received {
				break
			}
			if k == claimed || k == j || ended(k) < claimed.Sent {
				continue
			}
			if same++; k.Outcome != history.OK {
				return nil
			}
		}
		late := sort.Search(len(r.loose), func(i int) bool { return r.loose[i] > j.Received }) -
			sort.Search(len(r.caughtUp), func(i int) bool { return r.caughtUp[i] > claimed.Sent })
		if same != rivals || (same+1+late)*price > c.left {
			return nil
		}
		return &Lie{Alone: r.between(j.Sent, j.Received) == 1,
			Saw: fmt.Sprintf("call %d was told that %d are left (%s), and call %d was refused after %s at most",
				c.pos+1, c.left, c.said, group[k]+1, plural(same, "call")),
			Witness: &Witness{From: claimed.Sent, To: j.Received, Calls: []int{c.pos + 1, group[k] + 1}}}
	}
	return nil
}

// Words say what headers come to where nobody promised them: which were sent, and if they
// are true; empty where there are none.
func (c Claims) Words(shared bool) string {
	f, ok := c.Finding(false, shared)
	if !ok {
		return ""
	}
	if len(f.Warnings) == 0 {
		return f.Saw
	}
	return f.Saw + "; " + strings.Join(f.Warnings, "; ")
}

// Finding is what claims come to: a fail where the server promised its headers and a
// refusal that nothing else can have made contradicts them, else at most a warning. It
// reports false where there are no headers to speak of.
func (c Claims) Finding(promised, shared bool) (Finding, bool) {
	if len(c.Headers) == 0 && c.Early+c.Flaw == "" {
		return Finding{}, false
	}
	f := Finding{Check: "headers", Verdict: Pass, Want: "what is left, as headers say it, is let in", Warnings: c.Notes,
		Saw: fmt.Sprintf("%s in %s with calls left, none contradicted", strings.Join(c.Headers, ", "),
			plurals(c.Replies, "reply", "replies"))}
	if len(c.Headers) == 0 {
		f.Saw = "no reply says what is left"
	}
	for _, text := range []string{c.Low, c.Early, c.Flaw} {
		if text != "" && (!shared || text == c.Flaw) {
			f.Warnings = append(slices.Clone(f.Warnings), text)
		}
	}
	switch {
	case shared:
		f.Saw = strings.Join(c.Headers, ", ") + ": not judged: others may take what a header says is left"
	case c.Lie != nil && promised && c.Lie.Alone:
		f.Verdict, f.Saw, f.Witness = Fail, c.Lie.Saw, c.Lie.Witness
		f.Cause = "the header says more than the limit lets in, or another limit refuses that it doesn't speak of"
	case c.Lie != nil:
		f.Warnings = append(slices.Clone(f.Warnings), c.Lie.Saw+": the header says more than is let in, or another "+
			"limit refused")
		f.Saw = strings.Join(c.Headers, ", ") + ": contradicted"
	}
	return f, true
}

func plurals(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
