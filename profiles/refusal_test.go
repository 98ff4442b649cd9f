package profiles

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatIsARefusalAndWhoAClientIs(t *testing.T) {
	const text = `limit: {rate: 10/s, burst: 20, scope: client, key: credential}
refusal:
  codes: [-32000]
  statuses: [402]
  text: rate limit
  plain: slow down
  resets: true
  not: {codes: [-32603], statuses: [503], text: upstream}
`
	p, _, err := Parse("x.yaml", []byte(text))
	require.NoError(t, err)
	require.Equal(t, CredentialKey, p.Limit.Key)
	require.Equal(t, Refusal{Codes: []int{-32000}, Statuses: []int{402}, Text: "rate limit", Plain: "slow down",
		Resets: true,
		Not:    NotRefusal{Codes: []int{-32603}, Statuses: []int{503}, Text: "upstream"}}, p.Refusal)
	want, got := formatted(t, p)
	require.Equal(t, want, got)
	mine := p.Clone()
	mine.Refusal.Not.Statuses[0], mine.Refusal.Not.Codes[0] = 500, 1
	require.Equal(t, []int{503}, p.Refusal.Not.Statuses, "a clone shares nothing")
	require.Equal(t, []int{-32603}, p.Refusal.Not.Codes)

	for _, bad := range []string{"limit: {rate: 1, burst: 1, key: address}", "limit: 1/s burst 1\nrefusal: {plain: (}",
		"limit: 1/s burst 1\nrefusal: {plain: x*}",
		"limit: 1/s burst 1\nrefusal: {resets: perhaps}", "limit: 1/s burst 1\nrefusal: {not: {statuses: [200]}}",
		"limit: 1/s burst 1\nrefusal: {not: 503}"} {
		_, _, err := Parse("x.yaml", []byte(bad))
		require.Error(t, err, bad)
	}
}
