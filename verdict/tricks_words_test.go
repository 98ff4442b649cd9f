package verdict

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// oneByOne are calls of clients and sessions, a tenth of a millisecond apart.
type oneByOne []history.Call

func (l *oneByOne) add(n int, client, session string, o history.Outcome) {
	for range n {
		at := time.Duration(len(*l)+1) * 100 * time.Microsecond
		*l = append(*l, history.Call{Arrival: history.Arrival{Client: client, Method: "tools/call", Tool: "echo",
			Label: "forgery", Session: session}, Outcome: o, Sent: at, Received: at + time.Millisecond})
	}
}

// What a trick buys is said by what its values were let through, not by what they were refused,
// and of a replica by how many calls each took.
func TestWhatATrickBuysIsCounted(t *testing.T) {
	p := presumed(10, 10, toolCall)
	judged := func(calls oneByOne) string {
		return judgeTricks(NewCourt(p, calls, Config{}).Trial("forgery")).Saw
	}
	var values oneByOne
	values.add(10, "a", "", history.OK)
	values.add(5, "a", "", history.Limited)
	for _, value := range []string{"Cookie #1", "Cookie #2"} {
		values.add(3, "a", value, history.OK)
		values.add(1, "a", value, history.Limited)
	}
	require.Contains(t, judged(values), "each new Cookie buys 3 calls at once, so that there is no limit")

	var replicas oneByOne
	replicas.add(10, "a", "", history.OK)
	replicas.add(5, "a", "", history.Limited)
	replicas.add(12, "a", Replica+"2", history.OK)
	require.Contains(t, judged(replicas), "(10 of them at the first url, 12 at replica 2)")
}

// Who is somebody else only by saying so has a limit of its own, which is warned of: told by the
// control just before it, if there is one, however short.
func TestWhoSaysSoHasALimitOfItsOwn(t *testing.T) {
	p := presumed(1, 1, toolCall)
	p.Limit.Scope = promise.Client
	var calls oneByOne
	calls.add(1, "a", "", history.OK)
	calls.add(1, "b", "X-User #1", history.OK)
	calls.add(1, "a", "", history.Limited)
	trial := NewCourt(p, calls, Config{}).Trial("forgery")
	user := &trick{name: "X-User", client: "b", before: []int{1}, own: []int{2}}
	require.Equal(t, []string{"nothing proves who is who: each new X-User has a limit of its own"},
		trial.freely([]*trick{user, {name: "X-Other", client: "b", own: []int{2}}}))
	require.Empty(t, trial.freely([]*trick{{name: "X-User", client: "a", before: []int{1}, own: []int{2}}}),
		"it sends as the control's client")
	p.Limit.Burst = 2
	trial = NewCourt(p, calls, Config{}).Trial("forgery")
	require.Empty(t, trial.freely([]*trick{user}), "one limit has room for both")
}

// The client that drains the bucket is the first that comes as itself; what it was refused
// otherwise, and what others were, is no part of that.
func TestWhoEvadesIsWhoComesFirstAsItself(t *testing.T) {
	var calls oneByOne
	calls.add(1, "c", "session", history.OK)
	calls.add(2, "a", "", history.OK)
	calls.add(1, "a", "", history.Limited)
	calls.add(2, "a", "session", history.Limited)
	calls.add(1, "b", "", history.Limited)
	calls.add(1, "b", "", history.OK)
	name, refused := NewCourt(presumed(1, 2, "tools/list"), calls, Config{}).Trial("forgery").evader()
	require.Equal(t, "a", name)
	require.Equal(t, 1, refused)
}
