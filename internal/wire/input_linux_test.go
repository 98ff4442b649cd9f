package wire

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// TestResultsMayAskForInput: in the revision without sessions a request is sent again
// with what its result asked for, under another id, on either path and transport; each
// is in the history.
func TestResultsMayAskForInput(t *testing.T) {
	accept := Answers{Elicitation: "accept", Roots: []string{"/a"}}
	rows := map[string]struct {
		server  *wanting
		answers Answers
		told    string // responses and state; empty: it never is
		rounds  int
	}{
		"an input": {server: &wanting{wants: wantsName, state: "s"}, answers: accept,
			told: "{'who':{'action':'accept','content':{'name':'yes'}}}|'sID'", rounds: 1},
		"by a stream": {server: &wanting{wants: wantsName, state: "s", stream: true}, answers: accept,
			told: "{'who':{'action':'accept','content':{'name':'yes'}}}|'sID'", rounds: 1},
		"without a state": {server: &wanting{wants: wantsName}, answers: accept,
			told: "{'who':{'action':'accept','content':{'name':'yes'}}}|", rounds: 1},
		"a state alone": {server: &wanting{state: "s"}, answers: accept, told: "|'sID'", rounds: 1},
		"declined": {server: &wanting{wants: wantsName}, answers: Answers{Elicitation: "decline"},
			told: "{'who':{'action':'decline'}}|", rounds: 1},
		"undeclared":       {server: &wanting{wants: wantsName}, answers: Answers{Roots: []string{"/a"}}},
		"nothing declared": {server: &wanting{state: "s"}},
		"what nobody asks": {server: &wanting{wants: `"inputRequests":{"a":{"method":"ping"}}`}, answers: accept},
		"neither":          {server: &wanting{wants: `"more":1`}, answers: accept},
		"without an end":   {server: &wanting{wants: wantsName, always: true}, answers: accept, rounds: maxRounds},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := Options{Transport: HTTP, URL: row.server.start(t), Client: "c1", Timeout: 10 * time.Second,
				Answers: row.answers}
			for _, path := range []string{"plain", "fast"} { // one after the other: they share the server
				row.server.asked.Store(0)
				s := dial(t, o)
				c, got := called(t, s, path)
				supplied(t, s, c, got, row.told, row.rounds)
				if row.told == "" {
					require.EqualValues(t, row.rounds+1, row.server.asked.Load(), path)
				}
			}
		})
	}
}

// TestInputOverStdio is asked for likewise.
func TestInputOverStdio(t *testing.T) {
	for _, path := range []string{"plain", "fast"} {
		o := childOptions("wanting-modern")
		o.Answers = Answers{Elicitation: "accept"}
		s := dial(t, o)
		c, got := called(t, s, path)
		supplied(t, s, c, got, "{'who':{'action':'accept','content':{'name':'yes'}}}|'sID'", 1)
	}
}

// called makes a call by a path.
func called(t *testing.T, s *Session, path string) (history.Call, json.RawMessage) {
	if path == "plain" {
		return s.Fetch(t.Context(), echo)
	}
	var got json.RawMessage
	l := newLoop(t, LoopConfig{Read: func(_ *history.Call, result []byte) { got = append(got, result...) }}, s)
	return byLoop(t.Context(), t, l, echo)[0], got
}

// supplied holds a call to what the server must have been told, after how many rounds.
func supplied(t *testing.T, s *Session, c history.Call, got json.RawMessage, told string, rounds int) {
	t.Helper()
	require.LessOrEqual(t, c.Sent, c.Received)
	var before []history.Call
	for _, a := range s.Asides() {
		if a.Kind == history.Request {
			before = append(before, a)
			require.Equal(t, history.Rejected, a.Outcome)
			require.Equal(t, methodCall, a.Method)
			require.Equal(t, echo.Tool, a.Tool)
		}
	}
	require.Len(t, before, rounds)
	if rounds > 0 {
		require.Equal(t, before[0].Sent, c.Sent, "a call begins with its first request")
	}
	if told == "" {
		require.Equal(t, history.Rejected, c.Outcome, c.Detail)
		require.Contains(t, c.Detail, "asks for input")
		return
	}
	require.Equal(t, history.OK, c.Outcome, c.Detail)
	var result struct {
		Fields struct {
			ID   int64
			Told string
		} `json:"structuredContent"`
	}
	require.NoError(t, json.Unmarshal(got, &result))
	require.Equal(t, c.ID, result.Fields.ID)
	require.Equal(t, strings.ReplaceAll(told, "ID", fmt.Sprint(c.ID-int64(rounds))), result.Fields.Told)
}

// TestEachCallHasItsOwnInput: what one was asked for goes to no other.
func TestEachCallHasItsOwnInput(t *testing.T) {
	w := &wanting{wants: wantsName, state: "s"}
	s := dial(t, Options{Transport: HTTP, URL: w.start(t), Client: "c1", Timeout: 10 * time.Second,
		Answers: Answers{Elicitation: "accept"}})
	l := newLoop(t, LoopConfig{}, s)
	for range 2 * maxRounds {
		before := w.asked.Load()
		c := byLoop(t.Context(), t, l, echo)[0]
		require.Equal(t, history.OK, c.Outcome, c.Detail)
		require.Equal(t, before+1, w.asked.Load(), "it was asked for")
	}
}
