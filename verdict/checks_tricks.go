package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/promise"
)

// Tricks is the check of an audit's scenarios. The session of a call says by which
// trick it was sent, and with which value of it: "X-Forwarded-For #2". Calls without
// one are the control: they drain the bucket before each trick. A trick is proven to
// have bought calls where its own calls and the control beside them, which one bucket
// was promised for, break the promise, and the control before it alone doesn't.
var Tricks = Check{
	ID:    "tricks",
	Doc:   "nothing that a client can do buys a call that the promise forbids",
	Judge: judgeTricks,
}

// TrickOf parts a call's session into the trick and the value of it, which may be
// empty. A session that is open beside others is no trick's.
func TrickOf(session string) (name, value string) {
	if strings.HasPrefix(session, ExtraSession) {
		return "", ""
	}
	name, value, _ = strings.Cut(session, " #")
	return name, value
}

// Replica is what the names of tricks begin with that are the burst at another url,
// of which each was named by whoever wanted it judged.
const Replica = "replica "

// OtherOrder is the trick whose calls differ from plain ones by their connection and the order of
// their headers, as those of most tricks do. What is let through whole beside it buys more.
const OtherOrder = "another connection and order of headers"

// A trick is a part of an audit's scenario.
type trick struct {
	name   string
	client string
	before []int // positions of the control's calls just before it
	own    []int // of its own calls, but for those that open sessions, which may be all at once before
	after  []int // of the control's calls just after it
}

func judgeTricks(t *Trial) Finding {
	f := Finding{Check: "tricks", Want: "nothing of this buys a call beyond the promise"}
	if t.court.untold {
		f.Saw = t.untried()
		return f
	}
	var failed, held, away []string
	var silent untold
	plainly, order := "", false
	list, seen := t.tricks(), []string(nil)
	looks := plainRejections(t.court.calls)
	for i, k := range list {
		if seen = append(seen, k.name); k.name == Failing {
			f.Warnings = append(f.Warnings, t.failsFreely(k)...)
			continue
		}
		if len(k.before) > 0 && !t.served(k.before) {
			silent.add(notServed, k.name)
			continue
		}
		words, witness := t.boughtBy(list[:i], k)
		if broken := t.plainly(k.before); broken != nil {
			if plainly == "" {
				plainly = t.plainWords(broken)
				failed, f.Witness = append(failed, plainly), cmp.Or(f.Witness, broken)
			}
			silent.add("", k.name)
			continue
		}
		switch {
		case witness != nil && order && t.letThrough(k.own) < len(k.own):
			silent.add(sameWay, k.name)
		case witness != nil:
			order = k.name == OtherOrder
			failed, f.Witness = append(failed, words), cmp.Or(f.Witness, witness)
		case t.anyBarred(k.before) || t.anyBarred(k.own):
			silent.add(barredTrick, k.name)
		case words != "":
			silent.add(words, k.name)
		case anyLike(looks, t.court.calls, indexes(k.own)):
			silent.add(shut, k.name)
		case !t.served(k.own):
			away = append(away, k.name)
		default:
			held = append(held, k.name)
		}
	}
	if words, witness := t.aftermath(list); len(failed) == 0 && witness != nil {
		failed, f.Witness = []string{words}, witness
	}
	silent.add(notSent, unsentTricks(t.Calls, seen, func(*history.Call) bool { return true })...)
	f.Saw = t.trickWords(held, away, silent)
	t.conclude(&f, failed, len(held), away, silent)
	f.Saw = strings.TrimSuffix(f.Saw, "; ")
	f.Warnings = append(f.Warnings, t.freely(list)...)
	return f
}

// indexes are positions counted from 0.
func indexes(positions []int) []int {
	out := slices.Clone(positions)
	for i := range out {
		out[i]--
	}
	return out
}

// conclude makes a verdict of what came of tricks.
func (t *Trial) conclude(f *Finding, failed []string, held int, away []string, silent untold) {
	switch {
	case len(failed) > 0:
		f.Verdict, f.Cause, f.Saw = Fail, strings.Join(failed, "; "), strings.Join(failed, "; ")+"; "+f.Saw
	case t.count(history.Limited) == 0:
		f.Saw += "; nothing was refused, so that nothing pressed on the limit"
	case silent.hidden(): // what the server did to one trick hides what it does to those after it
		f.Next = hiddenNext
	case anyReplica(away) || anyReplica(silent.names()):
		// what holds at the others says nothing of this one
	case held+len(away) > 0:
		f.Verdict = Pass
	}
}

const hiddenNext = "something in front of the server may bar who sends what it doesn't like, which hides what the " +
	"tricks after that buy: let it let us through, or try attempts one by one with --scenario"

// anyReplica reports if any of some tricks is the burst at another url.
func anyReplica(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, Replica) })
}

// trickWords says what came of those tricks that are not proven to have bought a call.
func (t *Trial) trickWords(held, away []string, silent untold) string {
	text := ""
	if len(held)+len(away) > 0 {
		text = fmt.Sprintf("%d of %s admitted", t.count(history.OK), words.Count(t.sent(), "call"))
	}
	held, away = words.Once(held), words.Once(away)
	if len(held) > 0 {
		text += "; no call was bought by " + strings.Join(held, ", ")
	}
	if len(away) > 0 {
		text += "; turned away, as what the server doesn't take: " + strings.Join(away, ", ")
	}
	if len(silent) > 0 {
		text = strings.TrimPrefix(text+"; not to be told of "+silent.String(), "; ")
	}
	return text
}

// tricks are the parts of the scenario, in the order of their first calls.
func (t *Trial) tricks() []*trick {
	var list []*trick
	var control []int
	byName := map[string]*trick{}
	var last *trick
	for i := range t.court.calls {
		c := &t.court.calls[i]
		if !t.pos[i+1] || c.Outcome == history.Unsent || c.Session != "" && c.Method == "initialize" {
			continue
		}
		name, _ := TrickOf(c.Session)
		if name == "" {
			control = append(control, i+1)
			if last != nil {
				last.after = append(last.after, i+1)
			}
			continue
		}
		k := byName[name+"\x00"+c.Client]
		if k == nil {
			k = &trick{name: name, client: c.Client, before: control}
			byName[name+"\x00"+c.Client] = k
			list = append(list, k)
		}
		if last != k {
			control = nil
		}
		last = k
		k.own = append(k.own, i+1)
	}
	return list
}

// boughtBy says what a trick bought after some others, and by which calls that is proven; or
// why it can't be told.
func (t *Trial) boughtBy(earlier []*trick, k *trick) (words string, proof *Witness) {
	all := slices.Concat(t.of(k.client, k.before), k.own, t.of(k.client, k.after))
	slices.Sort(all)
	proof = t.breaks(all)
	switch answered := t.answered(k.own); {
	case proof == nil && answered == 0:
		return "no call of it got an answer that tells", nil
	case proof == nil:
		return "", nil
	}
	return t.orAfter(earlier, k, t.boughtWords(k, all, proof), proof), proof
}

// of are those of some calls that a client sent.
func (t *Trial) of(client string, positions []int) []int {
	return slices.DeleteFunc(slices.Clone(positions), func(p int) bool { return t.court.calls[p-1].Client != client })
}

// plainly is the witness that control breaks the promise by itself; nil where it doesn't.
// Where that stands before a trick nothing can be told of the trick.
func (t *Trial) plainly(control []int) *Witness {
	if len(control) == 0 {
		return nil
	}
	return t.breaks(t.of(t.court.calls[control[0]-1].Client, control))
}

// plainWords say that plain calls break the promise, and how far into the run.
func (t *Trial) plainWords(w *Witness) string {
	n, first := 0, time.Duration(math.MaxInt64)
	for i := range t.court.calls {
		c := &t.court.calls[i]
		if c.Outcome != history.Unsent && c.Received <= w.To {
			n, first = n+1, min(first, c.Sent)
		}
	}
	return fmt.Sprintf("plain calls buy %s by themselves, %s and %s into the run: %d admitted in %s, %s allowed",
		words.Count(int(math.Ceil(float64(w.Admitted)-w.Allowed)), "call"), (w.To - first).Round(100*time.Millisecond),
		words.Count(n, "call"),
		w.Admitted, (w.To - w.From).Round(time.Millisecond), tokens(w.Allowed))
}

// answered is how many calls were let through, refused for the limit, or turned away as
// what no server need take, such as a batch: those were not carried out either.
func (t *Trial) answered(positions []int) (n int) {
	for _, p := range positions {
		if o := t.court.calls[p-1].Outcome; o == history.OK || o == history.Limited || o == history.Rejected {
			n++
		}
	}
	return n
}

// served reports if any of some calls was let through, or refused for the limit.
func (t *Trial) served(positions []int) bool {
	return slices.ContainsFunc(positions, func(p int) bool {
		o := t.court.calls[p-1].Outcome
		return o == history.OK || o == history.Limited
	})
}

// boughtWords say what a trick buys: each of its values a number of calls, or all of it
// so many more than are allowed.
func (t *Trial) boughtWords(k *trick, all []int, proof *Witness) string {
	got := map[string]int{}
	for _, p := range k.own {
		c := &t.court.calls[p-1]
		if _, value := TrickOf(c.Session); c.Outcome == history.OK && value != "" {
			got[value]++
		}
	}
	least, most := math.MaxInt, 0
	for _, n := range got {
		least, most = min(least, n), max(most, n)
	}
	more := int(math.Ceil(float64(proof.Admitted) - proof.Allowed))
	span := (proof.To - proof.From).Round(time.Millisecond)
	text := fmt.Sprintf("%s buys %s: %d admitted in %s, %s allowed", k.name, words.Count(more, "call"), proof.Admitted,
		span, tokens(proof.Allowed))
	if len(got) > 1 && least > 1 && 2*least >= most {
		each := "each new " + k.name
		if strings.HasPrefix(k.name, "a ") {
			each = "each time " + k.name
		}
		text = fmt.Sprintf("%s buys %s at once, so that there is no limit: %d admitted in %s, %s allowed",
			each, words.Count(least, "call"), proof.Admitted, span, tokens(proof.Allowed))
	}
	if strings.HasPrefix(k.name, Replica) {
		there := 0
		for _, p := range proof.Calls {
			if name, _ := TrickOf(t.court.calls[p-1].Session); name == k.name {
				there++
			}
		}
		text += fmt.Sprintf(" (%d of them at the first url, %d at %s)", len(proof.Calls)-there, there, k.name)
	}
	if begin, n := t.breach(k, all); begin > heldLong {
		text += fmt.Sprintf("; the limit held for %s and %s", begin.Round(100*time.Millisecond), words.Count(n, "call"))
	}
	if t.plainly(k.after) != nil {
		text += "; plain calls are let through after it too"
	}
	return text
}

// heldLong is from when on it is worth to say how long a limit held.
const heldLong = 10 * time.Second

// breach is how long a trick's calls had gone on, and how many there had been, when
// they first broke the promise.
func (t *Trial) breach(k *trick, all []int) (time.Duration, int) {
	own := k.own
	first := t.court.calls[own[0]-1].Sent
	from := slices.Index(all, own[0])
	lo, hi := from, len(all) // all[:hi] breaks the promise
	for lo < hi {
		mid := (lo + hi) / 2
		if t.breaks(all[:mid]) != nil {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	last := all[max(0, hi-1)]
	return t.court.calls[last-1].Received - first, hi - from
}

// freely warns where nobody proves who is who: what sends as another client has a limit
// of its own, although only something that anybody can write was different.
func (t *Trial) freely(tricks []*trick) []string {
	if t.limit().Scope != promise.Client {
		return nil
	}
	var whose []string
	var plain []int // all control so far: what it took since the bucket was full
	for _, k := range tricks {
		plain = append(plain, k.before...)
		if len(k.before) == 0 || t.court.calls[k.before[0]-1].Client == k.client || t.opened(k) {
			continue
		}
		all := slices.Concat(plain, k.own)
		slices.Sort(all)
		if t.breaks(all) != nil && t.plainly(plain) == nil && !slices.Contains(whose, k.name) {
			whose = append(whose, k.name)
		}
	}
	if whose == nil {
		return nil
	}
	return []string{fmt.Sprintf("nothing proves who is who: each new %s has a limit of its own",
		strings.Join(whose, " and each new "))}
}

// opened reports if a trick opened sessions.
func (t *Trial) opened(k *trick) bool {
	return slices.ContainsFunc(t.Calls, func(c history.Call) bool {
		name, _ := TrickOf(c.Session)
		return name == k.name && c.Client == k.client && c.Method == "initialize"
	})
}
