package mock

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// outlivesBoth is a process that only SIGKILL ends.
const outlivesBoth = "outlives-both"

// loadBreaches show only where much is asked at a time.
func loadBreaches() []ConformFault {
	seldom := func(turn int) bool { return turn%40 == 39 }
	stepIDs, giveSteps := countedSessions(func(n int64) string {
		return fmt.Sprintf("%016x", uint64(n)*0x9E3779B97F4A7C15)
	})
	foreign, swapped := crossedTokens()
	_, older := crossedTokens()
	return []ConformFault{
		{Name: "rare-replica-differs", Row: "U03", Doc: "one connection in forty is shown fewer tools",
			after: lessFor(seldom)},
		{Name: "rare-session-differs", Row: "U03-sessions", Doc: "one session in forty is shown fewer tools",
			after: lessFor(seldom)},
		{Name: "stepping-sessions", Row: "U04", Doc: "its session ids are the one before and a large step",
			before: stepIDs, after: giveSteps},
		{Name: "repeating-sessions", Row: "U04", Doc: "it gives the first session's id again to the 150th",
			after: repeatedSession(150)},
		{Name: "ignores-cancels", Row: "U05", Revision: mcp.ProtocolVersion20251125, Doc: "it carries out what its " +
			"client cancels",
			before: on(Cancelled, func(x *traffic) { x.status, x.header = http.StatusAccepted, http.Header{} })},
		{Name: "load-tokens-foreign", Row: "U06", Doc: "with many calls under way it reports progress of a token " +
			"that nobody gave", after: foreign},
		{Name: "load-streams-cross", Row: "U06-streams", Doc: "with many calls under way it reports progress of " +
			"another call", after: swapped},
		{Name: "load-streams-cross-older", Row: "U06-older", Doc: "with many calls under way it reports progress of " +
			"another call, in sessions", after: older},
		{Name: "strangers-cost", Row: "U07", Doc: "made-up tokens empty the bucket of who has a right one",
			before: strangersCost()},
		{Name: outlivesBoth, Row: "U08", Stdio: true, Doc: "it runs on when its stdin is closed, and when it gets " +
			"SIGTERM"},
	}
}

// repeatedSession gives the nth session the id of the first.
func repeatedSession(nth int) func(*traffic) {
	var mu sync.Mutex
	n, first := 0, ""
	return on("initialize", func(x *traffic) {
		id := x.header.Get(server.HeaderKeySessionID)
		if id == "" {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if n++; n == 1 {
			first = id
		} else if n == nth {
			x.header.Set(server.HeaderKeySessionID, first)
		}
	})
}

// crossedTokens report progress of a token that nobody gave, and of the call before.
func crossedTokens() (foreign, swapped func(*traffic)) {
	const mark = `"progressToken":"`
	var mu sync.Mutex
	last := ""
	of := func(x *traffic) string {
		_, rest, _ := bytes.Cut(x.sent, []byte(mark))
		token, _, _ := bytes.Cut(rest, []byte(`"`))
		return string(token)
	}
	foreign = on(methodCall, func(x *traffic) {
		switch token := of(x); {
		case strings.HasPrefix(token, "mcpload-under-"):
			x.stream(progress("nobody", 1))
		case token != "":
			x.stream(progress(token, 1))
		}
	})
	swapped = on(methodCall, func(x *traffic) {
		token := of(x)
		if token == "" {
			return
		}
		mu.Lock()
		before := last
		last = token
		mu.Unlock()
		if before == "" || !strings.HasPrefix(token, "mcpload-under-") {
			before = token
		}
		x.stream(progress(before, 1))
	})
	return foreign, swapped
}

// strangersCost refuses a user's next ten requests once fifty others were turned away.
func strangersCost() func(*traffic) {
	var mu sync.Mutex
	turned, owed := 0, 0
	return func(x *traffic) {
		if x.request == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if token := x.request.Header.Get("Authorization"); token == "" || strings.Contains(token, "made-up") {
			if turned++; turned%50 == 0 {
				owed = 10
			}
			return
		}
		if owed > 0 && x.Method != "initialize" {
			owed--
			x.status, x.header = http.StatusTooManyRequests, http.Header{}
		}
	}
}
