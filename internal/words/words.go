// Package words says counts, lists, figures and durations, in the same way
// wherever mcpload speaks. Most callers want Count, And and Span.
//
// It knows nothing of what it speaks of: a sentence belongs to the package whose
// finding it is.
package words

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Count is a number with its noun: "1 call", "3 calls".
func Count[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %s", n, plural(noun))
}

// plural is the noun for several of it.
func plural(noun string) string {
	last := len(noun) - 1
	switch {
	case strings.HasSuffix(noun, "ss"):
		return noun + "es"
	case last > 0 && noun[last] == 'y' && !strings.ContainsRune("aeiou", rune(noun[last-1])):
		return noun[:last] + "ies"
	}
	return noun + "s"
}

// Were is "1 call was" or "3 calls were".
func Were[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun + " was"
	}
	return Count(n, noun) + " were"
}

// And joins names: "a", "a and b", "a, b and c".
func And(names []string) string { return joined(names, " and ") }

// Or joins names: "a", "a or b", "a, b or c".
func Or(names []string) string { return joined(names, " or ") }

func joined(names []string, last string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + last + names[n-1]
	}
}

// Few joins names as And does, but counts those after the third.
func Few(names []string) string {
	if len(names) > 4 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	return And(names)
}

// First are the first few of some names, and how many more there are.
func First(names []string) string {
	const most = 8
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// Dash is a text, or - for none.
func Dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// Once is a list without what stood in it before, in order.
func Once(list []string) (out []string) {
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Figure says a number of tokens: two decimals where they mean anything.
func Figure(x float64) string {
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

// PerSecond says a rate: "14.5/s".
func PerSecond(x float64) string { return Figure(x) + "/s" }
