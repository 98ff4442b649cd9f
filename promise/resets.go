package promise

import (
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// since1970 is the least number that is a time since then and no wait: thirty years of seconds.
const since1970 = 1e9

// A reset is when a header says that a count starts anew.
type reset struct {
	header, value, policy string
	in                    time.Duration // at least
}

// reset notes when a count starts anew. What the drafts of the IETF say so is in seconds from
// now; of X-RateLimit-Reset nobody wrote down what it counts in, and it may be an instant.
func (h *headerReader) reset(header, value, policy, whose string, drafted bool) {
	value = strings.TrimSpace(value)
	number, err := strconv.ParseFloat(value, 64)
	switch {
	case err != nil && (drafted || !instantOrSpan(value)), err == nil && !(number >= 0 && !math.IsInf(number, 1)):
		h.note("%s: %q is no time at which a count starts anew", header, value)
	case err != nil:
	case number >= since1970 && drafted:
		h.note("%s: %s is a time since 1970, where the IETF's drafts have seconds from now", header, value)
	case number < since1970:
		unit := time.Second
		if !drafted {
			unit = time.Millisecond
		} else {
			h.anew[whose] = time.Duration(number * float64(time.Second))
		}
		h.resets = append(h.resets, reset{header, value, policy, time.Duration(number * float64(unit))})
	}
}

// instantOrSpan reports if a text that is no number says a time, as servers spell it.
func instantOrSpan(value string) bool {
	if _, err := time.Parse(time.RFC3339, value); err == nil {
		return true
	}
	if _, err := http.ParseTime(value); err == nil {
		return true
	}
	d, err := time.ParseDuration(value)
	return err == nil && d >= 0
}

// beyondWindows notes what says that a count starts anew later than its window ends: in whole
// seconds, which may have been rounded up.
func (h *headerReader) beyondWindows() {
	if len(h.bare) > 0 && h.out.Timeless != "" {
		return // it may be of the limit that says no window
	}
	for _, r := range h.resets {
		longest := time.Duration(0)
		for _, l := range h.out.Laws {
			if l.Kind == Window && (r.policy == "" || r.policy == l.Name) {
				longest = max(longest, l.Every)
			}
		}
		if longest > 0 && r.in > longest+time.Second {
			h.note("%s: a count starts anew in %s, and its window is %s", r.header, r.value, Span(longest))
		}
	}
}

// strangers notes a limit of the drafts' own headers that isn't one of their own policies.
func (h *headerReader) strangers() {
	for _, b := range h.bare {
		n := func(l Law) bool { return strconv.Itoa(l.N) == b.number }
		if strings.HasPrefix(strings.ToLower(b.header), "ratelimit") && len(h.out.Laws) > 0 &&
			!slices.ContainsFunc(h.out.Laws, n) && !strings.HasSuffix(strings.ToLower(b.header), "-policy") {
			h.note("%s: %s is the number of no policy beside it", b.header, b.number)
		}
	}
}

// families are the headers that say what is left of one limit without a name.
var families = []string{"rate-limit", "ratelimit", "x-rate-limit", "x-ratelimit"}

// disagreements notes two headers of one reply that say of a limit of one number that something
// else is left. Limits that have names, or a time in their header's name, may well have one number.
func (h *headerReader) disagreements() {
	var named []string
	for whose := range h.lefts {
		if strings.HasPrefix(whose, "policy ") {
			named = append(named, whose)
		}
	}
	alone := slices.Sorted(maps.Keys(h.lefts))
	alone = slices.DeleteFunc(alone, func(whose string) bool {
		return !slices.Contains(families, strings.ToLower(whose)) && (len(named) != 1 || whose != named[0])
	})
	for i, a := range alone {
		for _, b := range alone[i+1:] {
			x, y := h.lefts[a], h.lefts[b]
			if h.of[a] > 0 && h.of[a] == h.of[b] && x.n != y.n {
				h.note("%s says that %d are left, and %s %d, of %d each", x.header, x.n, y.header, y.n, h.of[a])
			}
		}
	}
}

// A left is what a header says is left.
type left struct {
	header string
	n      int
}
