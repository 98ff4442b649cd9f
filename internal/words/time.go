package words

import "time"

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
