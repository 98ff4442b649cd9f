package words

import (
	"strings"
	"time"
)

// Span says a duration to about three figures: 812µs, 12.4ms, 1.25s.
func Span(d time.Duration) string {
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

// Millis is Span of milliseconds.
func Millis(ms float64) string { return Span(time.Duration(ms * 1e6)) }

// Short says a duration without the units that are 0: 1m, not 1m0s.
func Short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
