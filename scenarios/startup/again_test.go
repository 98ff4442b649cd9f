package startup

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAStartThatHungIsJudgedByItsSecondRun(t *testing.T) {
	const limit = 10 * time.Second
	hung := &Observation{Started: true, Ran: limit, StopAt: limit, Output: []Chunk{{Stderr, 1, []byte("a secret")}},
		Orphans: 1}
	late := &Observation{Started: true, Exited: true, ExitAt: limit + 1}
	refused := &Observation{Started: true, Exited: true, ExitAt: time.Second, Code: 1,
		Output: []Chunk{{Stderr, 1, []byte("API_KEY is bad")}}}
	served := &Observation{Started: true, Answered: true}
	is := func(e Expectation, o *Observation) bool { return Start{Expect: e, Seen: o}.Hung(limit) }
	require.True(t, is(Refuse, hung))
	require.True(t, is(Refuse, late))
	require.False(t, is(Refuse, refused))
	require.False(t, is(Refuse, served))
	require.False(t, is(Refuse, nil))
	require.False(t, is(Serve, hung))

	o := Again(hung, refused)
	require.False(t, is(Refuse, o))
	require.Equal(t, 1, o.Code)
	require.Equal(t, 1, o.Orphans)
	require.Len(t, o.Output, 2, "what either showed can leak")
	require.True(t, is(Refuse, Again(hung, hung)))
}
