package wire

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// A connection that is closed in place of a reply is a refusal where the operator
// says so, on both paths, and never otherwise.
func TestResetsAreRefusalsWhereTheOperatorSaysSo(t *testing.T) {
	for _, then := range []ending{hangup, reset} {
		for _, said := range []bool{true, false} {
			url := playing(t, act{then: then})
			s := dial(t, Options{Transport: HTTP, URL: url, Protocol: "2025-11-25", Client: "c1",
				Refusal: Refusal{Resets: said}})
			want := history.Broken
			if said {
				want = history.Limited
			}
			c := s.Exchange(t.Context(), echo)
			require.Equal(t, want, c.Outcome, c.Detail)
			require.NotEmpty(t, c.Detail)
			c = byLoop(t.Context(), t, newLoop(t, LoopConfig{}, s), echo)[0]
			require.Equal(t, want, c.Outcome, c.Detail)
		}
	}
	url := playing(t, act{write: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 75\r\n\r\n{",
		then: hangup})
	s := dial(t, Options{Transport: HTTP, URL: url, Protocol: "2025-11-25", Client: "c1",
		Refusal: Refusal{Resets: true}})
	require.Equal(t, history.Broken, s.Exchange(t.Context(), echo).Outcome, "half a reply is none in place of which "+
		"it was closed")
}
