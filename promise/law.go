package promise

import (
	"maps"
	"math"
	"slices"
	"time"
)

// A Kind is how a law counts.
type Kind string

// The kinds.
const (
	// Bucket holds N tokens, full at first use; Rate tokens a second flow in.
	Bucket Kind = "bucket"
	// Window admits N units in any Every, or in every window of that length: see Style.
	Window Kind = "window"
	// Quota admits N units a calendar hour, day or month.
	Quota Kind = "quota"
	// Cap admits N requests at the same time.
	Cap Kind = "cap"
	// Sessions lets N sessions be open at the same time: initialize opens one, and HTTP's
	// DELETE ends it. Its Charge is of initialize alone.
	Sessions Kind = "sessions"
)

// A Style is where the windows of a Window lie.
type Style string

// The styles. Limiters in use: Sliding is a log of admitted requests; Fixed is
// express-rate-limit's, and Redis' INCR with EXPIRE; Aligned is Envoy's global
// limit; Counter is what Cloudflare, Upstash and Kong call a sliding window.
const (
	Unsaid  Style = ""        // nobody said: any of those below
	Sliding Style = "sliding" // any span of this length
	Fixed   Style = "fixed"   // each opens with the first request after the last has closed
	Aligned Style = "aligned" // one after the other by the server's clock
	Counter Style = "counter" // aligned, and the last one's count fades out over the next
)

// A Law is one limit. Which fields count depends on its Kind; Validate refuses a law
// that says what its kind has no use for. The zero Law is refused.
type Law struct {
	Kind Kind
	Name string // what the server calls it; may be empty
	N    int    // Bucket: tokens that it holds; Window, Quota: units; Cap, Sessions: how many at a time; >= 1

	Rate  float64       // Bucket: tokens a second; finite, > 0
	Step  int           // Bucket: tokens that come at once, every Every; 0: they flow
	Every time.Duration // Window: its length; a Bucket with a Step: the time between two

	Style   Style  // Window
	Elastic bool   // Window: refused requests prolong it
	Unit    Unit   // Quota
	Zone    string // Quota: the time zone of its resets, as in "UTC" or "Europe/Paris"; empty: unsaid

	Wait    time.Duration // a request waits this long before it is refused; 0: it is refused at once
	Lockout time.Duration // after a refusal, everything of that key is refused for this long; 0: no

	Key    Key
	Charge Charge
}

// A Unit is a calendar's.
type Unit string

// The units of a quota.
const (
	Hour  Unit = "hour"
	Day   Unit = "day"
	Month Unit = "month"
)

// Length is the longest that the unit lasts, daylight saving time included.
func (u Unit) Length() time.Duration {
	switch u {
	case Hour:
		return time.Hour
	case Day:
		return 25 * time.Hour
	case Month:
		return 31*24*time.Hour + time.Hour
	}
	return 0
}

// A Promise is all that a server promises. An empty one promises nothing.
type Promise []Law

// Has reports if one of the laws is of a kind.
func (p Promise) Has(k Kind) bool {
	return slices.ContainsFunc(p, func(l Law) bool { return l.Kind == k })
}

// MaxLaws is how many laws a promise may have.
const MaxLaws = 16

// Refilled is how long a counter of the law takes at most, with nothing taken from
// it, until it holds all that it can.
func (l Law) Refilled() time.Duration {
	switch l.Kind {
	case Bucket:
		if l.Step > 0 {
			return time.Duration(math.Ceil(float64(l.N)/float64(l.Step))) * l.Every
		}
		return seconds(float64(l.N) / l.Rate)
	case Window:
		if l.Style == Counter || l.Style == Unsaid {
			return 2 * l.Every
		}
		return l.Every
	case Quota:
		return l.Unit.Length()
	}
	return 0
}

// Most is how many units an honest server admits at most, of one key, in a closed
// interval of this length, wherever that lies. Of a Cap, of Sessions, and of a quota whose
// unit nobody knows, it is +Inf.
func (l Law) Most(span time.Duration) float64 {
	n := float64(l.N)
	switch l.Kind {
	case Bucket:
		if l.Step > 0 {
			// One more fill fits than the whole ones: its phase is unknown.
			return n + float64(l.Step)*(math.Floor(float64(span)/float64(l.Every))+1)
		}
		return n + l.Rate*span.Seconds()
	case Window:
		return n * l.windows(span)
	case Quota:
		if shortest := l.Unit.Shortest(); shortest > 0 {
			return n * (math.Ceil(float64(span)/float64(shortest)) + 1)
		}
	}
	return math.Inf(1)
}

// Returned reports if what is taken of the law is given back when that is over, rather than
// by time.
func (l Law) Returned() bool { return l.Kind == Cap || l.Kind == Sessions }

// Lasting reports if what is taken of the law is gone for an hour or longer.
func (l Law) Lasting() bool { return l.Kind == Quota || l.Kind == Window && l.Every >= time.Hour }

// Pace is how many units a second the law grants in the long run; of a Cap, and of Sessions,
// it is 0.
func (l Law) Pace() float64 {
	switch {
	case l.Kind == Bucket:
		return l.Rate
	case l.Kind == Window:
		return float64(l.N) / l.Every.Seconds()
	case l.Kind == Quota:
		return float64(l.N) / l.Unit.Length().Seconds()
	}
	return 0
}

// windows is how many windows' worth fits a closed span: of a sliding one a request
// more where the span's two ends are a window apart; of others, the span may touch
// one more than it is long.
func (l Law) windows(span time.Duration) float64 {
	if l.Style == Sliding {
		return math.Floor(float64(span)/float64(l.Every)) + 1
	}
	return math.Ceil(float64(span)/float64(l.Every)) + 1
}

// Shortest is the least that the unit lasts.
func (u Unit) Shortest() time.Duration {
	switch u {
	case Hour:
		return time.Hour
	case Day:
		return 23 * time.Hour
	case Month:
		return 28*24*time.Hour - time.Hour
	}
	return 0
}

// Applies reports if the law may charge a request of this method and tool.
func (l Law) Applies(method, tool string) bool {
	_, most := l.Charge.Cost(method, tool)
	return most > 0
}

func seconds(s float64) time.Duration { return time.Duration(math.Ceil(s * 1e9)) }

// Clone returns a copy that shares nothing with the law.
func (l Law) Clone() Law {
	c := &l.Charge
	l.Key = slices.Clone(l.Key)
	c.Methods, c.May, c.Free = slices.Clone(c.Methods), slices.Clone(c.May), slices.Clone(c.Free)
	c.Tools, c.Units = slices.Clone(c.Tools), maps.Clone(c.Units)
	return l
}
