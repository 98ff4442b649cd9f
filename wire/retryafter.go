package wire

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter caps what a server may ask for, so that nonsense can't
// overflow.
const maxRetryAfter = 365 * 24 * time.Hour

// retryFields are the members in which servers say how long to wait, and what
// they count in. Those in milliseconds come first: they are exact, where a
// Retry-After header is rounded up to whole seconds.
var retryFields = []struct {
	name string
	unit time.Duration
}{
	{"retry_after_ms", time.Millisecond},
	{"retryAfterMs", time.Millisecond},
	{"retry_after", time.Second},
	{"retryAfter", time.Second},
	{"retry_after_seconds", time.Second},
	{"retryAfterSeconds", time.Second},
	{"reset_in", time.Second},
}

// retryAfter returns how long a refusal asked to wait, 0 where it didn't say:
// milliseconds from the body, else the header, else seconds from the body.
// The instant now counts only where the header is a date and the server sent
// no Date to compare it with.
func retryAfter(header http.Header, body []byte, now time.Time) time.Duration {
	fromBody, unit := bodyRetryAfter(body)
	if fromBody > 0 && unit == time.Millisecond {
		return fromBody
	}
	if d := headerRetryAfter(header, now); d > 0 {
		return d
	}
	return fromBody
}

// headerRetryAfter reads Retry-After as seconds or as an HTTP date (RFC 9110
// section 10.2.3).
func headerRetryAfter(header http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if d, ok := inUnits(value, time.Second); ok {
		return d
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	// The server's own clock, where it tells: ours may be off.
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	return clampRetry(at.Sub(now))
}

// bodyRetryAfter looks for a known member in a JSON object and returns what
// it says and the unit that it says it in.
func bodyRetryAfter(body []byte) (d, unit time.Duration) {
	if len(body) == 0 || body[0] != '{' {
		return 0, 0
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return 0, 0 // no object: it says nothing
	}
	for _, f := range retryFields {
		raw, ok := members[f.name]
		if !ok || len(raw) == 0 {
			continue
		}
		if d, ok := inUnits(strings.Trim(string(raw), `"`), f.unit); ok && d > 0 {
			return d, f.unit
		}
	}
	return 0, 0
}

// inUnits reads a number, which may have a fraction, as so many units.
func inUnits(text string, unit time.Duration) (time.Duration, bool) {
	f, err := strconv.ParseFloat(text, 64) // infinite where it is out of range
	if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(f) {
		return 0, false
	}
	if f >= float64(maxRetryAfter/unit) {
		return maxRetryAfter, true
	}
	if f < 0 {
		return 0, true
	}
	return clampRetry(time.Duration(f * float64(unit))), true
}

// clampRetry limits a wait to what makes sense.
func clampRetry(d time.Duration) time.Duration {
	return min(max(d, 0), maxRetryAfter)
}
