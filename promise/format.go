package promise

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// String returns the law as people write it and Parse reads it: "15/s burst 40",
// "30 per 10s sliding per session", "quota 1000 per day UTC per credential".
func (l Law) String() string {
	words := []string{l.head()}
	add := func(said bool, w ...string) {
		if said {
			words = append(words, w...)
		}
	}
	add(l.Elastic, "elastic")
	add(l.Zone != "", l.Zone)
	add(len(l.Key) > 0, "per", l.Key.String())
	if l.Kind != Sessions {
		words = append(words, l.Charge.words()...)
	}
	add(l.Wait > 0, "queue", Span(l.Wait))
	add(l.Lockout > 0, "lockout", Span(l.Lockout))
	add(l.Name != "", "named", strconv.Quote(l.Name))
	return strings.Join(words, " ")
}

// head is the law's numbers.
func (l Law) head() string {
	n := strconv.Itoa(l.N)
	switch l.Kind {
	case Bucket:
		s := FormatRate(l.Rate) + " burst " + n
		if l.Step > 0 {
			s += " steps " + strconv.Itoa(l.Step) + " every " + Span(l.Every)
		}
		return s
	case Window:
		s := n + " per " + Span(l.Every)
		if l.Style != Unsaid {
			s += " " + string(l.Style)
		}
		return s
	case Quota:
		return "quota " + n + " per " + string(l.Unit)
	case Cap:
		return n + " at a time"
	case Sessions:
		if l.N == 1 {
			return "1 session at a time"
		}
		return n + " sessions at a time"
	}
	return string(l.Kind) + " " + n
}

// words are what the charge says beside one unit for every request.
func (c Charge) words() []string {
	var words []string
	list := func(name string, items []string) {
		if items != nil {
			words = append(words, name, listed(items))
		}
	}
	if !c.Presumed { // nobody said it
		list("methods", c.Methods)
		list("may", c.May)
	}
	list("free", c.Free)
	list("tools", c.Tools)
	if c.Units != nil {
		var items []string
		for _, tool := range slices.Sorted(maps.Keys(c.Units)) {
			items = append(items, tool+"="+strconv.Itoa(c.Units[tool]))
		}
		words = append(words, "units", listed(items))
	}
	if c.Outcomes != All {
		words = append(words, "only", string(c.Outcomes))
	}
	if c.Refused {
		words = append(words, "refusals", "charged")
	}
	return words
}

// listed joins items with commas; one that a comma, a space or a quote is part of is
// quoted.
func listed(items []string) string {
	var out []string
	for _, item := range items {
		if item == "" || strings.ContainsAny(item, "\", \t\r\n;()\\") || !printable(item) {
			item = strconv.Quote(item)
		}
		out = append(out, item)
	}
	return strings.Join(out, ",")
}

func printable(s string) bool { return strings.Trim(strconv.Quote(s), `"`) == s }

// Span returns a time as people write it: 15m, 10s, 24h, 1m30s. time.ParseDuration
// reads it back exactly.
func Span(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
