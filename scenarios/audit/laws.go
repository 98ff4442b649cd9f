package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// ForLaws are the tricks that are tried against each law of a promise, and the attempts
// that aren't made at all.
func ForLaws(h Having, p promise.Promise) (tricks []scenarios.LawTrick, left []Left) {
	for _, a := range Attempts() {
		if h.Names != nil && !slices.Contains(h.Names, a.Name) {
			continue
		}
		if l, ok := h.lacks(a); ok {
			left = append(left, l)
			continue
		}
		list := h.lawTricks(a.Name, p)
		if len(list) == 0 {
			left = append(left, Left{a.Name, "it is tried against a token bucket only, and laws are promised", ""})
		}
		for _, t := range list {
			t.Attempt = a.Name
			if !slices.ContainsFunc(tricks, func(o scenarios.LawTrick) bool { return o.Name == t.Name }) {
				tricks = append(tricks, t) // the control of several attempts is tried once
			}
		}
	}
	if h.Names == nil {
		left = append(left, Left{never, neverWhy, ""})
	}
	return tricks, left
}

// lawTricks are those of an attempt.
func (h Having) lawTricks(attempt string, p promise.Promise) (list []scenarios.LawTrick) {
	forms := func(values int, of ...[]trickForm) []scenarios.LawTrick {
		for _, t := range slices.Concat(of...) {
			list = append(list, h.lawTrick(t.name, values))
		}
		return list
	}
	switch attempt {
	case "affinity":
		t := h.lawTrick(ownSession, affineSessions)
		t.Calls = func(l promise.Law) int { return max(1, (l.N+beyond)/8) }
		return []scenarios.LawTrick{t}
	case "batch":
		forms(2, batches(slices.ContainsFunc(p, func(l promise.Law) bool { return len(l.Key) > 0 })))
		for i := range list {
			list[i].Calls = func(l promise.Law) int { return (l.N + beyond + batched) / batched * batched }
		}
		return list
	case "variety":
		return h.lawVariety(p)
	case "disguise":
		return forms(1, disguises())
	case "forgery":
		return forms(2, h.forgeries())
	case "flood":
		return lawFloods()
	case "revision":
		return forms(1, spoken())
	case "replicas":
		for i, host := range h.Replicas {
			list = append(list, h.lawTrick(replica(i+2, host).name, 1))
		}
		return list
	case "rest":
		for _, r := range rests {
			list = append(list, scenarios.LawTrick{Name: rest + (r * time.Second).String(), Pause: r * time.Second})
		}
		return list
	case "endurance":
		return []scenarios.LawTrick{{Name: staying, Lasts: true}}
	}
	return nil
}

// lawTrick is a trick by its name, with what it makes of a client.
func (h Having) lawTrick(name string, values int) scenarios.LawTrick {
	g, _ := GuiseOf(name + " #1")
	t := scenarios.LawTrick{Name: name, Values: values, Opens: g.Own()}
	if g.Own() {
		t.Apart = append(t.Apart, promise.Session)
	}
	if g.From != "" || g.Elsewhere {
		t.Unsure = append(t.Unsure, promise.Address)
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return g.Header[n] != "" })
	}
	if has("Authorization", "X-Api-Key", "X-Client-Id", "X-Tenant-Id", "Cookie") || g.Spell != nil {
		t.Unsure = append(t.Unsure, promise.Credential)
	}
	if has("Cookie", "X-Tenant-Id", "Connection") || g.otherSession() || g.Says {
		t.Unsure = append(t.Unsure, promise.Session)
	}
	// A server may trust what a proxy beside it says of addresses.
	if h.Near && slices.ContainsFunc(forwarding(), func(f trickForm) bool { return f.name == name }) {
		t.Unsure = append(t.Unsure, promise.Address)
	}
	return t
}

// lawVariety changes what is called, and how that is written.
func (h Having) lawVariety(p promise.Promise) (list []scenarios.LawTrick) {
	cost := func(method string) (least int) {
		for _, l := range p {
			n, _ := l.Charge.Cost(method, "")
			least = max(least, n)
		}
		return least
	}
	named := func(method string) bool {
		return slices.ContainsFunc(p, func(l promise.Law) bool { return slices.Contains(l.Charge.Methods, method) })
	}
	surely := func(method string) bool { return cost(method) > 0 }
	for _, v := range h.variants(tariff{surely, named}) {
		if v.name == verdict.Failing {
			continue // of laws a tool can be named whose calls fail
		}
		t := h.lawTrick(v.name, v.values)
		if t.Change = v.change; v.twice {
			t.Calls = func(l promise.Law) int { return 2 * (l.N + beyond) }
		}
		list = append(list, t)
	}
	for _, f := range h.writings() {
		list = append(list, h.lawTrick(f.name, 1))
	}
	return list
}

// lawFloods are those that are tried, as many times what a law grants in the long run.
func lawFloods() (list []scenarios.LawTrick) {
	for _, times := range floods {
		list = append(list, scenarios.LawTrick{Name: fmt.Sprintf("%s%g times what is granted", flood, times),
			Floods: true, Over: time.Second, Calls: func(l promise.Law) int {
				return max(l.N+beyond, min(int(times*l.Pace()), mostLawFlood))
			}})
	}
	return append(list, scenarios.LawTrick{Name: fmt.Sprintf("%s%d", atOnce, crowd), Floods: true,
		Calls: func(l promise.Law) int { return max(l.N+beyond, crowd) }})
}

// mostLawFlood is the most calls of a flood of a law: all are judged by every law.
const mostLawFlood = 3000

// SayLaws says what a plan for laws tries, a line for each law and attempt.
func SayLaws(p promise.Promise, tried []scenarios.LawTried) (lines []string) {
	for _, t := range tried {
		of := ""
		if len(p) > 1 {
			of = " of law " + p[t.Law].String()
		}
		lines = append(lines, fmt.Sprintf("%s%s: %s; %s in %s", t.Attempt, of, words.Count(t.Tricks, "trick"),
			words.Count(t.Calls, "call"), words.Span(t.Takes)))
	}
	return lines
}

// LeftOf are the sentences of what a plan for laws leaves out that are about tricks.
func LeftOf(list []string) (left []string) {
	for _, l := range list {
		if strings.Contains(l, " buy isn't shown: ") {
			left = append(left, l)
		}
	}
	return left
}
