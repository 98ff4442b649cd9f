package verdict

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// A bucket that hardly refills, of which each call takes two tokens, one after the other: what
// it leaves unexplained, by hand.
func TestCallsThatTakeTwoTokensByHand(t *testing.T) {
	type row struct {
		sent, end int
		o         history.Outcome
	}
	const yes, no = history.OK, history.Limited
	for _, c := range []struct {
		name  string
		burst int
		calls []row
		odd   []int
	}{
		{"two in flight take all four", 4, []row{{0, 10, yes}, {0, 10, yes}, {1, 2, no}}, nil},
		{"one in flight leaves enough", 5, []row{{0, 10, yes}, {1, 2, no}}, []int{1}},
		{"a third one is too many", 4, []row{{0, 1, yes}, {2, 3, yes}, {4, 5, yes}}, []int{2}},
		{"one that is refused keeps the last token", 3, []row{{0, 1, yes}, {2, 3, no}, {4, 5, yes}}, []int{2}},
		{"of three tokens one call and a refusal", 3, []row{{0, 1, yes}, {2, 3, no}, {4, 5, no}}, nil},
		{"one in flight may come first", 3, []row{{0, 10, yes}, {1, 2, no}}, nil},
		{"a full bucket refuses nobody", 3, []row{{0, 1, no}}, []int{0}},
	} {
		var calls []history.Call
		for _, r := range c.calls {
			one := at(time.Duration(r.sent)*time.Second, r.o, "")
			one.Received = time.Duration(r.end) * time.Second
			calls = append(calls, one)
		}
		limit := testLimit(1e-9, c.burst)
		s := newPast(limit, 0, exactly(limit, calls)).story
		require.Equal(t, c.odd, s.unexplainedNested(limit, len(calls)), c.name)
	}
}
