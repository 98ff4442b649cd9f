package profiles

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The rates and bursts that this tool can work with. Beyond them a plan's
// instants no longer fit a time.Duration, or its arrivals the memory.
const (
	minRate  = 1e-6 // tokens a second: one in eleven days
	maxRate  = 1e9
	maxBurst = 1e9
)

const (
	rateForms  = "such as 12, 12/s, 300/1m, 0.5/s"
	limitForms = `such as "8 req/sec, burst 16"`
)

var (
	rateForm = regexp.MustCompile(`(?i)^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(?:(rps|rpm)|(?:req|reqs|requests?|calls?|tokens?)?(?:\s*(?:/|\bper\b)\s*(.+))?)$`)
	unitForm = regexp.MustCompile(`^(\d+\.?\d*|\.\d+)?\s*([a-z]+)$`)
	// The separator before "burst" may be a comma, a semicolon, or no more
	// than a space; the number may stand in brackets with it.
	limitForm = regexp.MustCompile(`(?i)^(.*?)(?:\s*[,;(]\s*|\s+)burst(?:\s+of\s+|\s*[=:]\s*|\s+)([^\s()]+)\)?$`)
)

// units are the seconds in each unit of time that a rate may name.
var units = map[string]float64{
	"ms": 1e-3,
	"s":  1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
	"m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
	"h": 3600, "hr": 3600, "hour": 3600, "hours": 3600,
	"d": 86400, "day": 86400, "days": 86400,
}

// ParseRate reads a rate and returns it in tokens a second: "12", "12/s",
// "300/1m", "0.5/s", "60/min", "100/1h", "8 req/sec", "8 requests per second".
// A time without a number is one of it; a number without a time is a second's.
//
// It refuses what is no rate, and rates that are not finite, not above 0, or
// outside 0.000001/s to 1000000000/s.
func ParseRate(s string) (float64, error) {
	rate, problem := readRate(s)
	if problem != "" {
		return 0, fmt.Errorf("profiles: %s, want %s", problem, rateForms)
	}
	return rate, nil
}

// readRate returns the rate, or in words what is wrong with it.
func readRate(s string) (rate float64, problem string) {
	text := strings.TrimSpace(s)
	parts := rateForm.FindStringSubmatch(text)
	if parts == nil {
		if f, err := strconv.ParseFloat(strings.Replace(text, ".", "", 1), 64); err == nil && (math.IsInf(f, 0) || math.IsNaN(f)) {
			return 0, quote(s) + " is not finite" // inf, NaN, and YAML's .inf and .nan
		}
		return 0, quote(s) + " is not a rate"
	}
	amount, err := strconv.ParseFloat(parts[1], 64)
	if err != nil { // the form is a number's, so it is out of range
		return 0, quote(s) + " is not finite"
	}
	seconds := 1.0
	switch {
	case strings.EqualFold(parts[2], "rpm"):
		seconds = 60
	case parts[3] != "":
		var ok bool
		if seconds, ok = readSpan(strings.ToLower(strings.TrimSpace(parts[3]))); !ok {
			return 0, quote(s) + " is not a rate: " + quote(parts[3]) + " is not a time above 0"
		}
	}
	switch rate = amount / seconds; {
	case amount <= 0:
		return 0, quote(s) + " is not above 0"
	case rate > maxRate:
		return 0, quote(s) + " is above 1000000000/s"
	case rate < minRate:
		return 0, quote(s) + " is below 0.000001/s"
	}
	return rate, ""
}

// readSpan returns the seconds in "s", "1m", "10 minutes", "1m30s".
func readSpan(s string) (seconds float64, ok bool) {
	if parts := unitForm.FindStringSubmatch(s); parts != nil {
		unit, known := units[parts[2]]
		if known && parts[1] == "" {
			return unit, true
		}
		if n, err := strconv.ParseFloat(parts[1], 64); known && err == nil {
			seconds = n * unit
			return seconds, seconds > 0 && !math.IsInf(seconds, 0)
		}
	}
	d, err := time.ParseDuration(s)
	return d.Seconds(), err == nil && d > 0
}

// ParseLimit reads a rate and a burst in the notation that the fleet's own
// documents use: "8 req/sec, burst 16", "60/min burst 10", "15/s (burst 40)".
// A rate alone has burst 0. It refuses what ParseRate refuses, and bursts
// that are no whole number from 1 to 1000000000.
func ParseLimit(s string) (rate float64, burst int, err error) {
	rate, burst, problem := readLimit(s)
	if problem != "" {
		return 0, 0, fmt.Errorf("profiles: %s, want %s", problem, limitForms)
	}
	return rate, burst, nil
}

// readLimit returns the limit, or in words what is wrong with it.
func readLimit(s string) (rate float64, burst int, problem string) {
	text := strings.TrimSpace(s)
	if parts := limitForm.FindStringSubmatch(text); parts != nil {
		if burst, problem = readBurst(parts[2]); problem != "" {
			return 0, 0, "burst " + problem
		}
		text = parts[1]
	}
	if rate, problem = readRate(text); problem != "" {
		return 0, 0, problem
	}
	return rate, burst, ""
}

// readBurst returns the burst, or in words what is wrong with it.
func readBurst(s string) (burst int, problem string) {
	n, err := strconv.ParseFloat(s, 64)
	switch {
	case !wholeForm.MatchString(s):
		return 0, quote(s) + " is not a whole number"
	case n < 1:
		return 0, quote(s) + " is below 1"
	case err != nil || n > maxBurst:
		return 0, quote(s) + " is above 1000000000"
	}
	return int(n), ""
}

var wholeForm = regexp.MustCompile(`^[+-]?[0-9]+$`)

// FormatRate returns a rate in tokens a second, such as "12/s" or "0.5/s".
// ParseRate reads it back exactly.
func FormatRate(rate float64) string {
	format := byte('f')
	if rate != 0 && (math.Abs(rate) < minRate || math.Abs(rate) >= maxRate) {
		format = 'g' // a hundred digits help nobody
	}
	return strconv.FormatFloat(rate, format, -1, 64) + "/s"
}

// ParseScope reads a scope. It refuses all but "global" and "client".
func ParseScope(s string) (Scope, error) {
	switch scope := Scope(s); scope {
	case Global, Client:
		return scope, nil
	}
	return "", fmt.Errorf("profiles: %s is not a scope, want global or client", quote(s))
}

// quote quotes what a file or a flag says, cut to what fits a line.
func quote(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return strconv.Quote(s)
}
