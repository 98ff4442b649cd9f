package conform

import (
	"fmt"
	"math"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"
)

// How much the rows under load ask for.
const (
	manyConnections = 200
	manySessions    = 5000
	longestMinting  = 60 * time.Second // of sessions; what there is by then is judged
	fewestSessions  = 200              // of which anything can be said
)

// UnderRows are the rows that are tried while right requests go on beside them, and
// only then: each sends much. Those that end the server are in EndingRows.
func UnderRows() []Row {
	web, own := []string{HTTP}, []string{HTTP, Stdio} // an event stream is posted to one request after the other
	return []Row{
		{ID: "U03", Area: Tools, Level: Must, From: R2026, On: web, Section: "server/tools §Listing Tools",
			Effect: Lists, Needs: "tools",
			Says:  "lists the same tools on each of 200 connections",
			Check: func(t *Trial) Answer { return t.sameElsewhere(manyConnections) }},
		{ID: "U03-sessions", Area: Tools, Level: Practice, To: R2511, On: web, Section: "server/tools §Listing Tools",
			Effect: Sessions, Needs: "tools",
			Says:  "lists the same tools in each of 200 sessions, each on a connection of its own",
			Check: sameInSessions},
		{ID: "U04", Area: Transport, Level: Should, From: R2503, To: R2511, On: web, Section: "basic/transports " +
			"§Session Management", Effect: Sessions,
			Says:  "makes session ids that don't repeat, and of which 5,000 don't show the next",
			Check: unguessableInMany},
		{ID: "U05", Area: Utilities, Level: Practice, On: own, Section: "basic/utilities/cancellation §Behavior " +
			"Requirements", Effect: Many, Needs: "tools",
			Says: "doesn't carry calls out to their end that are cancelled, all eight at once", Check: honoursCancels},
		{ID: "U06", Area: Utilities, Level: Must, On: own, Section: "basic/utilities/progress §Behavior Requirements",
			Effect: Many, Needs: "tools",
			Says:  "reports progress of 16 calls at once by their own tokens, of values that grow",
			Check: keepsTokensApart},
		{ID: "U06-streams", Area: Utilities, Level: Must, From: R2026, On: web,
			Section: "basic/transports/streamable-http §Receiving Messages", Effect: Many, Needs: "tools",
			Says: "reports progress of each of 16 calls at once on that call's own stream", Check: keepsStreamsApart},
		{ID: "U06-older", Area: Utilities, Level: Should, From: R2503, To: R2511, On: web,
			Section: "basic/transports §Sending Messages", Effect: Many, Needs: "tools",
			Says: "reports progress of each of 16 calls at once on that call's own stream", Check: keepsStreamsApart},
		{ID: "U07", Area: Authorization, Level: Practice, From: R2503, On: web, Section: "basic/authorization §Error " +
			"Handling", Effect: Sends,
			Says: "takes nothing off a user's limit for requests with made-up tokens", Check: strangersCostNothing},
	}
}

func sameInSessions(t *Trial) Answer {
	return t.sameLists("session", manyConnections, func(k int) (*session, *Answer) {
		s, none := t.fresh()
		if none != nil {
			return nil, new(skip("after %d sessions: %s", k, none.Saw))
		}
		return s, nil
	})
}

func unguessableInMany(t *Trial) Answer {
	if none := t.sessionless(); none != nil {
		return *none
	}
	most := manySessions
	if t.Sessions > 0 {
		most = t.Sessions
	}
	ids, met := []string{t.main.id}, map[string]*Exchange{t.main.id: t.main.opened}
	shown := []*Exchange{t.main.opened}
	ended := ""
	for began := t.now(); len(ids) < most; {
		if t.now().Sub(began) > longestMinting {
			ended = fmt.Sprintf(" (no more were opened in %s)", longestMinting)
			break
		}
		s, none := t.fresh()
		if none != nil {
			ended = " (" + none.Saw + ")"
			break
		}
		s.line.Close()
		if before := met[s.id]; before != nil {
			return fail(s.opened, "of %d sessions two have the id %s", len(ids)+1, excerpt(s.id)).
				showing(before, s.opened)
		}
		ids, met[s.id], shown = append(ids, s.id), s.opened, append(shown, s.opened)
		t.pause(t.beat())
	}
	if len(ids) < min(fewestSessions, most) {
		return skip("only %d sessions could be opened%s", len(ids), ended)
	}
	if why := guessable(ids); why != "" {
		return fail(nil, "of %d session ids in a row%s %s: %s, %s, %s", len(ids), ended, why, excerpt(ids[0]),
			excerpt(ids[1]), excerpt(ids[2])).showing(shown[:2]...)
	}
	return pass("%d ids in a row%s: none twice, no step or factor that repeats, and enough bits that change", len(ids),
		ended)
}

// enoughBits is what ids must hold at least, counted as the sum of what their places
// do. A sum over places is never less than what the whole holds, so that a counter or a
// clock falls below it, and what is drawn at random, of 64 bits or more, doesn't.
const enoughBits = 48

// guessable says how the next id could be told from ids in a row; empty where that
// isn't seen.
func guessable(ids []string) string {
	if n := repeatedStep(ids); n > len(ids)/10 {
		return fmt.Sprintf("%d follow the one before by the same step", n)
	}
	if multiplied(ids) {
		return "are the whole state of a linear generator, so that each follows from those before"
	}
	if bits := entropy(ids); bits < enoughBits {
		return fmt.Sprintf("what changes holds %.0f bits at most", bits)
	}
	return ""
}

// numbers are ids read as numbers, without hyphens and what all begin with; nil where one is none.
func numbers(ids []string, base int) []*big.Int {
	list, start := make([]*big.Int, len(ids)), sharedStart(ids)
	for k, id := range ids {
		id = strings.ReplaceAll(strings.TrimPrefix(id, start), "-", "")
		if n, ok := new(big.Int).SetString(id, base); ok {
			list[k] = n
		}
	}
	return list
}

// repeatedStep is how many ids are the one before and a step that is the same for all
// of them, read as hexadecimal numbers.
func repeatedStep(ids []string) int {
	steps := map[string]int{}
	var last *big.Int
	for _, n := range numbers(ids, 16) {
		if n != nil && last != nil {
			steps[new(big.Int).Sub(n, last).String()]++
		}
		last = n
	}
	most := 0
	for _, n := range steps {
		most = max(most, n)
	}
	return most
}

// multiplied reports if ids are the whole state of a linear generator, so that each, or what it
// is more than the one before, is a multiple of the one before by the same factor.
func multiplied(ids []string) bool {
	for _, base := range []int{16, 10} {
		list := numbers(ids, base)
		if slices.Contains(list, nil) {
			continue
		}
		steps := make([]*big.Int, len(list)-1)
		for k := range steps {
			steps[k] = new(big.Int).Sub(list[k+1], list[k])
		}
		for _, bits := range []int{48, 64, 128} {
			modulus := new(big.Int).Lsh(big.NewInt(1), uint(bits))
			fits := !slices.ContainsFunc(list, func(n *big.Int) bool { return n.BitLen() > bits })
			if fits && (oneFactor(list, modulus) || oneFactor(steps, modulus)) {
				return true
			}
		}
	}
	return false
}

// oneFactor reports if all but few of some numbers are the one before times a factor. Others may
// have been drawn between the first ones.
func oneFactor(list []*big.Int, modulus *big.Int) bool {
	const first, tries = 4, 8
	for k := first; k < min(first+tries, len(list)-1); k++ {
		factor := new(big.Int).ModInverse(list[k], modulus)
		if factor == nil {
			continue // it is even
		}
		factor.Mul(factor, list[k+1]).Mod(factor, modulus)
		n := 0
		for i, last := range list[:len(list)-1] {
			next := new(big.Int).Mul(last, factor)
			if next.Sub(next, list[i+1]).Mod(next, modulus).Sign() == 0 {
				n++
			}
		}
		if factor.Cmp(big.NewInt(1)) != 0 && n > len(list)*9/10 {
			return true
		}
	}
	return false
}

// sharedStart is what the first and the last two ids begin with alike.
func sharedStart(ids []string) string {
	if len(ids) < 3 {
		return ""
	}
	start := ids[0]
	for _, id := range []string{ids[1], ids[len(ids)-2], ids[len(ids)-1]} {
		for !strings.HasPrefix(id, start) {
			start = start[:len(start)-1]
		}
	}
	return start
}

// entropy is the sum of what the places of ids hold, in bits.
func entropy(ids []string) float64 {
	longest := 0
	for _, id := range ids {
		longest = max(longest, len(id))
	}
	bits := 0.0
	for k := range longest {
		seen := map[int]int{}
		for _, id := range ids {
			letter := -1
			if k < len(id) {
				letter = int(id[k])
			}
			seen[letter]++
		}
		for _, n := range seen {
			p := float64(n) / float64(len(ids))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}

// How it is seen what requests of strangers cost a user.
const (
	fewRight  = 10
	strangers = 100
	restUser  = 2 * time.Second
)

func strangersCostNothing(t *Trial) Answer {
	if !t.Bearer {
		return needs("--bearer-env NAME", "no token is shown")
	}
	stranger := t.opening().With("Authorization", "Bearer "+madeUp[0])
	if e := t.Send(stranger); e.Reply.Status != http.StatusUnauthorized {
		return skip("a made-up token isn't answered with 401: %s", e.words())
	}
	// The user asks as often with the strangers before as without, after a rest of the
	// same length each time; without them it must work before and behind.
	var limited *Exchange // the first stranger that was refused for its rate
	for turn := range 3 {
		t.pause(restUser)
		if turn == 1 {
			for n := 0; n < strangers && limited == nil; n++ {
				switch e := t.Send(once(stranger)); {
				case e.Reply.Limited():
					limited = e
				case e.Reply.Status != http.StatusUnauthorized:
					return unaccused(skip("strangers are answered otherwise after a while: %s", e.words()))
				}
			}
		}
		for range fewRight {
			e := t.Send(once(t.Harmless()))
			switch {
			case e.OK():
				continue
			case turn != 1 || !e.Reply.Limited():
				return unaccused(skip("a right request has no result without strangers before it: %s", e.words()))
			case limited != nil:
				return unaccused(skip("strangers are refused for their rate, and so is a right request behind them, "+
					"as by a limit of this machine's address, which all share: %s", limited.words()))
			}
			if again := t.rested(); again != nil {
				return unaccused(*again)
			}
			return unaccused(fail(e, "after %d requests with made-up tokens a right one is refused, and not "+
				"without: %s", strangers, e.words()))
		}
	}
	return unaccused(pass("%d right requests behind %d with made-up tokens are served", fewRight, strangers))
}

// rested sends as many right requests as before after a rest; the answer says that they
// don't work.
func (t *Trial) rested() *Answer {
	t.pause(2 * restUser)
	for range fewRight {
		if e := t.Send(once(t.Harmless())); !e.OK() {
			return new(skip("right requests are refused without strangers too: %s", e.words()))
		}
	}
	return nil
}

// once is a request that isn't sent again where a limit refuses it.
func once(r Request) Request {
	r.Once = true
	return r
}

// unaccused is an answer for which refusals and breaks are what was to be seen.
func unaccused(a Answer) Answer {
	a.Hung, a.Refused = true, true
	return a
}
