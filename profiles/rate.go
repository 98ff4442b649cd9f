package profiles

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/promise"
)

const limitForms = `such as "8 req/sec, burst 16"`

// The separator before "burst" may be a comma, a semicolon, or no more than a
// space; the number may stand in brackets with it.
var limitForm = regexp.MustCompile(`(?i)^(.*?)(?:\s*[,;(]\s*|\s+)burst(?:\s+of\s+|\s*[=:]\s*|\s+)([^\s()]+)\)?$`)

// readRate returns the rate, or in words what is wrong with it.
func readRate(s string) (rate float64, problem string) {
	rate, err := promise.ParseRate(s)
	return rate, problemOf(err)
}

// readBurst returns the burst, or in words what is wrong with it.
func readBurst(s string) (burst int, problem string) {
	burst, err := promise.ParseBurst(s)
	return burst, problemOf(err)
}

// problemOf is what a syntax error says, for whoever says where the text stands.
func problemOf(err error) string {
	var bad *promise.SyntaxError
	if errors.As(err, &bad) {
		return bad.Problem
	}
	return ""
}

// ParseLimit reads a rate and a burst in the notation that the fleet's own
// documents use: "8 req/sec, burst 16", "60/min burst 10", "15/s (burst 40)".
// The limit has nothing else, and of a rate alone the burst 0. ParseLimit refuses what promise.ParseRate and
// promise.ParseBurst refuse.
func ParseLimit(s string) (Limit, error) {
	l, problem := readLimit(s)
	if problem != "" {
		return Limit{}, fmt.Errorf("%s, want %s", problem, limitForms)
	}
	return l, nil
}

// readLimit returns the limit, or in words what is wrong with it.
func readLimit(s string) (l Limit, problem string) {
	text := strings.TrimSpace(s)
	if parts := limitForm.FindStringSubmatch(text); parts != nil {
		if l.Burst, problem = readBurst(parts[2]); problem != "" {
			return Limit{}, "burst " + problem
		}
		text = parts[1]
	}
	if l.Rate, problem = readRate(text); problem != "" {
		return Limit{}, problem
	}
	return l, ""
}

// quote quotes what a file or a flag says, cut to what fits a line.
func quote(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return strconv.Quote(s)
}
