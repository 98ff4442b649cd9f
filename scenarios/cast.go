package scenarios

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/verdict"
)

// A Disguise is a way in which a client that was refused comes back.
type Disguise string

// The disguises, in the order in which they are tried.
const (
	NewSession    Disguise = "session"    // as a new session
	NewConnection Disguise = "connection" // in its old session, on a new connection
	NewIdentity   Disguise = "identity"   // as somebody else, by its identity header
	NewIDs        Disguise = "ids"        // in its old session, with request ids from elsewhere
)

// opens reports if a disguise needs a session of its own.
func (d Disguise) opens() bool { return d == NewSession || d == NewIdentity }

// apart reports if a disguise makes another client in the eyes of a per-client
// limit. Where each session is promised a bucket, no header makes two sessions one
// client.
func (d Disguise) apart(l profiles.Limit, set Setting) bool {
	return d == NewIdentity || d == NewSession && (!set.Identity || l.Key == profiles.SessionKey)
}

// drained is how many calls leave an honest bucket empty that was full, though
// they take a little while.
func drained(l profiles.Limit) int { return l.Burst + beyond }

var isolation = Scenario{
	Name:      "isolation",
	Doc:       "one client sends twice the rate, and another beside it a third",
	Criterion: "a limit for each client protects the modest one; a global one is shared by both",
	Start:     full,
	Cast:      isolationCues,
	Checks:    limitChecks(verdict.Isolation),
}

// isolationCues keeps the modest client so far below the rate that a bucket of
// its own can't be empty when it calls, whatever the jitter.
func isolationCues(l profiles.Limit, set Setting) []Cue {
	r := Jitter(set.Seed, "isolation")
	length := max(5, 12/l.Rate)
	cues := []Cue{{Calls: drained(l), Client: set.Clients[0]}}
	for at := 0.0; at < length; at += (0.7 + 0.6*r.Float64()) / (2 * l.Rate) {
		cues = append(cues, Cue{At: seconds(at), Calls: 1, Client: set.Clients[0]})
	}
	for _, modest := range set.Clients[1:] {
		for at := 0.5 / l.Rate; at < length; at += (2.5 + r.Float64()) / l.Rate {
			cues = append(cues, Cue{At: seconds(at), Calls: 1, Client: modest})
		}
	}
	return inOrder(cues)
}

func inOrder(cues []Cue) []Cue {
	slices.SortStableFunc(cues, func(a, b Cue) int { return cmp.Compare(a.At, b.At) })
	return cues
}

var evasion = Scenario{
	Name: "evasion",
	Doc: "drain the bucket, then come back as a new session, on a new connection, as somebody else, with " +
		"other ids",
	Criterion: "nothing of that buys a token that hasn't flowed in",
	Start:     full,
	Cast:      evasionCues,
	Checks:    append([]verdict.Check{verdict.Evasion, verdict.Alive}, verdict.LimitChecks()...),
}

// settle is how long a drain's replies and the opening of a session may take
// before the next calls are due.
const settle = 200 * time.Millisecond

// evasionCues drains the bucket before each disguise, even one that the last
// disguise has filled. What a disguise asks for is then more than can be there.
func evasionCues(l profiles.Limit, set Setting) []Cue {
	first := set.Clients[0]
	at := time.Duration(0)
	cues := []Cue{{Calls: drained(l), Client: first}}
	for _, d := range set.Disguises {
		at += settle
		flowed := int(math.Ceil(settle.Seconds() * l.Rate))
		cues = append(cues, Cue{At: at, Calls: drained(l), Client: first})
		who := Cue{Client: first, Session: string(d)}
		if d.apart(l, set) {
			who.Client += "+" + string(d)
		}
		if d.opens() {
			open := who
			open.At, open.Opens = at+settle/2, true
			cues = append(cues, open)
		}
		at += settle
		who.At, who.Calls = at, min(flowed, l.Burst)+beyond
		cues = append(cues, who)
	}
	return cues
}
