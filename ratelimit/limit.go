package ratelimit

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// A Kind is how a limit counts.
type Kind string

// The kinds. Each is exact: what it admits is what its sentence says, at any
// instant and under any concurrency.
const (
	// Bucket holds Burst tokens, full at first use; Rate tokens a second flow in.
	Bucket Kind = "bucket"
	// Sliding admits N in any span shorter than Every. It remembers the instant of
	// each admitted event: a key costs 8 bytes an event more, up to 8 N.
	Sliding Kind = "sliding"
	// Fixed admits N in a window of length Every that opens with the first event
	// after the last window has closed. Up to 2 N fit around the end of one.
	Fixed Kind = "fixed"
	// Aligned is Fixed with windows one after the other since 1970 UTC, so that one
	// of an hour ends on the hour. The wall clock is read once, at first use; from
	// then on the monotonic clock counts, so setting the wall clock moves nothing.
	Aligned Kind = "aligned"
	// Cap admits N at the same time: an event counts until it is said to be done.
	Cap Kind = "cap"
)

// A Scope is who shares a counter. Scopes are joined with |.
type Scope uint8

// The scopes.
const (
	Everybody Scope = 0               // one counter for all
	PerClient Scope = 1 << (iota - 1) // one for each Event.Client
	PerTool                           // one for each Event.Tool
)

// Unknown is the RetryAfter of a refusal that ends nobody knows when: a cap's, which
// ends with somebody's event.
const Unknown time.Duration = -1

// A Limit is one limit of a Stack. Its zero value is refused by NewStack.
type Limit struct {
	// Name stands in headers; "" means the kind. Names of one stack differ.
	Name string
	Kind Kind
	// N is how many events a window or a cap admits, 1 to MaxEvents.
	N int
	// Every is the length of a window, 1 ns to 73 years.
	Every time.Duration
	// Rate and Burst are a bucket's, as in Config.
	Rate  float64
	Burst int
	// Scope says who shares a counter; the zero Scope is everybody.
	Scope Scope
	// MaxKeys is how many counters are held at once; 0 means DefaultMaxKeys. What is
	// held is only forgotten once it is as good as new, and where there is no room
	// new keys are refused.
	MaxKeys int
	// Charges reports if the limit counts a request of this method, and tool where it
	// is a tools/call; nil means that it counts all.
	Charges func(method, tool string) bool
}

// MaxEvents is the largest N.
const MaxEvents = 1 << 24

// MaxLimits is how many limits a stack may have.
const MaxLimits = 16

// check refuses what isn't a limit.
func (l *Limit) check() error {
	switch {
	case l.Scope > PerClient|PerTool:
		return fmt.Errorf("scope %d: want Everybody, PerClient, PerTool, or PerClient|PerTool", l.Scope)
	case l.MaxKeys < 0 || int64(l.MaxKeys) > math.MaxInt32:
		return fmt.Errorf("max keys %d: want 1 to %d, or 0 for %d", l.MaxKeys, math.MaxInt32, DefaultMaxKeys)
	case !nameable(l.Name):
		return fmt.Errorf("name %q: want visible ASCII and spaces, and no quote or backslash", l.Name)
	}
	timed := l.Kind == Sliding || l.Kind == Fixed || l.Kind == Aligned
	switch {
	case l.Kind == Bucket:
		if l.N != 0 || l.Every != 0 {
			return errors.New("a bucket has Rate and Burst, and no N or Every")
		}
		return nil // newQuota looks at the numbers
	case !timed && l.Kind != Cap:
		return fmt.Errorf("kind %q: want %q, %q, %q, %q or %q", l.Kind, Bucket, Sliding, Fixed, Aligned, Cap)
	case l.Rate != 0 || l.Burst != 0:
		return fmt.Errorf("a limit of kind %q has N, and no Rate or Burst", l.Kind)
	case l.N < 1 || l.N > MaxEvents:
		return fmt.Errorf("n %d: want 1 to %d", l.N, MaxEvents)
	case l.Kind == Cap && l.Every != 0:
		return errors.New("a cap has no Every")
	case timed && (l.Every < 1 || l.Every > maxTicks):
		return fmt.Errorf("every %v: want more than 0 and at most 73 years", l.Every)
	}
	return nil
}

// nameable reports if a name can stand in a header as it is.
func nameable(name string) bool {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// name is what headers call the limit.
func (l *Limit) name() string {
	if l.Name != "" {
		return l.Name
	}
	return string(l.Kind)
}

// most is how many events the limit can ever hold at once.
func (l *Limit) most() int {
	if l.Kind == Bucket {
		return l.Burst
	}
	return l.N
}

// key is the name of the counter that an event is counted by.
func (l *Limit) key(client, tool string) string {
	switch l.Scope {
	case PerClient:
		return client
	case PerTool:
		return tool
	case PerClient | PerTool:
		return strconv.Itoa(len(client)) + ":" + client + tool // no two pairs make the same key
	}
	return ""
}
