package vegeta

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	lib "github.com/tsenart/vegeta/v12/lib"

	. "github.com/mcpload/mcpload/history"
)

var vegetaStart = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestResult(t *testing.T) {
	call := Call{
		Arrival: Arrival{Due: time.Second, Client: "c1", Method: "tools/call", Tool: "say hello/now"},
		ID:      7, Sent: 1100 * time.Millisecond, Received: 1500 * time.Millisecond, Outcome: OK, Detail: "unused",
	}
	require.Equal(t, lib.Result{
		Attack: "acb", Seq: 7, Code: 200, Timestamp: vegetaStart.Add(time.Second), Latency: 500 * time.Millisecond,
		Method: "tools/call", URL: "mcp:tools/call/say%20hello%2Fnow",
	}, Result(&call, "acb", vegetaStart))

	unsent := Call{Arrival: Arrival{Due: time.Second, Method: "ping"}, ID: -1, Outcome: Unsent}
	require.Equal(t, lib.Result{
		Timestamp: vegetaStart.Add(time.Second), Error: "unsent", Method: "ping", URL: "mcp:ping",
	}, Result(&unsent, "", vegetaStart))

	refused := Call{Outcome: Limited, Detail: "slow down"}
	require.Equal(t, "slow down", Result(&refused, "", vegetaStart).Error)
}

func TestResultCodes(t *testing.T) {
	for _, test := range []struct {
		outcome Outcome
		status  int
		want    uint16
	}{
		{OK, 0, 200}, {OK, 200, 200}, {OK, 202, 202}, {OK, 500, 200},
		{Limited, 0, 429}, {Limited, 200, 429}, {Limited, 429, 429}, {Limited, 503, 503},
		{ToolError, 0, 500}, {ToolError, 200, 500},
		{Rejected, 0, 500}, {Rejected, 200, 500}, {Rejected, 404, 404},
		{Broken, 0, 0}, {Broken, 200, 0}, {Broken, 502, 502},
		{TimedOut, 0, 0}, {TimedOut, 200, 0}, {Unsent, 0, 0}, {Unknown, 0, 0},
		{Rejected, 65536 + 200, 500}, {Broken, -1, 0}, {Limited, 1000, 429},
	} {
		got := Result(&Call{Outcome: test.outcome, Status: test.status}, "", vegetaStart).Code
		require.Equal(t, test.want, got, "%v with status %d", test.outcome, test.status)
	}
}

// What vegeta makes of a history must be what is in it, by both its codecs.
func TestVegetaReadsIt(t *testing.T) {
	calls := []Call{
		{Arrival: Arrival{Due: 2 * time.Second, Method: "ping"}, Sent: 2 * time.Second,
			Received: 2*time.Second + 30*time.Millisecond, Outcome: Limited, Status: 200, Detail: "slow down"},
		{Arrival: Arrival{Due: 0, Method: "ping"}, Sent: 5 * time.Millisecond, Received: 10 * time.Millisecond,
			Outcome: OK},
		{Arrival: Arrival{Due: time.Second, Method: "ping"}, Sent: time.Second,
			Received: time.Second + 20*time.Millisecond, Outcome: OK, Status: 202},
		{Arrival: Arrival{Due: 3 * time.Second, Method: "ping"}, Sent: 3 * time.Second, Received: 4 * time.Second,
			Outcome: TimedOut},
	}
	for name, codec := range map[string]struct {
		encoder func(io.Writer) lib.Encoder
		decoder func(io.Reader) lib.Decoder
	}{
		"json": {lib.NewJSONEncoder, lib.NewJSONDecoder},
		"gob":  {lib.NewEncoder, lib.NewDecoder},
		"csv":  {lib.NewCSVEncoder, lib.NewCSVDecoder},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, Encode(codec.encoder(&b), "acb", vegetaStart, calls))
			decode := codec.decoder(&b)
			var m lib.Metrics
			for i, c := range calls {
				var got lib.Result
				require.NoError(t, decode(&got))
				want := Result(&c, "acb", vegetaStart)
				want.Seq = uint64(i)
				require.True(t, got.Equal(want), "want %+v\ngot %+v", want, got)
				m.Add(&got)
			}
			require.ErrorIs(t, decode(&lib.Result{}), io.EOF)
			m.Close()
			require.EqualValues(t, 4, m.Requests)
			require.InDelta(t, 0.5, m.Success, 1e-9)
			require.Equal(t, map[string]int{"0": 1, "200": 1, "202": 1, "429": 1}, m.StatusCodes)
			require.ElementsMatch(t, []string{"slow down", "timed-out"}, m.Errors)
			require.Equal(t, 10*time.Millisecond, m.Latencies.Min, "from due, so that our lateness shows")
			require.Equal(t, time.Second, m.Latencies.Max)
			require.True(t, m.Earliest.Equal(vegetaStart))
			require.Equal(t, 3*time.Second, m.Duration)
			require.Equal(t, time.Second, m.Wait)
		})
	}
}

func TestEncodeFails(t *testing.T) {
	errFull := errors.New("no space left")
	full := func(r *lib.Result) error {
		if r.Seq == 1 {
			return errFull
		}
		return nil
	}
	err := Encode(full, "", vegetaStart, make([]Call, 3))
	require.EqualError(t, err, "vegeta: encoding call 2 for vegeta: no space left")
	require.ErrorIs(t, err, errFull)
}
