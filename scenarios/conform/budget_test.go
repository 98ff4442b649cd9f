package conform_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// TestTheBudgetEnds: where not all can be tried, what is demanded most strongly is, and the rest is
// named as not tried, and is no pass.
func TestTheBudgetEnds(t *testing.T) {
	const each, budget = time.Second, 100 * time.Second
	run := func(budget time.Duration, more ...conform.Row) conform.Report {
		var now time.Duration
		l := &said{transport: conform.HTTP, odd: func(conform.Request, conform.Message) *conform.Reply {
			now += each
			return nil
		}}
		o := conform.Options{Revision: conform.R2511, Transport: l.transport,
			Now: func() time.Time { return time.Unix(0, 0).Add(now) }}
		if budget > 0 {
			o.Left = func() time.Duration { return budget - now }
		}
		trial, err := conform.NewTrial(l, o)
		require.NoError(t, err)
		return trial.Run(append(conform.Rows(), more...))
	}
	answers := func(r conform.Report) map[string]conform.State {
		m := map[string]conform.State{}
		for _, f := range r.Findings {
			m[f.ID] = f.State
		}
		return m
	}
	whole := run(0)
	require.Empty(t, whole.Ended)
	require.Greater(t, len(whole.Exchanges), 110, "it would take longer than the budget")

	asked := false
	last := conform.Row{ID: "U01", Area: conform.Messages, Level: conform.Must, Check: func(*conform.Trial) conform.Answer {
		asked = true
		return conform.Answer{State: conform.Pass}
	}}
	cut := run(budget, last)
	assert.Regexp(t, `^the budget ended with \d+ of \d+ rows untried$`, cut.Ended)
	assert.Len(t, cut.Findings, len(whole.Findings)+1, "each row is told of")
	assert.False(t, asked, "what load adds to the table stays last")
	all := answers(whole)
	untried := map[conform.Level]int{}
	for _, f := range cut.Findings {
		if f.Need == "a longer --budget" {
			untried[f.Level]++
			assert.Equal(t, conform.NotTestable, f.State, f.ID)
			assert.Equal(t, "not tried: the budget ended", f.Saw, f.ID)
			assert.Zero(t, f.Sent, f.ID)
		} else if f.Watch == nil {
			assert.Equal(t, all[f.ID], f.State, "%s: the order changes no answer", f.ID)
		}
	}
	assert.Equal(t, 1, untried[conform.Must], "but what load adds")
	assert.NotZero(t, untried[conform.Practice])
	assert.Less(t, untried[conform.Should], untried[conform.Practice])

	roomy := run(time.Hour)
	assert.Empty(t, roomy.Ended)
	assert.Equal(t, all, answers(roomy))
	assert.Equal(t, len(whole.Exchanges), len(roomy.Exchanges))
	for k, e := range whole.Exchanges {
		require.Equal(t, e.Row, roomy.Exchanges[k].Row, "with time enough the order is the table's")
	}
}
