package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// goldenCalls are the calls of testdata/golden.jsonl.
func goldenCalls() []Call {
	const most = math.MaxInt64
	return []Call{
		{Arrival: Arrival{Client: "c1", Method: "tools/call"}, Received: 812345, Outcome: OK},
		{Arrival: Arrival{Client: "c1", Method: "initialize", Label: "handshake"}, ID: 1, Sent: 1000, Received: 2000,
			Outcome: OK, Status: 200},
		{Arrival: Arrival{Due: 1999, Client: "c2", Method: "tools/call", Tool: "echo", Label: "burst"}, ID: 2,
			Sent: 2000, Received: 66668666,
			Outcome: Limited, Code: -32000, Status: 429, RetryAfter: 66666666, Detail: "Global rate limit exceeded"},
		{Arrival: Arrival{Due: 3000, Client: "c2", Method: "tools/call", Tool: "echo"}, ID: 3, Sent: 3000,
			Received: 4000,
			Outcome:  ToolError, Status: 200, Detail: "say \"when\"\\\n\tnow\r\x1b[0m\x00"},
		{Arrival: Arrival{Due: 4000, Client: "c2", Method: "ping"}, ID: -4, Sent: 4000, Received: 5000,
			Outcome: Rejected, Code: -32601, Status: 404, Detail: "Zoë 東京 \ufffd 😀"},
		{Arrival: Arrival{Due: 5000}, Sent: 5000, Received: 5000, Outcome: Broken},
		{Arrival: Arrival{Method: "ping"}, Sent: 6000, Received: 30000006000, Outcome: TimedOut},
		{Arrival: Arrival{Method: "ping", Due: 7000}, Outcome: Unsent, Detail: "too many calls were in flight"},
		{Arrival: Arrival{Due: most}, Sent: most, Received: most, Code: math.MinInt32},
	}
}

// The golden file is the format: it may gain fields, and lose or change none.
func TestGolden(t *testing.T) {
	golden, err := os.ReadFile("testdata/golden.jsonl")
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, Write(&b, goldenCalls()))
	require.Equal(t, string(golden), b.String())
	calls, err := ReadAll(bytes.NewReader(golden))
	require.NoError(t, err)
	require.Equal(t, goldenCalls(), calls)

	for line := range strings.Lines(string(golden)) { // other readers must agree that it is JSON
		require.True(t, json.Valid([]byte(line)), line)
	}
}

func TestAccessLog(t *testing.T) {
	file, err := os.Open("testdata/accesslog.jsonl")
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	calls, err := ReadAll(file)
	require.NoError(t, err)
	const start = 1732412345 * time.Second
	require.Equal(t, []Call{
		{Arrival: Arrival{Due: start, Client: "10.0.0.1", Method: "POST"}, Sent: start,
			Received: start + 4*time.Millisecond, Outcome: OK},
		{Arrival: Arrival{Due: start + 123456789, Client: "10.0.0.2", Method: "POST"}, Sent: start + 123456789,
			Received: start + 123999999, Outcome: Limited},
		{Arrival: Arrival{Due: start - time.Second}, Sent: start - time.Second, Received: start + 5*time.Second},
	}, calls)
}

// anyCall draws a call that a file can hold.
func anyCall() *rapid.Generator[Call] {
	instant := rapid.Int64Range(0, math.MaxInt64)
	text := rapid.OneOf(rapid.SampledFrom([]string{"", "c1", "tools/call"}), rapid.String())
	return rapid.Custom(func(t *rapid.T) Call {
		a, b := instant.Draw(t, "a"), instant.Draw(t, "b")
		return Call{
			Arrival: Arrival{
				Due: time.Duration(instant.Draw(t, "due")), Client: text.Draw(t, "client"),
				Method: text.Draw(t, "method"),
				Tool:   text.Draw(t, "tool"), Label: text.Draw(t, "label"), Session: text.Draw(t, "session"),
				Attempt: rapid.Int().Draw(t, "attempt"),
			}, Media: text.Draw(t, "media"), Hints: text.Draw(t, "hints"), Trace: text.Draw(t, "trace"),
			Kind: Kind(rapid.IntRange(0, len(kindNames)-1).Draw(t, "kind")),
			ID:   rapid.Int64().Draw(t, "id"), Sent: time.Duration(min(a, b)), Received: time.Duration(max(a, b)),
			Outcome: Outcome(rapid.IntRange(0, len(outcomeNames)-1).Draw(t, "outcome")),
			Code:    rapid.Int().Draw(t, "code"),
			Status:  rapid.Int().Draw(t, "status"), RetryAfter: time.Duration(rapid.Int64().Draw(t, "retry")),
			Detail: text.Draw(t, "detail"),
		}
	})
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		calls := rapid.SliceOfN(anyCall(), 0, 20).Draw(t, "calls")
		var b bytes.Buffer
		require.NoError(t, Write(&b, calls))
		require.Equal(t, len(calls), bytes.Count(b.Bytes(), []byte("\n")), "one line a call")
		for line := range bytes.Lines(b.Bytes()) {
			require.True(t, json.Valid(line), "%s", line)
		}
		got, err := ReadAll(&b)
		require.NoError(t, err)
		require.Len(t, got, len(calls))
		for i := range calls {
			require.Equal(t, calls[i], got[i])
		}
	})
}

func TestWriterMakesUTF8OfAll(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Write(&b, []Call{{Arrival: Arrival{Client: "a\xffb\xe6\x9d"}}}))
	got, err := ReadAll(&b)
	require.NoError(t, err)
	require.Equal(t, "a\ufffdb\ufffd\ufffd", got[0].Client)
}

func TestArgumentsArentStored(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Write(&b, []Call{{Arrival: Arrival{Arguments: json.RawMessage(`{"key":"sk-1"}`)}}}))
	require.NotContains(t, b.String(), "sk-1")
}

func TestWriterRefusesWhatReadersWould(t *testing.T) {
	fine := Call{Received: 1, Outcome: OK}
	for _, test := range []struct {
		bad     Call
		problem string
	}{
		{Call{Sent: -1}, "sent_ns -1 is negative"},
		{Call{Received: -1}, "received_ns -1 is negative"},
		{Call{Arrival: Arrival{Due: -1}}, "due_ns -1 is negative"},
		{Call{Sent: 9, Received: 5}, "received_ns 5 is before sent_ns 9"},
		{Call{Outcome: ClosedIdle + 1}, "outcome 9 is invalid"},
		{Call{Detail: strings.Repeat("x", MaxLine)}, "its line would have 1048681 bytes, more than 1048576"},
	} {
		var b bytes.Buffer
		err := Write(&b, []Call{fine, test.bad, fine})
		require.EqualError(t, err, "history: call 2: "+test.problem)
		calls, err := ReadAll(&b)
		require.NoError(t, err)
		require.Equal(t, []Call{fine}, calls, "what came before is kept, and nothing of the bad one is written")

		w := NewWriter(&b) // a caller may pass over it
		require.NoError(t, w.Write(&fine))
		require.Error(t, w.Write(&test.bad))
		require.NoError(t, w.Write(&fine))
		require.NoError(t, w.Flush())
	}
}

func TestLongestLine(t *testing.T) {
	c := Call{Received: 1, Outcome: OK}
	c.Detail = strings.Repeat("x", MaxLine-len(appendCall(nil, &c))-len(`,"detail":""`))
	var b bytes.Buffer
	require.NoError(t, Write(&b, []Call{c, c}))
	require.Equal(t, 2*(MaxLine+1), b.Len())
	calls, err := ReadAll(&b)
	require.NoError(t, err)
	require.Equal(t, []Call{c, c}, calls)
	c.Detail += "x"
	require.Error(t, Write(io.Discard, []Call{c}))
}

// fullDisk takes some bytes and then fails.
type fullDisk struct{ room int }

var errFull = errors.New("no space left")

func (d *fullDisk) Write(p []byte) (int, error) {
	n := min(d.room, len(p))
	if d.room -= n; n < len(p) {
		return n, errFull
	}
	return n, nil
}

func TestWriterFailures(t *testing.T) {
	fine := Call{Received: 1, Outcome: OK}
	err := Write(&fullDisk{room: 10}, []Call{fine})
	require.EqualError(t, err, "history: writing: no space left")
	require.ErrorIs(t, err, errFull)

	many := make([]Call, 5000) // more than the buffer
	err = Write(&fullDisk{room: 10}, many)
	require.ErrorIs(t, err, errFull)
	require.Equal(t, 1, strings.Count(err.Error(), "no space left"), "told once: %v", err)

	w := NewWriter(&fullDisk{})
	require.NoError(t, w.Write(&fine))
	require.ErrorIs(t, w.Flush(), errFull)
	require.ErrorIs(t, w.Write(&fine), errFull, "it stays so")
	require.ErrorIs(t, w.Flush(), errFull)
}

// The attempt at a scenario is in its calls, from the second on.
func TestAttemptsAreKept(t *testing.T) {
	calls := []Call{
		{Arrival: Arrival{Label: "burst"}, Outcome: OK},
		{Arrival: Arrival{Label: "burst", Attempt: 2}, Outcome: OK},
		{Arrival: Arrival{Label: "idle"}, Outcome: OK},
	}
	var b bytes.Buffer
	require.NoError(t, Write(&b, calls))
	require.Equal(t, 1, strings.Count(b.String(), `"attempt":2`))
	require.Equal(t, 1, strings.Count(b.String(), "attempt"))
	got, err := ReadAll(&b)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"burst": 2, "idle": 1}, LastAttempts(got))
	require.Equal(t, []int{1, 2, 1}, []int{got[0].Nth(), got[1].Nth(), got[2].Nth()})
}
