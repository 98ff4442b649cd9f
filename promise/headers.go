package promise

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Field is one header of a reply.
type Field struct{ Name, Value string }

// Headers are what a reply's headers say of the limits that it met.
type Headers struct {
	Laws  Promise  // as far as they say them
	Left  int      // how many more requests are admitted, by the limit with the least
	Of    int      // of how many, by the same limit; 0 where they don't say
	Says  bool     // they say what is left
	Notes []string // what they say that no law can, and what can't be read

	Anew     time.Duration // when the count of what is left starts anew, if they say so; else 0
	Timeless string        // a limit that they say, but not in what time; empty where laws say all of them
}

// ReadHeaders reads what servers say of their limits: RateLimit-Policy and RateLimit of
// the IETF's draft in its versions 3 to 11, which differ in their grammar, and
// X-RateLimit-Limit and -Remaining, which nobody ever wrote down.
//
// A quota with a window is a window of unsaid kind, because the draft leaves open how a
// server counts, and of unsaid key; one whose unit is concurrent-requests is a cap. A
// number without a time is no law.
func ReadHeaders(fields []Field) Headers {
	h := &headerReader{of: map[string]int{}, lefts: map[string]left{}, anew: map[string]time.Duration{}}
	for _, f := range fields {
		name := strings.ToLower(f.Name)
		if unit := notRequests(name); unit != "" {
			h.note("%s: counts %s, which aren't requests", f.Name, unit)
			continue
		}
		switch {
		case name == "ratelimit-policy" || name == "x-ratelimit-policy":
			h.policies(f)
		case name == "ratelimit":
			h.standing(f)
		case strings.HasSuffix(name, "-limit") && limitName(name):
			h.limit(f)
		case strings.HasSuffix(name, "-remaining") && limitName(name):
			h.left(f.Name, f.Value, strings.TrimSuffix(name, "-remaining"))
		case strings.HasSuffix(name, "-reset") && limitName(name):
			h.reset(f.Name, f.Value, "", strings.TrimSuffix(name, "-reset"), name == "ratelimit-reset")
		case limitName(name):
			h.byUnit(f)
		case limitName(name + "-"):
			h.note("%s: %q isn't a form that is known", f.Name, f.Value)
		}
	}
	h.out.Of, h.out.Anew = h.of[h.least], h.anew[h.least]
	for _, b := range h.bare { // what stands in no policy has no time
		if !slices.ContainsFunc(h.out.Laws, func(l Law) bool { return strconv.Itoa(l.N) == b.number }) {
			h.out.Timeless = b.header + ": " + b.number
		}
	}
	h.beyondWindows()
	h.disagreements()
	h.strangers()
	return h.out
}

func limitName(name string) bool {
	return strings.Contains(strings.ReplaceAll(name, "rate-limit", "ratelimit"), "ratelimit-")
}

// notRequests is what a header counts in place of requests, by its name: such as
// X-RateLimit-Remaining-Tokens. It is empty where it counts requests.
func notRequests(name string) string {
	if limitName(name) {
		for word := range strings.SplitSeq(name, "-") {
			switch word {
			case "tokens", "bytes", "characters", "points", "credits":
				return word
			}
		}
	}
	return ""
}

type headerReader struct {
	out   Headers
	bare  []bare         // limits without a time
	of    map[string]int // the quotas, by whose they are: a policy's name, or a header's without its ending
	least string         // whose Left is

	lefts  map[string]left // by whose they are, as the quotas
	anew   map[string]time.Duration
	resets []reset
}

// A bare limit is a number in a header, without a time.
type bare struct{ header, number string }

func (h *headerReader) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(h.out.Notes, n) {
		h.out.Notes = append(h.out.Notes, n)
	}
}

// An item of a structured field's list (RFC 9651): what it is, and its parameters.
type item struct {
	text   string // without its quotes
	params map[string]string
}

// items cuts a list where quotes don't hold it together.
func items(value string) []item {
	var list []item
	for _, member := range cutOutside(value, ',') {
		parts := cutOutside(member, ';')
		it := item{text: unquoted(parts[0]), params: map[string]string{}}
		for _, p := range parts[1:] {
			k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
			it.params[strings.ToLower(k)] = unquoted(v)
		}
		list = append(list, it)
	}
	return list
}

func cutOutside(s string, at byte) []string {
	var parts []string
	quoted, from := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == at && !quoted:
			parts, from = append(parts, s[from:i]), i+1
		}
	}
	return append(parts, s[from:])
}

func unquoted(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		return strings.ReplaceAll(s[1:len(s)-1], `\`, "")
	}
	return s
}

// policies reads RateLimit-Policy: since the eighth draft "name";q=100;w=60, before that
// 100;w=60.
func (h *headerReader) policies(f Field) {
	for _, it := range items(f.Value) {
		number, name := it.text, it.params["name"]
		if q, ok := it.params["q"]; ok {
			number, name = q, it.text
		}
		h.policy(f.Name, name, number, it)
	}
}

func (h *headerReader) policy(header, name, number string, it item) {
	n, err := strconv.Atoi(number)
	h.of["policy "+name] = n
	switch unit := it.params["qu"]; {
	case err != nil || n < 0:
		h.note("%s: %q is no number of requests", header, number)
		return
	case n == 0: // an honest server may promise nothing
		h.note("%s: 0 requests", header)
		return
	case unit == "concurrent-requests":
		h.add(header, Law{Kind: Cap, N: n, Name: name})
		return
	case unit != "" && unit != "requests":
		h.note("%s: %d %s, which aren't requests", header, n, unit)
		return
	}
	w, said := it.params["w"]
	if !said {
		h.bare = append(h.bare, bare{header, number})
		return
	}
	seconds, err := strconv.ParseInt(w, 10, 32)
	if err != nil || seconds <= 0 {
		h.note("%s: %q is no number of seconds", header, w)
		return
	}
	if b := it.params["burst"]; b != "" {
		h.note("%s: a burst of %s, whose meaning the draft leaves open: not in the law", header, b)
	}
	h.add(header, Law{Kind: Window, N: n, Every: time.Duration(seconds) * time.Second, Name: name})
}

// add notes a law, unless it stands there, perhaps under another name.
func (h *headerReader) add(header string, l Law) {
	if problem := l.problem(); problem != "" {
		h.note("%s: %s", header, problem)
		return
	}
	for _, other := range h.out.Laws {
		if other.Name = l.Name; other.String() == l.String() {
			return
		}
	}
	h.out.Laws = append(h.out.Laws, l)
}

// standing reads RateLimit: since the eighth draft "name";r=50;t=30, in the seventh
// limit=100, remaining=50, reset=30.
func (h *headerReader) standing(f Field) {
	for _, it := range items(f.Value) {
		if t, ok := it.params["t"]; ok {
			h.reset(f.Name, t, it.text, "policy "+it.text, true)
		}
		if r, ok := it.params["r"]; ok {
			h.left(f.Name, r, "policy "+it.text)
			continue
		}
		switch k, v, _ := strings.Cut(it.text, "="); strings.TrimSpace(k) {
		case "remaining":
			h.left(f.Name, v, f.Name)
		case "reset":
			h.reset(f.Name, v, "", f.Name, true)
		case "limit":
			h.bare = append(h.bare, bare{f.Name, strings.TrimSpace(v)})
			h.quota(f.Name, v)
		}
	}
}

// limit reads RateLimit-Limit and X-RateLimit-Limit: a number, and in the third draft
// behind it the policies: 10, 10;w=1, 1000;w=3600.
func (h *headerReader) limit(f Field) {
	for _, it := range items(f.Value) {
		if _, ok := it.params["w"]; ok {
			h.policy(f.Name, it.params["name"], it.text, it)
		} else if _, err := strconv.Atoi(it.text); err != nil {
			h.note("%s: %q is no number of requests", f.Name, it.text)
		} else {
			h.bare = append(h.bare, bare{f.Name, it.text})
			h.quota(strings.TrimSuffix(strings.ToLower(f.Name), "-limit"), it.text)
		}
	}
}

// byUnit reads what Kong says: X-RateLimit-Limit-Minute and X-RateLimit-Remaining-Minute.
// Its windows lie by the clock. Others say X-RateLimit-Limit-Requests, without a time.
func (h *headerReader) byUnit(f Field) {
	name := strings.ToLower(f.Name)
	at := strings.LastIndexByte(name, '-')
	every := map[string]time.Duration{"second": time.Second, "minute": time.Minute, "hour": time.Hour,
		"day": 24 * time.Hour}[name[at+1:]]
	switch {
	case name[at+1:] == "requests" && strings.HasSuffix(name[:at], "-limit"):
		h.bare = append(h.bare, bare{f.Name, strings.TrimSpace(f.Value)})
		h.quota(strings.TrimSuffix(name[:at], "-limit")+name[at:], f.Value)
	case name[at+1:] == "requests" && strings.HasSuffix(name[:at], "-remaining"):
		h.left(f.Name, f.Value, strings.TrimSuffix(name[:at], "-remaining")+name[at:])
	case every == 0:
	case strings.HasSuffix(name[:at], "-limit"):
		if n, err := strconv.Atoi(strings.TrimSpace(f.Value)); err == nil && n > 0 {
			h.add(f.Name, Law{Kind: Window, N: n, Every: every, Name: name[at+1:]})
			h.quota(strings.TrimSuffix(name[:at], "-limit")+name[at:], f.Value)
		}
	case strings.HasSuffix(name[:at], "-remaining"):
		h.left(f.Name, f.Value, strings.TrimSuffix(name[:at], "-remaining")+name[at:])
	}
}

// quota notes of how many something is left, by whose it is.
func (h *headerReader) quota(whose, number string) {
	if n, err := strconv.Atoi(strings.TrimSpace(number)); err == nil {
		h.of[whose] = n
	}
}

// left notes what is left of one limit: of several the least counts.
func (h *headerReader) left(header, value, whose string) {
	n, err := strconv.Atoi(strings.TrimSpace(value))
	if err != nil || n < 0 {
		h.note("%s: %q is no number of requests that are left", header, strings.TrimSpace(value))
		return
	}
	h.lefts[whose] = left{header, n}
	if !h.out.Says || n < h.out.Left {
		h.out.Left, h.out.Says, h.least = n, true, whose
	}
}
