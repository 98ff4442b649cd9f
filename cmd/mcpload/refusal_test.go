package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/profiles"
)

func TestSignsOfARefusalAreAdded(t *testing.T) {
	mine := profiles.Refusal{Codes: []int{-32000}, Statuses: []int{429}, Text: "rate limit"}
	r := mine
	require.NoError(t, addRefusals(&r, []string{"status=503", "code=-32029", "text=too (fast|many)"}))
	require.Equal(t, profiles.Refusal{Codes: []int{-32000, -32029}, Statuses: []int{429, 503}, Text: "rate limit|too (fast|many)"}, r)
	require.Equal(t, profiles.Refusal{Codes: []int{-32000}, Statuses: []int{429}, Text: "rate limit"}, mine, "the profile stays as it is")
	for _, sign := range []string{"", "503", "status=", "status=abc", "status=200", "status=600", "code=1.5", "text=", "text=(", "header=x"} {
		require.Error(t, addRefusals(&profiles.Refusal{}, []string{sign}), sign)
	}
}
