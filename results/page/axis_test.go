package page

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestNumbersAsPeopleReadThem(t *testing.T) {
	for want, got := range map[string]string{
		"0":           figure(0),
		"12.5":        figure(12.5),
		"−0.95":       figure(-0.95),
		"40":          figure(40),
		"1,234,567":   figure(1234567.2),
		"0.0167":      figure(1.0 / 60),
		"−1,234":      grouped(-1234),
		"999":         grouped(999),
		"1 call":      counted(1, "call"),
		"1,000 calls": counted(1000, "call"),
		"0 s":         clock(0, time.Second),
		"10 s":        clock(10*time.Second, 5*time.Second),
		"2.5 s":       clock(2500*time.Millisecond, 500*time.Millisecond),
		"300 ms":      clock(300*time.Millisecond, 50*time.Millisecond),
		"0.2 ms":      clock(200*time.Microsecond, 200*time.Microsecond),
		"20 µs":       clock(20*time.Microsecond, 20*time.Microsecond),
		"1.5M":        short(1.5e6), "20k": short(20000), "9,999": short(9999),
		"2:30":     clock(150*time.Second, time.Minute),
		"812 µs":   millis(0.812),
		"12.35 ms": millis(12.345),
		"250 ms":   millis(250),
		"12.5 s":   millis(12500),
	} {
		assert.Equal(t, want, got)
	}
}

func TestTicksAreRoundAndOnTheAxis(t *testing.T) {
	assert.Equal(t, []float64{0, 5, 10, 15}, axis{-0.2, 16.5}.ticks(5))
	assert.Len(t, axis{14.97, 15.03}.ticks(4), 3)
	assert.Empty(t, axis{3, 3}.ticks(5))
	assert.LessOrEqual(t, len(axis{0, 1e300}.ticks(5)), 6)
}

func TestStepsOfTimeAreRoundOnAClock(t *testing.T) {
	for x, want := range map[float64]float64{0.013: 0.02, 3: 5, 12: 20, 22: 30, 45: 60, 100: 120, 170: 300,
		4000: 7200} {
		assert.InDelta(t, want, timeStep(x), 1e-9, "%g", x)
	}
}
