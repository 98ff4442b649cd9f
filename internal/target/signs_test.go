package target

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/profiles"
)

func TestSignsOfARefusalAreAdded(t *testing.T) {
	mine := profiles.Refusal{Codes: []int{-32000}, Statuses: []int{429}, Text: "rate limit"}
	r := mine
	require.NoError(t, AddRefusals(&r, []string{"status=503", "code=-32029", "text=too (fast|many)", "reset"}))
	require.Equal(t, profiles.Refusal{Codes: []int{-32000, -32029}, Statuses: []int{429, 503},
		Text: "rate limit|too (fast|many)", Plain: "too (fast|many)", Resets: true}, r)
	require.Equal(t, profiles.Refusal{Codes: []int{-32000}, Statuses: []int{429}, Text: "rate limit"}, mine,
		"the profile stays as it is")
	bad := []string{"", "503", "status=", "status=abc", "status=200", "status=600", "code=1.5", "text=", "text=(",
		"text=x*", "header=x"}
	for _, sign := range append(bad, "reset=1") {
		require.Error(t, AddRefusals(&profiles.Refusal{}, []string{sign}), sign)
	}

	r = mine
	r.Not.Statuses = []int{502}
	require.NoError(t, AddNotRefusals(&r, []string{"status=503", "code=-32000", "text=upstream", "text=backend"}))
	require.Equal(t, profiles.NotRefusal{Codes: []int{-32000}, Statuses: []int{502, 503}, Text: "upstream|backend"},
		r.Not)
	for _, sign := range append(bad, "reset") {
		require.Error(t, AddNotRefusals(&profiles.Refusal{}, []string{sign}), sign)
	}
}
