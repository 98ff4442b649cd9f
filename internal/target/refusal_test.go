package target

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
)

func TestSignsReachTheWire(t *testing.T) {
	p := profiles.Profile{Refusal: profiles.Refusal{Codes: []int{1}, Statuses: []int{402}, Text: "rate", Plain: "slow",
		Resets: true,
		Not:    profiles.NotRefusal{Codes: []int{2}, Statuses: []int{503}, Text: "upstream"}}}
	r, err := SignsOf(p)
	require.NoError(t, err)
	require.Equal(t, "(?i)rate (?i)slow (?i)upstream", r.Text.String()+" "+r.Plain.String()+" "+r.Not.Text.String())
	r.Text, r.Plain, r.Not.Text = nil, nil, nil
	require.Equal(t, wire.Refusal{Codes: []int{1}, Statuses: []int{402}, Resets: true,
		Not: wire.NotRefusal{Codes: []int{2}, Statuses: []int{503}}}, r)
	p.Refusal.Not.Text = "("
	_, err = SignsOf(p)
	require.ErrorContains(t, err, "refusal.not.text")
}
