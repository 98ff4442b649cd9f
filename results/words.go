package results

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// span says a duration to about three figures: 812µs, 12.4ms, 1.25s.
func span(d time.Duration) string {
	switch size := d.Abs(); {
	case size < time.Microsecond:
		return d.String()
	case size < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case size < 100*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	case size < time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

// figure says a number of tokens: two decimals where they mean anything.
func figure(x float64) string {
	digits := 2
	if math.Abs(x) >= 1000 {
		digits = 0
	}
	s := strconv.FormatFloat(x, 'f', digits, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		return "0"
	}
	return s
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// positions names calls, those in a row together: "calls 1–17 and 19". A long
// list is cut short, and the number of calls is said.
func positions(list []int) string {
	list = slices.Compact(slices.Sorted(slices.Values(list)))
	var runs []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		switch j - i {
		case 0:
			runs = append(runs, strconv.Itoa(list[i]))
		case 1:
			runs = append(runs, strconv.Itoa(list[i]), strconv.Itoa(list[j]))
		default:
			runs = append(runs, fmt.Sprintf("%d–%d", list[i], list[j]))
		}
		i = j + 1
	}
	const most = 8
	switch {
	case len(list) == 1:
		return "call " + runs[0]
	case len(runs) > most:
		return fmt.Sprintf("%d calls: %s, … %s", len(list), strings.Join(runs[:most-1], ", "), runs[len(runs)-1])
	}
	return "calls " + and(runs)
}

// were is "1 call was" or "3 calls were".
func were(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " was"
	}
	return plural(n, noun) + " were"
}

// few joins names as and does, but counts those after the third.
func few(names []string) string {
	if len(names) > 4 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	return and(names)
}

// and joins names: "a", "a and b", "a, b and c".
func and(names []string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// String says the limit and where it was taken from: "15/s burst 40 (from acb)".
func (l Limit) String() string { return strings.TrimSpace(l.bucket() + " " + l.origin()) }

// bucket says the limit alone: "15/s burst 40".
func (l Limit) bucket() string {
	if l.Rate == 0 && l.Burst == 0 {
		return "none" // nothing was held against one: a general load
	}
	s := fmt.Sprintf("%s/s burst %d", strconv.FormatFloat(l.Rate, 'g', 6, 64), l.Burst)
	if l.Scope == "client" {
		s += " a client"
	}
	return s
}

// origin is where a limit was taken from, or empty where it is the profile's
// own.
func (l Limit) origin() string {
	switch {
	case l.Inherited != "":
		return "(from " + l.Inherited + ")"
	case l.Tier != "":
		return "(tier " + l.Tier + ")"
	}
	return ""
}

// String says the box: "14.96–15.04/s, 39.97–40.25".
func (m *Measured) String() string {
	s := m.Rate.String() + "/s, " + m.Burst.String()
	if m.Or != nil {
		s += fmt.Sprintf(" (or %s/s)", m.Or.Rate)
	}
	return s
}

// Identity is what a target is told apart by: those of two identities are different
// servers, and have no trend together.
func (t Target) Identity() string {
	if t.Label == "" {
		return t.String()
	}
	return t.String() + " " + t.Label
}

// Other reports if two targets are certainly different servers: a mock and none, one
// in virtual time and one in real time, or two labels. How one is reached, and a label
// that one of them doesn't have, tell nothing.
func (t Target) Other(o Target) bool {
	return (t.Kind == "mock") != (o.Kind == "mock") || (t.Transport == "virtual") != (o.Transport == "virtual") ||
		t.Label != "" && o.Label != "" && t.Label != o.Label
}

// addressed reports if the address has the label in it already.
func (t Target) addressed() bool {
	bare := strings.NewReplacer(":80/", "/", ":443/", "/").Replace(t.Label + "/")
	return strings.Contains(t.Address+"/", t.Label+"/") || strings.Contains(t.Address+"/", "://"+bare)
}

// String says the target: "mock http".
func (t Target) String() string { return strings.TrimSpace(t.Kind + " " + t.Transport) }
