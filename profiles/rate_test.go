package profiles

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParseLimit(t *testing.T) {
	for _, row := range []struct {
		text  string
		rate  float64
		burst int
	}{
		{"8 req/sec, burst 16", 8, 16},
		{"60/min burst 10", 1, 10},
		{"15/s (burst 40)", 15, 40},
		{"15 req/sec; burst of 40", 15, 40},
		{"12/s burst=16", 12, 16},
		{"12/s, burst: 16", 12, 16},
		{"12 Burst 16", 12, 16},
		{"12,burst 16", 12, 16},
		{" 12/s \t burst\t16 ", 12, 16},
		{"12/s", 12, 0},
		{"12", 12, 0},
	} {
		l, err := ParseLimit(row.text)
		require.NoError(t, err, row.text)
		require.Equal(t, Limit{Rate: row.rate, Burst: row.burst}, l, row.text)
	}
	const tail = `, want such as "8 req/sec, burst 16"`
	for text, want := range map[string]string{
		"":                   `"" is not a rate`,
		"burst 16":           `"burst 16" is not a rate`,
		"12/s burst":         `"12/s burst" is not a rate: "s burst" is not a time above 0`,
		"12/s burst 0":       `burst "0" is below 1`,
		"12/s burst -1":      `burst "-1" is below 1`,
		"12/s burst 1.5":     `burst "1.5" is not a whole number`,
		"12/s burst inf":     `burst "inf" is not a whole number`,
		"12/s burst 1e3":     `burst "1e3" is not a whole number`,
		"12/s burst 1e":      `burst "1e" is not a whole number`,
		"0/s burst 9":        `"0/s" is not above 0`,
		"5/15":               `"5/15" is not a rate: "15" is not a time above 0`,
		"12/sburst 16":       `"12/sburst 16" is not a rate: "sburst 16" is not a time above 0`,
		"1 burst 2 burst 3":  `"1 burst 2" is not a rate`,
		"1 burst 2000000000": `burst "2000000000" is above 1000000000`,
	} {
		_, err := ParseLimit(text)
		require.EqualError(t, err, ""+want+tail, text)
	}
}

// Whatever a limit prints, ParseLimit reads back exactly.
func TestLimitRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Limit{
			Rate:  rapid.Float64Range(1e-6, 1e9).Draw(t, "rate"),
			Burst: rapid.IntRange(1, 1e9).Draw(t, "burst"),
		}
		l, err := ParseLimit(want.String())
		if err != nil || l.Rate != want.Rate || l.Burst != want.Burst {
			t.Fatalf("%s was read as %s, %v", want, l, err)
		}
	})
}
