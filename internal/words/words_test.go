package words_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/mcpload/mcpload/internal/words"
)

func TestCounts(t *testing.T) {
	for want, got := range map[string]string{
		"0 calls":         words.Count(0, "call"),
		"1 call":          words.Count(1, "call"),
		"2 calls":         words.Count(int64(2), "call"),
		"3 processes":     words.Count(3, "process"),
		"2 identities":    words.Count(2, "identity"),
		"2 days":          words.Count(2, "day"),
		"1 call was":      words.Were(1, "call"),
		"0 answers were":  words.Were(0, "answer"),
		"12 queries were": words.Were(12, "query"),
	} {
		assert.Equal(t, want, got)
	}
}

func TestLists(t *testing.T) {
	for want, got := range map[string]string{
		"":                     words.And(nil),
		"a":                    words.And([]string{"a"}),
		"a and b":              words.And([]string{"a", "b"}),
		"a, b and c":           words.And([]string{"a", "b", "c"}),
		"a or b":               words.Or([]string{"a", "b"}),
		"a, b or c":            words.Or([]string{"a", "b", "c"}),
		"a, b, c and d":        words.Few([]string{"a", "b", "c", "d"}),
		"a, b, c and 2 more":   words.Few([]string{"a", "b", "c", "d", "e"}),
		"-":                    words.Dash(""),
		"something to look at": words.Dash("something to look at"),
	} {
		assert.Equal(t, want, got)
	}
}

func TestFigures(t *testing.T) {
	for want, got := range map[string]string{
		"0":       words.Figure(0),
		"12":      words.Figure(12),
		"12.5":    words.Figure(12.5),
		"12.35":   words.Figure(12.345678),
		"1235":    words.Figure(1234.6),
		"-1.5":    words.Figure(-1.5),
		"+Inf":    words.Figure(math.Inf(1)),
		"0.25/s":  words.PerSecond(0.25),
		"-0.01":   words.Figure(-0.012),
		"2000/s":  words.PerSecond(2000),
		"999.9/s": words.PerSecond(999.9),
	} {
		assert.Equal(t, want, got)
	}
	assert.Equal(t, "0", words.Figure(-0.001))
}

func TestTimes(t *testing.T) {
	for want, got := range map[string]string{
		"0s":     words.Span(0),
		"812ns":  words.Span(812),
		"812µs":  words.Span(812_345),
		"12.4ms": words.Span(12_360_000),
		"999ms":  words.Span(999_400_000),
		"1.25s":  words.Span(1_249_000_000),
		"-1.5s":  words.Span(-1_500_000_000),
		"2m5s":   words.Span(125 * time.Second),
		"1.5ms":  words.Span(1_500_000),
		"124ms":  words.Span(124_123_456),
		"-5ms":   words.Span(-5_000_000),
		"1m1.5s": words.Span(61_500_000_000),
	} {
		assert.Equal(t, want, got)
	}
}

func TestOnce(t *testing.T) {
	assert.Equal(t, []string{"b", "a"}, words.Once([]string{"b", "a", "b", "a"}))
	assert.Empty(t, words.Once(nil))
}
