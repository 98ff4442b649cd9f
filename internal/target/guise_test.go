package target

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/scenarios/audit"
)

// A session in another client's name says that it has a user, as such clients do: a server may
// be stricter to programs that have none. What was asked for by flags stays.
func TestADisguiseSaysThatItHasAUser(t *testing.T) {
	o := wire.Options{Answers: wire.Answers{Elicitation: "accept"}}
	other := dressed(o, audit.Guise{Opens: true, Client: &audit.Client{Name: "other", Version: "1", Agent: "other/1"}})
	require.Equal(t, wire.Answers{Elicitation: "accept", Roots: []string{}}, other.Answers)
	require.Equal(t, "other/1", other.Header.Get("User-Agent"))
	other = dressed(wire.Options{}, audit.Guise{Opens: true, Client: &audit.Client{}})
	require.Equal(t, wire.Answers{Elicitation: "decline", Roots: []string{}}, other.Answers)
	require.Equal(t, o.Answers, dressed(o, audit.Guise{Opens: true}).Answers)
}
