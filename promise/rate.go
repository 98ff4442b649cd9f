package promise

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// WantRate says what ParseRate reads.
const WantRate = "such as 12, 12/s, 300/1m, 0.5/s"

var (
	rateForm = regexp.MustCompile(`(?i)^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(?:(rps|qps|tps|hz|rpm)|` +
		`(?:r|req|reqs|requests?|calls?|tokens?)?(?:\s*(?:/|\bper\b)\s*(.+))?)$`)
	unitForm  = regexp.MustCompile(`^(\d+\.?\d*|\.\d+)?\s*([a-z]+)$`)
	wholeForm = regexp.MustCompile(`^[+-]?[0-9]+$`)
)

// units are the seconds in each unit of time that a rate may name.
var units = map[string]float64{
	"ms": 1e-3,
	"s":  1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
	"m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
	"h": 3600, "hr": 3600, "hour": 3600, "hours": 3600,
	"d": 86400, "day": 86400, "days": 86400,
	"w": 604800, "week": 604800, "weeks": 604800,
}

// ParseRate reads a rate and returns it in tokens a second: "12", "12/s",
// "300/1m", "0.5/s", "60/min", "100/1h", "8 req/sec", "8 requests per second", "8qps".
// A time without a number is one of it; a number without a time is a second's.
//
// It refuses what is no rate, and rates that are not finite, not above 0, or
// outside 0.000001/s to 1000000000/s, with a *SyntaxError.
func ParseRate(s string) (float64, error) {
	rate, problem := readRate(s)
	if problem != "" {
		return 0, &SyntaxError{Problem: problem, Want: WantRate}
	}
	return rate, nil
}

// readRate returns the rate, or in words what is wrong with it.
func readRate(s string) (rate float64, problem string) {
	text := strings.TrimSpace(s)
	parts := rateForm.FindStringSubmatch(text)
	if parts == nil {
		f, err := strconv.ParseFloat(strings.Replace(text, ".", "", 1), 64)
		if err == nil && (math.IsInf(f, 0) || math.IsNaN(f)) {
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
	case strings.HasSuffix(strings.ToLower(parts[2]), "pm"):
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

// WantSpan says what ParseSpan reads.
const WantSpan = "a time above 0, such as 10s, 15m or 1h"

// ParseSpan reads a time above 0, in the units that a rate may name: "10s", "15m",
// "2 hours", "1m30s". Its error is a *SyntaxError.
func ParseSpan(s string) (time.Duration, error) {
	secs, ok := readSpan(strings.ToLower(strings.TrimSpace(s)))
	if !ok || secs > 2*maxEvery.Seconds() {
		return 0, &SyntaxError{Problem: quote(s) + " is not a time above 0", Want: WantSpan}
	}
	return time.Duration(math.Round(secs * 1e9)), nil
}

// ParseBurst reads how many tokens a bucket holds. It refuses what is no whole number
// from 1 to 1000000000, with a *SyntaxError.
func ParseBurst(s string) (int, error) {
	n, err := strconv.ParseFloat(s, 64)
	problem := ""
	switch {
	case !wholeForm.MatchString(s):
		problem = "not a whole number"
	case n < 1:
		problem = "below 1"
	case err != nil || n > maxN:
		problem = "above 1000000000"
	default:
		return int(n), nil
	}
	return 0, &SyntaxError{Problem: quote(s) + " is " + problem}
}

// readable is how many digits of a rate people read.
const readable = 8

// FormatRate returns a rate as people write it: "12/s", "0.5/s", and "1/min" where seconds
// need more digits than anybody reads. ParseRate reads it back exactly.
func FormatRate(rate float64) string {
	if len(strconv.FormatFloat(rate, 'f', -1, 64)) > readable {
		for _, unit := range []string{"min", "h", "d"} {
			amount := math.Round(rate * units[unit])
			if amount > 0 && amount < maxRate && amount/units[unit] == rate {
				return strconv.FormatFloat(amount, 'f', -1, 64) + "/" + unit
			}
		}
	}
	format := byte('f')
	if rate != 0 && (math.Abs(rate) < minRate || math.Abs(rate) >= maxRate) {
		format = 'g' // a hundred digits help nobody
	}
	return strconv.FormatFloat(rate, format, -1, 64) + "/s"
}
