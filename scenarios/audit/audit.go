// Package audit is the catalogue of what is tried against a server that behaves only
// for the tester. An Attempt is traffic by which one gets a call that the promise
// forbids, if the server lets one: each trick follows a control that keeps an honest
// server's bucket empty, and verdict.Tricks names those that bought anything.
//
// Most users want Choose, which takes attempts as far as a budget and a target go, and
// names what is left out.
//
// The package deliberately sends nothing. How a call of a trick differs from a plain
// one, its Guise tells whoever sends it.
package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// An Attempt is one kind of traffic that is tried.
type Attempt struct {
	Name    string
	Doc     string // what it tries, in one sentence
	Control string // what it is held against
	Allow   bool   // it can cost money, or get the caller banned: beyond this machine it must be allowed by name
	Web     bool   // it needs HTTP
	Flag    string // what tries it that an audit alone doesn't; empty: an audit does
	Last    bool   // nothing can follow it: sessions end with it

	cast func(h Having) func(profiles.Limit, scenarios.Setting) []scenarios.Cue
	not  func(h Having) string // why it can't be tried; empty: it can. nil: it always can

	check *verdict.Check // that judges it beside those of all; nil: Tricks
}

const drainFirst = "the bucket is drained by plain calls before each"

// Attempts is the catalogue, in the order in which an audit takes them: those that
// take as long as the budget lets them come last, but for what nothing can follow.
func Attempts() []Attempt {
	plain := func(f func(profiles.Limit, scenarios.Setting) []scenarios.Cue) func(Having) func(profiles.Limit,
		scenarios.Setting) []scenarios.Cue {
		return func(Having) func(profiles.Limit, scenarios.Setting) []scenarios.Cue { return f }
	}
	forms := func(values int, list func() []trickForm) func(Having) func(profiles.Limit,
		scenarios.Setting) []scenarios.Cue {
		return plain(func(l profiles.Limit, set scenarios.Setting) []scenarios.Cue {
			return newCast(l, set).each(list(), values)
		})
	}
	return []Attempt{
		{Name: "affinity", Doc: fmt.Sprintf("%d sessions, each on connections of its own, ask for far more than the "+
			"burst at once", affineSessions),
			Control: "one session drains the bucket first", Web: true, cast: plain(affinity), not: noSharedSessions},
		{Name: "batch", Doc: fmt.Sprintf("%d calls in one JSON-RPC message", batched), Control: drainFirst, Web: true,
			cast: plain(func(l profiles.Limit, set scenarios.Setting) []scenarios.Cue {
				return newCast(l, set).each(batches(l.Scope == profiles.Client), 3)
			})},
		{Name: "variety", Doc: "new arguments, another order of them, tool names in another case or with spaces, " +
			"unknown tools, other tools and methods, ids of every kind, the message written in other ways",
			Control: drainFirst, cast: func(h Having) func(profiles.Limit, scenarios.Setting) []scenarios.Cue {
				return func(l profiles.Limit, set scenarios.Setting) []scenarios.Cue { return varied(l, set, h) }
			}},
		{Name: "disguise", Doc: "sessions that say that they are other clients, with their User-Agent and capabilities",
			Control: drainFirst, Web: true, cast: forms(1, disguises)},
		{Name: "forgery", Doc: "headers and metadata that say who a client is, cookies, session ids made up, the " +
			"credential and the url spelled differently, other source addresses",
			Control: drainFirst, Allow: true, Web: true, cast: forging},
		{Name: "flood", Doc: fmt.Sprintf("10, 100 and 1000 times the rate for a second, and %d calls at once; then "+
			"if the limit is right again", crowd),
			Control: "the bucket is drained before, and asked for its burst after each", Allow: true,
			cast: plain(flooding)},
		{Name: "revision", Doc: "sessions of each protocol revision, one over HTTP+SSE, one that listens to a GET " +
			"stream, and one over HTTP/2", Control: drainFirst, Web: true,
			cast: forms(1, spoken)},
		{Name: "replicas", Doc: "the burst at each url, after that at the first: all of them were promised one limit",
			Control: "the bucket is drained at the first url before each", Web: true, Flag: "--url for each of them",
			cast: replicas, not: noReplicas},
		{Name: "executions", Doc: "if what is admitted is carried out and what is refused isn't, by a counter that " +
			"the server keeps",
			Control: "one plain call must move the counter by one", Flag: "--executions-from TOOL",
			cast: executing, not: noCounter, check: &verdict.Executions},
		{Name: "restart", Doc: "the burst again after the server was restarted: if counters are kept, and if that is " +
			"promised",
			Control: "the bucket is drained before it", Web: true, Last: true, Flag: "--restart CMD",
			cast: restarting, not: noRestart, check: &verdict.Restart},
		{Name: "rest", Doc: "rests of 1, 2, 5, 10, 30, 60 s and so on, as far as the budget goes, each followed by " +
			"twice the burst", Control: "the bucket is drained before each",
			cast: func(h Having) func(profiles.Limit, scenarios.Setting) []scenarios.Cue { return resting(h.rests) }},
		{Name: "endurance", Doc: "a little more than the rate, for what the budget leaves",
			Control: "the bucket is drained first",
			cast: func(h Having) func(profiles.Limit, scenarios.Setting) []scenarios.Cue {
				return enduring(h.endures)
			}},
	}
}

// forging tries every header, and what needs this machine or a credential where there
// is that.
func forging(h Having) func(profiles.Limit, scenarios.Setting) []scenarios.Cue {
	return func(l profiles.Limit, set scenarios.Setting) []scenarios.Cue {
		return newCast(l, set).each(h.forgeries(), 2)
	}
}

// forgeries are those that can be tried.
func (h Having) forgeries() []trickForm {
	list := append(forgeries(), spellings()...)
	if h.Credential {
		list = append(list, respelled()...)
	} else {
		list = append(list, madeUp)
	}
	if h.Loopback {
		list = append(list, addresses()...)
	}
	return list
}

// noSharedSessions says why sessions can't be asked to share a limit.
func noSharedSessions(h Having) string {
	if h.Limit.Scope == profiles.Client && (h.Limit.Key != profiles.CredentialKey || !h.Credential) {
		return notShared
	}
	return ""
}

const notShared = "each session is promised a limit of its own, or may be"

// noReplicas says why there is nothing to share a limit between.
func noReplicas(h Having) string {
	if len(h.Replicas) == 0 {
		return "only one url is named"
	}
	return noSharedSessions(h)
}

// Having is what an audit knows before it begins.
type Having struct {
	Limit      profiles.Limit
	Call       profiles.LoadCall
	Web        bool     // it is spoken to over HTTP
	Loopback   bool     // the server is on this machine
	Near       bool     // or in a network of its own, so that it may take us for a proxy that it trusts
	Credential bool     // an Authorization header is sent
	Allow      []string // attempts that are allowed beyond this machine
	Budget     Budget
	Names      []string          // the attempts that are wanted; nil: all
	Others     []history.Arrival // calls of tools that say that they are harmless
	Counter    string            // a tool whose reply holds how many calls were carried out; empty: none is known
	// where else the same limit is promised, as a reader may see it: host:port of each further url
	Replicas []string

	Restarts string // how the server is restarted, in words; empty: it can't be
	Kept     bool   // that counters are kept across a restart is promised

	rests   []time.Duration
	endures time.Duration
}

// A Left is an attempt that isn't made, or a part of one.
type Left struct {
	Name string
	Why  string
	Flag string // what tries it; empty: nothing does
}

// String is the line that says so.
func (l Left) String() string {
	text := "not tried: " + l.Name + ": " + l.Why
	if l.Flag != "" {
		text += " (" + l.Flag + ")"
	}
	return text
}

// A Plan is what an audit makes of a budget.
type Plan struct {
	Scenarios []scenarios.Scenario
	Listed    []string // a line an attempt, to be shown before it is made
	Left      []Left
}

// Choose takes the attempts that are wanted as far as they can be made and the budget
// goes. The clients are those that send.
func Choose(h Having, clients []string) Plan {
	var p Plan
	var last []scenarios.Scenario
	left := h.Budget.orDefault()
	set := scenarios.Setting{Clients: clients, Seed: 1}
	for _, a := range Attempts() {
		if h.Names != nil && !slices.Contains(h.Names, a.Name) {
			continue
		}
		if l, ok := h.lacks(a); ok {
			p.Left = append(p.Left, l)
			continue
		}
		h.share(a.Name, left, &p)
		cast := a.cast(h)
		cost := costOf(h.Limit, cast(h.Limit, set))
		if cost.Calls == 0 || !cost.within(left) {
			why := left.leaves()
			if cost.Calls > 0 {
				why = fmt.Sprintf("it takes %s, and %s", cost, why)
			}
			p.Left = append(p.Left, Left{a.Name, why, left.Flag})
			continue
		}
		left = left.less(cost)
		s := a.scenario()
		s.Cast = cast
		if s.Last {
			last = append(last, s)
		} else {
			p.Scenarios = append(p.Scenarios, s)
		}
		p.Listed = append(p.Listed, fmt.Sprintf("%s: %s; %s", a.Name, a.Doc, cost))
	}
	p.Scenarios = append(p.Scenarios, last...)
	if h.Names == nil {
		p.Left = append(p.Left, Left{never, neverWhy, ""})
	}
	return p
}

// What no run tries.
const (
	never = "repeated ids, notifications, calls that are cancelled before their answer, calls as tasks or after an " +
		"elicitation, calls by GET, requests that don't wait for replies, tools that don't say that they are " +
		"harmless, other values of the arguments of such a tool, and more than some 100 sessions"
	neverWhy = "no answer to them tells if a call was let through, or they take too much, or may do harm"
)

// lacks says why an attempt can't be made at all.
func (h Having) lacks(a Attempt) (Left, bool) {
	switch {
	case a.Web && !h.Web:
		return Left{a.Name, "it needs HTTP", ""}, true
	case a.Allow && !h.Loopback && !slices.Contains(h.Allow, a.Name):
		return Left{a.Name, "it can cost money, or get the caller banned", "--allow " + a.Name}, true
	case a.not != nil && a.not(h) != "":
		flag := a.Flag
		if a.not(h) == notShared {
			flag = ""
		}
		return Left{a.Name, a.not(h), flag}, true
	}
	return Left{}, false
}

// leastEndurance is the shortest that is worth its time.
const leastEndurance = 10 * time.Second

// share gives the attempts that take as long as they may their part of the budget.
func (h *Having) share(name string, left Budget, p *Plan) {
	drain := seconds(float64(h.Limit.Burst)/h.Limit.Rate) + 2*settle
	switch name {
	case "rest":
		room := left.Time * 2 / 5
		if slices.Equal(h.Names, []string{"rest"}) {
			room = left.Time
		}
		h.rests = nil
		for i, r := range rests {
			r *= time.Second
			if room -= r + drain; room < 0 {
				need := total(rests[:i+1]) + time.Duration(i+1)*drain
				all := (h.Budget.orDefault().Time - left.Time + need*5/2).Truncate(time.Second) + time.Second
				p.Left = append(p.Left, Left{rest + words.Span(r) + " and longer", left.leaves(), left.Flag + " time=" +
					words.Span(all)})
				break
			}
			h.rests = append(h.rests, r)
		}
	case "endurance":
		h.endures = left.Time - drain - time.Second
		if left.Calls > 0 {
			h.endures = min(h.endures, seconds(float64(left.Calls-h.Limit.Burst-beyond)/(1.4*h.Limit.Rate)))
		}
		if h.endures < leastEndurance {
			h.endures = 0
		}
	}
}

func total(list []time.Duration) (sum time.Duration) {
	for _, r := range list {
		sum += r * time.Second
	}
	return sum
}

// scenario is an attempt as a run takes it, without its calls.
func (a Attempt) scenario() scenarios.Scenario {
	check := verdict.Tricks
	if a.check != nil {
		check = *a.check
	}
	return scenarios.Scenario{Name: a.Name, Doc: a.Doc, Criterion: "nothing of it buys a call that the promise forbids",
		Once: true, Last: a.Last,
		Start: func(l profiles.Limit) scenarios.Level {
			return scenarios.Level{Min: float64(l.Burst), Max: float64(l.Burst)}
		},
		Checks: append([]verdict.Check{check, verdict.Alive}, verdict.LimitChecks()...)}
}

// Named returns an attempt as a scenario that is to be judged: it holds no calls.
func Named(name string) (scenarios.Scenario, bool) {
	for _, a := range Attempts() {
		if a.Name == name {
			return a.scenario(), true
		}
	}
	return scenarios.Scenario{}, false
}

// Names are those of the attempts, in order.
func Names() []string {
	var names []string
	for _, a := range Attempts() {
		names = append(names, a.Name)
	}
	return names
}

// Untried is what a run without an audit doesn't try, in a line.
func Untried() string {
	var audited, others []string
	for _, a := range Attempts() {
		if a.Flag == "" {
			audited = append(audited, a.Name)
		} else {
			others = append(others, a.Name+": "+a.Flag)
		}
	}
	return strings.Join(append([]string{"not tried: " + strings.Join(audited, ", ") + ": --audit tries them"},
		append(others, never+": nothing tries them")...), "; ")
}

func seconds(s float64) time.Duration { return time.Duration(s * 1e9) }
