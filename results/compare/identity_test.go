package compare

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

// at is a run of another target.
func at(seed uint64, t results.Target) Run {
	r := run(same(seed))
	r.Document.Servers[0].Target = t
	return r
}

// Different servers aren't compared, on two sides or on one, but where that is asked for,
// and then it is said. How a server is reached, and a label that only one has, make none.
func TestDifferentTargetsAreNotCompared(t *testing.T) {
	mock, virtual := results.Target{Kind: "mock", Transport: "http"}, results.Target{Kind: "mock", Transport: "virtual"}
	a := results.Target{Kind: "url", Transport: "http", Label: "127.0.0.1:8000/mcp"}
	b := results.Target{Kind: "url", Transport: "http", Label: "staging"}
	old, moved := results.Target{Kind: "url", Transport: "http"},
		results.Target{Kind: "command", Transport: "stdio", Label: "staging"}
	for _, pair := range [][2]results.Target{{mock, virtual}, {mock, a}, {a, b}, {virtual, old}} {
		for _, sides := range [][2][]Run{
			{{at(1, pair[0])}, {at(2, pair[1])}}, {{at(1, pair[1])}, {at(2, pair[0])}},
			{{at(1, pair[0]), at(3, pair[1])}, {at(2, pair[0])}},
		} {
			_, err := Compare(sides[0], sides[1], Options{Noise: time.Second})
			var other *OtherError
			require.ErrorAs(t, err, &other)
			assert.Equal(t, "acb", other.Server)
			assert.ErrorContains(t, err, pair[0].Identity())
			assert.ErrorContains(t, err, pair[1].Identity())
			r, err := Compare(sides[0], sides[1], Options{Noise: time.Second, Across: true})
			require.NoError(t, err)
			assert.Contains(t, strings.Join(r.Notes, "; "), "acb stands for different targets: ")
		}
	}
	for _, pair := range [][2]results.Target{{a, a}, {old, a}, {a, old}, {b, moved}, {mock, mock}} {
		r, err := Compare([]Run{at(1, pair[0])}, []Run{at(2, pair[1])}, Options{Noise: time.Second})
		require.NoError(t, err)
		assert.NotContains(t, strings.Join(r.Notes, "; "), "different targets")
	}
}

// A trend has the newest one's target only, and says which.
func TestTrendsDoNotMixTargets(t *testing.T) {
	list := pasts(6, func(i int, s *results.Server) {
		s.Target = []results.Target{
			{Kind: "mock", Transport: "http"}, {Kind: "mock", Transport: "virtual"}, {Kind: "url", Transport: "http"},
			{Kind: "url", Transport: "http", Label: "a"}, {Kind: "url", Transport: "http", Label: "b"},
			{Kind: "url", Transport: "http", Label: "a"},
		}[i]
	})
	trend, err := Trends(list, "p99", 1)
	require.NoError(t, err)
	assert.Equal(t, "a", trend.Label)
	assert.Equal(t, 4, trend.LeftOut)
	require.Len(t, trend.Points, 2)
	assert.Equal(t, "run-3", trend.Points[0].Run)
	var b bytes.Buffer
	require.NoError(t, trend.Sparkline(&b, true))
	assert.Contains(t, b.String(), "(UTC), url http a\n")
	assert.Contains(t, b.String(), "4 runs left out: of another target, or reached in another way\n")
	b.Reset()
	require.NoError(t, trend.Rows(false).Sheets[0].CSV(&b))
	assert.Contains(t, b.String(), ",a\n")
}

// A box that is bounded on one side only is no value: neither 0–92 nor 15 and up.
func TestTrendsHaveNoValueOfHalfABox(t *testing.T) {
	trend, err := Trends(pasts(3, func(i int, s *results.Server) {
		s.Measured = &results.Measured{Rate: []results.Range{{Lo: 0, Hi: 92}, {Lo: 14, Hi: 16},
			{Lo: 15, Hi: math.Inf(1)}}[i], Burst: results.Range{Lo: 39, Hi: 41}}
	}), "rate", 1)
	require.NoError(t, err)
	assert.Nil(t, trend.Points[0].Value)
	assert.Equal(t, 92.0, *trend.Points[0].Hi)
	assert.Equal(t, 15.0, *trend.Points[1].Value)
	assert.Nil(t, trend.Points[2].Value)
	assert.Equal(t, 2, trend.Open)
	assert.Zero(t, trend.Empty)
	var b bytes.Buffer
	require.NoError(t, trend.Sparkline(&b, true))
	assert.Contains(t, b.String(), "   _    15 to 15\n")
	assert.Contains(t, b.String(), "2 runs bounded on one side only, left blank\n")
}

// Servers that are known by their addresses have no name in common: that is a matter of
// targets too, and across them one is compared with the other.
func TestServersByTheirAddresses(t *testing.T) {
	called := func(seed uint64, name string, target results.Target) Run {
		r := at(seed, target)
		r.Document.Servers[0].Server = name
		r.Histories = map[string][]history.Call{name: r.Histories["acb"]}
		return r
	}
	a := called(1, "127.0.0.1:1/mcp", results.Target{Kind: "url", Transport: "http", Label: "127.0.0.1:1/mcp"})
	b := called(2, "127.0.0.1:2/mcp", results.Target{Kind: "url", Transport: "http", Label: "127.0.0.1:2/mcp"})
	_, err := Compare([]Run{a}, []Run{b}, Options{})
	require.ErrorContains(t, err, "the runs of 127.0.0.1:1/mcp and 127.0.0.1:2/mcp are of different targets")
	r, err := Compare([]Run{a}, []Run{b}, Options{Noise: time.Second, Across: true})
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:2/mcp (beside 127.0.0.1:1/mcp)", r.Servers[0].Server, "what fails is the new one")
	require.NotZero(t, r.Servers[0].Rows[0].N[1], "the other's calls are counted")
	require.Contains(t, r.Notes, "127.0.0.1:1/mcp is compared with 127.0.0.1:2/mcp")
	require.Equal(t, "127.0.0.1:2/mcp", b.Document.Servers[0].Server, "what was given stays as it is")
	_, err = Compare([]Run{called(1, "acb", results.Target{Kind: "mock"})}, []Run{called(2, "unifi-mcp",
		results.Target{Kind: "mock"})}, Options{})
	require.ErrorIs(t, err, ErrNothing)
	r, err = Compare([]Run{called(1, "acb", results.Target{Kind: "mock"})}, []Run{called(2, "unifi-mcp",
		results.Target{Kind: "mock"})}, Options{Across: true})
	require.NoError(t, err)
	require.Contains(t, r.Notes, "acb is compared with unifi-mcp")
}
