package mock

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/promise"
)

// A mock has the tools that its laws name, and several where a law tells tools apart.
func TestLawTools(t *testing.T) {
	for text, want := range map[string][]string{
		"10 per 5s":                        nil,
		"10 per 5s tools get_*,search":     {"get_x", "search"},
		"10 per 5s per tool tools get_*":   {"get_x"},
		"10 per 5s per tool":               {"tool-1", "tool-2", "tool-3", "tool-4", "tool-5", "tool-6", "tool-7"},
		"10 per 5s per session units a=3":  {"a"},
		"4 at a time per session and tool": {"tool-1", "tool-2", "tool-3", "tool-4", "tool-5", "tool-6", "tool-7"},
	} {
		l, err := promise.Parse(text)
		require.NoError(t, err)
		require.Equal(t, want, LawTools(promise.Promise{l}), text)
	}
	two := promise.Promise{}
	for _, text := range []string{"10 per 5s per tool", "20 per 10s per tool"} {
		l, err := promise.Parse(text)
		require.NoError(t, err)
		two = append(two, l)
	}
	require.Len(t, LawTools(two), alike, "each is there once")
}
