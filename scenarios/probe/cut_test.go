package probe_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/scenarios/probe"
)

var errCut = errors.New("cut")

// A cut is a server in the midst of whose plan somebody ends the probe.
type cut struct {
	*server
	plans int
}

func (c *cut) Run(ctx context.Context, plan []history.Arrival) ([]history.Call, error) {
	calls, err := c.server.Run(ctx, plan)
	if c.plans--; c.plans >= 0 || err != nil {
		return calls, err
	}
	for i := range calls[len(calls)/2:] {
		one := &calls[len(calls)/2+i]
		one.Outcome, one.Sent, one.Received = history.Unsent, one.Due, one.Due
	}
	return calls, errCut
}

// What a probe planned and never sent failed at nobody, and no budget is to blame.
func TestAProbeThatIsCutShortBlamesNobody(t *testing.T) {
	r, err := probe.Probe(t.Context(), onlyRuns{&cut{newServer(t, limit(12, 16), "", ""), 7}}, probe.Config{Load: load,
		Client: "c1", Seed: 1})
	require.ErrorIs(t, err, errCut)
	require.Equal(t, probe.Unfinished, r.Result)
	require.NotZero(t, r.Limited)
	require.Zero(t, r.Failed)
	require.NotEmpty(t, r.Notes)
	for _, n := range r.Notes {
		require.NotContains(t, n, "budget")
	}
}

// A short is a server that we have means for so many calls at once to reach.
type short struct {
	*server
	most int
}

func (s *short) Run(ctx context.Context, plan []history.Arrival) ([]history.Call, error) {
	calls, err := s.server.Run(ctx, plan[:min(s.most, len(plan))])
	for _, a := range plan[len(calls):] {
		calls = append(calls, history.Call{Arrival: a, Outcome: history.Unsent, Sent: a.Due, Received: a.Due,
			Detail: "we ran out of open files (too many open files)"})
	}
	return calls, err
}

// What could not be sent for want of something of ours is no sign that nothing is limited.
func TestCallsThatCouldNotBeSentAreNoSignOfNoLimit(t *testing.T) {
	r, err := probe.Probe(t.Context(), onlyRuns{&short{newServer(t, limit(12, 16), "", ""), 9}}, probe.Config{Load: load,
		Client: "c1", Seed: 1})
	require.ErrorIs(t, err, probe.ErrUnsent)
	require.ErrorContains(t, err, "7 of 16 (we ran out of open files")
	require.Equal(t, probe.Unfinished, r.Result)
	require.Zero(t, r.Failed)
}
