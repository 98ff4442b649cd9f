package mock

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/ratelimit"
)

// A quirk is what a count does wrong with time.
type quirk struct {
	never bool          // what was taken is never given back
	early time.Duration // it is given back after this long; 0: when it should be
	twice bool          // the last tenth of a window counts anew
	hasty bool          // refusals ask to wait a quarter of what is needed
}

// edge is how much more than n is granted at an instant, where windows touch twice.
func (q quirk) edge(at, closes, length time.Duration, n int) int {
	if q.twice && closes > 0 && at >= closes-length/10 {
		return n
	}
	return 0
}

// A LawFault is one way to break a law.
type LawFault struct {
	Name  string
	Doc   string // what is wrong, in one sentence
	Cause string // what the verdict on it should say: an RE2 pattern
	Note  string // of which laws nobody can tell, and why; empty where it is told of all

	// Shape is the refusal shape that shows it; empty where any does.
	Shape ratelimit.Shape

	// of reports if a law can be broken so; hidden, if no run can tell: see Note.
	of, hidden func(l promise.Law) bool
	change     func(k *keptLaw)
	swap       bool // it exchanges the numbers of two laws of a kind
	drop       bool // the law isn't kept at all
}

// Of reports if a law can be broken so, and if a run's own plan can tell.
func (f LawFault) Of(l promise.Law) (can, told bool) {
	can = f.of == nil || f.of(l)
	return can, can && (f.hidden == nil || !f.hidden(l))
}

// LawFaults returns the ways to break a law.
func LawFaults() []LawFault {
	return slices.Concat(numberFaults(), timeFaults(), kindFaults(), keyFaults(), costFaults(), waitFaults())
}

// unsaid: nobody says of which kind a window is, so that only what every kind forbids is
// a fail.
func unsaid(l promise.Law) bool { return l.Kind == promise.Window && l.Style == promise.Unsaid }

// loosely is a law of which a unit more isn't seen.
func loosely(l promise.Law) bool { return unsaid(l) || l.Step > 0 || l.Charge.Units != nil }

const loose = "of a window of unsaid kind two windows' worth is granted, a step's tokens come at an instant that " +
	"nobody knows, and units are seen by the call"

// numberFaults are laws of other numbers.
func numberFaults() []LawFault {
	more := func(d int) func(k *keptLaw) { return func(k *keptLaw) { k.law.N += d } }
	return []LawFault{
		{Name: "law-missing", Cause: "isn't kept", Doc: "the law isn't kept", drop: true},
		{Name: "law-n+1", Cause: "its number is", Doc: "one more is granted", change: more(1), hidden: loosely,
			Note: loose},
		{Name: "law-n-1", Cause: "its number is", Doc: "one less is granted",
			of: func(l promise.Law) bool { return l.N > max(1, l.Step) }, change: more(-1),
			hidden: func(l promise.Law) bool { return l.Step > 0 || l.Charge.Units != nil }, Note: "a step's tokens " +
				"come at an instant that nobody knows, and units are seen by the call"},
		{Name: "law-n-x2", Cause: "its number is|isn't kept", Doc: "twice as much is granted",
			change: func(k *keptLaw) { k.law.N *= 2 }, hidden: unsaid, Note: "two windows' worth is granted by some " +
				"kinds of windows"},
		{Name: "law-tiers", Cause: "mixed up", Doc: "the numbers of two laws of a kind are mixed up", swap: true},
	}
}

// timeFaults are laws of other times, and counts that forget at a wrong one.
func timeFaults() []LawFault {
	timed := func(l promise.Law) bool { return l.Kind == promise.Bucket || l.Kind == promise.Window }
	stretch := func(by float64) func(k *keptLaw) {
		return func(k *keptLaw) {
			k.law.Every = time.Duration(by * float64(k.law.Every))
			if k.law.Kind == promise.Bucket {
				k.law.Rate /= by
			}
		}
	}
	windows := func(l promise.Law) bool { return l.Kind == promise.Window && l.Style != promise.Unsaid }
	return []LawFault{
		{Name: "law-t+5%", Cause: "its time is", Doc: "its time is 5 % longer", of: timed, change: stretch(1.05),
			hidden: func(l promise.Law) bool { return unsaid(l) || l.Style == promise.Counter || l.Step > 0 },
			Note:   "a window whose beginning nobody knows hides it, and so do tokens that come in steps"},
		{Name: "law-t-5%", Cause: "its time is", Doc: "its time is 5 % shorter", of: timed, change: stretch(1 / 1.05),
			hidden: func(l promise.Law) bool {
				return unsaid(l) || l.Style == promise.Aligned || l.Style == promise.Counter || l.Step > 0
			},
			Note: "a window whose beginning nobody knows hides it, and so do tokens that come in steps"},
		{Name: "law-never-resets", Cause: "isn't given back|refused calls are charged|refuses calls that its " +
			"laws grant", Doc: "what was taken is never given back", change: func(k *keptLaw) { k.quirk.never = true },
			hidden: func(l promise.Law) bool { return l.Kind == promise.Quota }, Note: "a run doesn't wait for a " +
				"quota's reset"},
		{Name: "law-resets-early", Cause: "shorter|is reset after|more through", Doc: "all is given back after half " +
			"of its time, of a quota after five seconds",
			of:     func(l promise.Law) bool { return !l.Returned() },
			hidden: func(l promise.Law) bool { return unsaid(l) || l.Step > 0 },
			Note: "two windows' worth is granted by some kinds of windows, and a step's tokens come at an instant " +
				"that nobody knows",
			change: func(k *keptLaw) {
				k.quirk.early = 5 * time.Second
				switch l := k.law; {
				case l.Kind == promise.Window:
					k.quirk.early = l.Every / 2
				case l.Kind == promise.Bucket:
					k.quirk.early = time.Duration(0.5 * float64(l.N) / l.Rate * 1e9)
				}
			}},
		{Name: "law-edge", Cause: "more through", Doc: "two windows' worth is granted at the edge between two",
			of: windows,
			change: func(k *keptLaw) {
				if s := k.law.Style; s == promise.Sliding || s == promise.Counter {
					k.law.Style = promise.Aligned
				}
				k.quirk.twice = true
			}},
	}
}

// kindFaults are laws that count in another way.
func kindFaults() []LawFault {
	as := func(style promise.Style) LawFault {
		return LawFault{Name: "law-as-" + string(style), Cause: "its windows are " + string(style),
			Doc: "its windows are " + string(style),
			of: func(l promise.Law) bool {
				return l.Kind == promise.Window && l.Style != style && l.Style != promise.Unsaid
			},
			change: func(k *keptLaw) { k.law.Style = style }}
	}
	return []LawFault{
		as(promise.Fixed), as(promise.Sliding), as(promise.Aligned), as(promise.Counter),
		{Name: "law-as-bucket", Cause: "is a bucket|more through", Doc: "it is a bucket that holds a window's worth, " +
			"and as much flows in a window's time",
			of: func(l promise.Law) bool { return l.Kind == promise.Window && l.Style != promise.Unsaid },
			change: func(k *keptLaw) {
				k.law.Kind, k.law.Rate, k.law.Every, k.law.Style = promise.Bucket,
					float64(k.law.N)/k.law.Every.Seconds(), 0, ""
				k.law.Elastic = false
			}},
		{Name: "law-as-log", Cause: "a window that slides", Doc: "the bucket is a window that slides over the time " +
			"it takes to fill",
			of: func(l promise.Law) bool { return l.Kind == promise.Bucket && l.Wait == 0 },
			change: func(k *keptLaw) {
				k.law.Kind, k.law.Every = promise.Window, time.Duration(float64(k.law.N)/k.law.Rate*1e9)
				k.law.Style, k.law.Rate, k.law.Step = promise.Sliding, 0, 0
			}},
		{Name: "law-stepwise", Cause: "come in steps", Doc: "tokens come in steps, half a bucket at a time",
			of: func(l promise.Law) bool { return l.Kind == promise.Bucket && l.Step == 0 && l.N > 1 && l.Wait == 0 },
			change: func(k *keptLaw) {
				k.law.Step = k.law.N / 2
				k.law.Every = time.Duration(math.Round(float64(k.law.Step) / k.law.Rate * 1e9))
			}},
		{Name: "law-no-queue", Cause: "refuses at once", Doc: "it refuses at once in place of waiting",
			of: func(l promise.Law) bool { return l.Wait > 0 }, change: func(k *keptLaw) { k.law.Wait = 0 }},
	}
}

// keyFaults are laws that the wrong requests share.
func keyFaults() []LawFault {
	return []LawFault{
		{Name: "law-per-session", Cause: "each session has", Doc: "each session has a counter of its own",
			of:     func(l promise.Law) bool { return !l.Key.Has(promise.Session) && l.Kind != promise.Sessions },
			hidden: func(l promise.Law) bool { return unsaid(l) || l.Style == promise.Counter },
			Note: "two windows' worth is granted by some kinds of windows, and a window whose beginning nobody " +
				"knows hides it now and then",
			change: func(k *keptLaw) { k.law.Key = append(slices.Clone(k.law.Key), promise.Session) }},
		{Name: "law-shared", Cause: "everybody shares", Doc: "everybody shares one counter",
			of: func(l promise.Law) bool { return len(l.Key) > 0 }, change: func(k *keptLaw) { k.law.Key = nil },
			hidden: func(l promise.Law) bool { return !l.Key.Has(promise.Session) },
			Note:   "a run is one address and, without --client-header, one credential, and loads with one tool"},
	}
}

// costFaults are laws that charge the wrong requests.
func costFaults() []LawFault {
	return []LawFault{
		{Name: "law-refusals-charged", Cause: "refused calls are charged", Doc: "a refused request costs as much",
			of: func(l promise.Law) bool {
				return !l.Charge.Refused && !l.Returned() && l.Kind != promise.Quota
			},
			hidden: func(l promise.Law) bool {
				return l.Style == promise.Fixed || l.Style == promise.Aligned || l.Style == promise.Unsaid &&
					l.Kind == promise.Window
			},
			Note:   "a window that is full refuses until it ends, whatever a refusal costs",
			change: func(k *keptLaw) { k.law.Charge.Refused = true }},
		{Name: "law-all-outcomes", Cause: "whatever comes of a call", Doc: "whatever comes of a request, it is charged",
			of:     func(l promise.Law) bool { return l.Charge.Outcomes != promise.All },
			change: func(k *keptLaw) { k.law.Charge.Outcomes = promise.All }},
		{Name: "law-units-ignored", Cause: "every call costs one unit", Doc: "every request costs one unit",
			of:     func(l promise.Law) bool { return l.Charge.Units != nil },
			change: func(k *keptLaw) { k.law.Charge.Units = nil }},
	}
}

// waitFaults are laws that are kept, and of which refusals say what isn't so.
func waitFaults() []LawFault {
	return []LawFault{{Name: "law-waits-short", Cause: "Retry-After is too short", Doc: "refusals ask to wait a " +
		"quarter of what is needed",
		of: func(l promise.Law) bool {
			return l.Kind == promise.Window && (l.Style == promise.Fixed || l.Style == promise.Sliding)
		},
		Shape: ratelimit.HTTP429, change: func(k *keptLaw) { k.quirk.hasty = true }}}
}

// LawFaultNamed returns the fault of that name, of those that an audit shows as well.
func LawFaultNamed(name string) (LawFault, bool) {
	for _, f := range slices.Concat(LawFaults(), AuditLawFaults()) {
		if f.Name == name {
			return f, true
		}
	}
	return LawFault{}, false
}

// breakLaws breaks one law: the first that can be broken so, or the one that the name
// ends with, as in "law-n+1@2".
func breakLaws(kept []keptLaw, fault string) ([]keptLaw, error) {
	name, which, said := strings.Cut(fault, "@")
	f, ok := LawFaultNamed(name)
	if !ok {
		var names []string
		for _, f := range slices.Concat(LawFaults(), AuditLawFaults()) {
			names = append(names, f.Name)
		}
		return nil, fmt.Errorf("mock: no fault of laws is named %q, there are: %s", name, strings.Join(names, ", "))
	}
	x := slices.IndexFunc(kept, func(k keptLaw) bool { can, _ := f.Of(k.said); return can })
	if said {
		n, err := strconv.Atoi(which)
		if err != nil || n < 1 || n > len(kept) {
			return nil, fmt.Errorf("mock: fault %q: there is no law %q, but %d of them", fault, which, len(kept))
		}
		x = n - 1
	}
	if x < 0 {
		return nil, fmt.Errorf("mock: fault %q: no law can be broken so", fault)
	}
	if can, _ := f.Of(kept[x].said); !can {
		return nil, fmt.Errorf("mock: fault %q: %q can't be broken so", fault, kept[x].said)
	}
	switch {
	case f.drop:
		return slices.Delete(kept, x, x+1), nil
	case f.swap:
		return kept, swapTiers(kept, x, fault)
	}
	f.change(&kept[x])
	return kept, nil
}

// swapTiers exchanges the numbers of a law and the next of its kind.
func swapTiers(kept []keptLaw, x int, fault string) error {
	for y := range kept {
		a, b := &kept[x].law, &kept[y].law
		if y != x && a.Kind == b.Kind && (a.N != b.N || a.Rate != b.Rate) {
			a.N, b.N = b.N, a.N
			a.Rate, b.Rate = b.Rate, a.Rate
			return nil
		}
	}
	return fmt.Errorf("mock: fault %q: no other law is a %s of other numbers", fault, kept[x].law.Kind)
}
