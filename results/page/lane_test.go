package page

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/judge"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// lawful are calls a second apart, twice as fast once, and so many let through in ten
// seconds, with what is judged of them.
func lawful(t *testing.T, most int) (*results.Document, []history.Call) {
	t.Helper()
	var calls []history.Call
	taken := 0
	for i := range 30 {
		if i%10 == 0 {
			taken = 0 // the window that the first call opened has closed
		}
		c := history.Call{Sent: time.Duration(i) * 1010 * time.Millisecond, Outcome: history.Limited}
		c.Due, c.Received, c.Client, c.Method, c.Label = c.Sent, c.Sent+2e6, "c1", "tools/call", "laws"
		if taken < most {
			taken, c.Outcome = taken+1, history.OK
		}
		calls = append(calls, c)
	}
	var said promise.Promise
	for _, text := range []string{"4 per 10s fixed", "100 per 1m sliding"} {
		l, err := promise.Parse(text)
		require.NoError(t, err)
		said = append(said, l)
	}
	load := history.Arrival{Method: "tools/call"}
	laws := &verdict.Laws{Said: said, Held: scenarios.Held(said, load), Hasty: true}
	s := results.Server{Server: "acb", Target: results.Target{Kind: "mock", Transport: "http", Call: &results.Call{
		Method: "tools/call"}}, Promise: results.PromiseText(said), PromiseSource: "a.yaml:3"}
	set := verdict.Setting{Terms: promise.Terms{Limit: judge.Permissive()},
		Config:    verdict.Config{Laws: laws},
		Questions: []verdict.Question{scenarios.LawQuestion(scenarios.Laws(), laws)}}
	judge.Server(&s, set, calls)
	d := &results.Document{Started: "2026-11-25T10:00:00Z", Servers: []results.Server{s}}
	d.Finish()
	return d, calls
}

func TestEachLawHasALane(t *testing.T) {
	d, calls := lawful(t, 4)
	html := drawn(t, d, calls)
	require.Equal(t, 18, strings.Count(attribute(t, html, "s1-law1", "mark refused"), "M"), "by the first law alone")
	require.Equal(t, 18, strings.Count(attribute(t, html, "s1-law2", "mark elsewhere"), "M"), "and not the second")
	require.Equal(t, 3, strings.Count(html, `<path class="opened"`), "each window's opening")
	for _, text := range []string{"not observed; units taken within the last 1m", "Read from <bdi>a.yaml:3"} {
		require.True(t, strings.Contains(html, text), text)
	}
	for _, text := range []string{`data-witness="s1`, "<h3>Tokens"} {
		require.False(t, strings.Contains(html, text), text)
	}
}

func TestALaneShowsItsWitness(t *testing.T) {
	d, calls := lawful(t, 5)
	html := drawn(t, d, calls)
	lane, other := strings.Index(html, `id="s1-law1"`), strings.Index(html, `id="s1-law2"`)
	require.True(t, strings.Contains(html[lane:other], `data-witness="s1-w1"`))
	require.False(t, strings.Contains(html[other:], `data-witness="s1`))
	require.True(t, strings.Contains(html, `href="#s1-law1"`))
}
