package foreign

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/promise"
)

var (
	upstashForm  = regexp.MustCompile(`\b(\w*Ratelimit)\s*\.\s*(fixedWindow|slidingWindow|tokenBucket|cachedFixedWindow)\s*\(`)
	durationForm = regexp.MustCompile("^[\"'`](\\d+) ?(ms|s|m|h|d)[\"'`]$")
)

// upstashUnits are those of both of the library's languages.
var upstashUnits = map[string]time.Duration{"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour,
	"d": 24 * time.Hour}

// upstashJS reads the algorithms that Upstash's limiter is constructed with: their
// arguments have an order and no names.
func (in *Import) upstashJS(text, code string) {
	for _, at := range upstashForm.FindAllStringSubmatchIndex(code, -1) {
		name, line := code[at[4]:at[5]], 1+strings.Count(code[:at[4]], "\n")
		end := closing(code, at[1]-1)
		if end < 0 {
			in.note(line, "%s( isn't closed", name)
			continue
		}
		source := code[at[2]:at[3]] + "." + name + "(" + squeeze(text[at[1]:end]) + ")"
		args := listOf(text[at[1]:end], code[at[1]:end])
		if strings.HasPrefix(code[at[2]:at[3]], "Multi") {
			in.note(line, "%s: each region counts for itself, and hears of the others later", source)
		}
		order := []int{0, 1, 0} // tokens, window
		if name == "tokenBucket" {
			order = []int{0, 1, 2} // refill, interval, the most
		}
		if len(args) <= slices.Max(order) {
			in.note(line, "%s: an argument isn't said", source)
			continue
		}
		step, known := product(args[order[0]])
		most, ok := product(args[order[2]])
		m := durationForm.FindStringSubmatch(args[order[1]])
		if !known || !ok || m == nil {
			in.note(line, "%s: its numbers only the program knows", source)
			continue
		}
		n, _ := strconv.Atoi(m[1]) // digits; one that is too large makes a window that no law has
		in.upstash(line, source, strings.TrimPrefix(name, "cached"), step, most, time.Duration(n)*upstashUnits[m[2]])
		if name == "cachedFixedWindow" {
			in.note(line, "%s: each process counts for itself, and tells the store later", source)
		}
	}
}

// upstashPython reads the same of the library for Python, whose arguments may be named.
func (in *Import) upstashPython(name string, line int, source string, args map[string]string) {
	number := func(names ...string) (int, bool) {
		for _, arg := range names {
			if n, ok := product(args[arg]); ok {
				return n, true
			}
		}
		in.note(line, "%s: %s is %q, which only the program knows", name, names[0], args[names[0]])
		return 0, false
	}
	unit := time.Second
	if said := strings.Trim(args["unit"], `"'`); said != "" {
		unit = upstashUnits[said]
	}
	most, ok := number("max_requests", "max_tokens")
	every, known := number("window", "interval")
	if !ok || !known {
		return
	}
	step := most
	if name == "TokenBucket" {
		if step, ok = number("refill_rate"); !ok {
			return
		}
	}
	in.upstash(line, source, strings.ToLower(name[:1])+name[1:], step, most, time.Duration(every)*unit)
}

// upstash adds what an algorithm promises whom limit(…) names.
func (in *Import) upstash(line int, source, algorithm string, step, most int, every time.Duration) {
	l := promise.Law{Kind: promise.Window, N: most, Every: every, Key: promise.Key{promise.Credential}}
	switch strings.ToLower(algorithm) {
	case "fixedwindow":
		l.Style = promise.Aligned
	case "slidingwindow":
		l.Style = promise.Counter
	default:
		step = min(step, most)
		l = promise.Law{Kind: promise.Bucket, N: most, Step: step, Every: every, Rate: float64(step) / every.Seconds(),
			Key: l.Key}
	}
	in.place(line)
	in.note(line, "%s: who shares a counter is what limit(…) is called with: taken as one a credential", source)
	in.law(line, source, l)
}

// listOf are the arguments of a call as they are written. The code is the same text with
// its comments and texts blanked out.
func listOf(text, code string) (list []string) {
	depth, from := 0, 0
	for i := 0; i <= len(code); i++ {
		if i < len(code) {
			switch code[i] {
			case '(', '[', '{':
				depth++
			case ')', ']', '}':
				depth--
			}
			if code[i] != ',' || depth > 0 {
				continue
			}
		}
		if arg := squeeze(text[from:i]); arg != "" {
			list = append(list, arg)
		}
		from = i + 1
	}
	return list
}
