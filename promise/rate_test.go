package promise

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParseRate(t *testing.T) {
	for text, want := range map[string]float64{
		"12": 12, "12/s": 12, "300/1m": 5, "0.5/s": 0.5, "60/min": 1, "100/1h": 100.0 / 3600, "100/h": 100.0 / 3600,
		"8 req/sec": 8, "8 requests per second": 8, "8 req per sec": 8, "8req/s": 8, "1 request/min": 1.0 / 60,
		"12 / s": 12, " 12/s\n": 12, "12/1s": 12, "12/10s": 1.2, "12/1.5s": 8, "12/1m30s": 12.0 / 90, "1/500ms": 2,
		"12 rps": 12, "12rps": 12, "60 rpm": 1, "86400/day": 1, "12/Second": 12, "1e2": 100, "1.5e-2/s": 0.015,
		"+3": 3, ".5": 0.5, "5.": 5, "10 tokens/s": 10, "20 calls per minute": 20.0 / 60, "12 req": 12, "1e9": 1e9,
		"1e-6": 1e-6,
	} {
		got, err := ParseRate(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func TestParseRateRefuses(t *testing.T) {
	const tail = ", want such as 12, 12/s, 300/1m, 0.5/s"
	for text, want := range map[string]string{
		"":             `"" is not a rate`,
		"abc":          `"abc" is not a rate`,
		"0":            `"0" is not above 0`,
		"-0/s":         `"-0/s" is not above 0`,
		"-1":           `"-1" is not above 0`,
		"NaN":          `"NaN" is not finite`,
		"inf":          `"inf" is not finite`,
		"-Infinity":    `"-Infinity" is not finite`,
		".inf":         `".inf" is not finite`,
		"1e999":        `"1e999" is not finite`,
		"1e-999":       `"1e-999" is not above 0`,
		"1e10":         `"1e10" is above 1000000000/s`,
		"1e9/ms":       `"1e9/ms" is above 1000000000/s`,
		"1e-7":         `"1e-7" is below 0.000001/s`,
		"12/0s":        `"12/0s" is not a rate: "0s" is not a time above 0`,
		"12/-1s":       `"12/-1s" is not a rate: "-1s" is not a time above 0`,
		"12/40":        `"12/40" is not a rate: "40" is not a time above 0`,
		"12/":          `"12/" is not a rate`,
		"12 s":         `"12 s" is not a rate`,
		"12/x":         `"12/x" is not a rate: "x" is not a time above 0`,
		"12/1e9s":      `"12/1e9s" is not a rate: "1e9s" is not a time above 0`,
		"0x10":         `"0x10" is not a rate`,
		"1_000":        `"1_000" is not a rate`,
		"1,5":          `"1,5" is not a rate`,
		"12/s/s":       `"12/s/s" is not a rate: "s/s" is not a time above 0`,
		"12 rps/s":     `"12 rps/s" is not a rate`,
		"8/s burst 16": `"8/s burst 16" is not a rate: "s burst 16" is not a time above 0`,
	} {
		_, err := ParseRate(text)
		require.EqualError(t, err, want+tail, text)
	}
}

// A rate that is read is one that arithmetic can rest on.
func TestParseRateIsFiniteAndPositive(t *testing.T) {
	number := rapid.StringMatching(`[+-]?[0-9]{0,4}(\.[0-9]{0,3})?(e-?[0-9]{1,3})?`)
	time := rapid.SampledFrom([]string{"", "/s", "/m", "/1h", "/0s", "/7d", " per 3 minutes", "/0.0001ms", "rpm"})
	rapid.Check(t, func(t *rapid.T) {
		text := number.Draw(t, "number") + time.Draw(t, "time")
		rate, err := ParseRate(text)
		if err == nil && (math.IsNaN(rate) || rate < minRate || rate > maxRate) {
			t.Fatalf("%q was read as %g", text, rate)
		}
		if err != nil && rate != 0 {
			t.Fatalf("%q was refused with the rate %g", text, rate)
		}
	})
}
