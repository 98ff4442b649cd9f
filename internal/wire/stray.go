package wire

import (
	"slices"
	"sync"
	"time"
)

// A StrayKind says what is wrong with a stray.
type StrayKind string

// The kinds of strays.
const (
	NotMCP    StrayKind = "not-mcp"    // a line on stdout, or an event, that is no MCP message
	UnknownID StrayKind = "unknown-id" // a response to a request that was never sent, or of another type of id
	NoID      StrayKind = "no-id"      // a response without an id
	TextID    StrayKind = "text-id"    // a response whose id is a text, where ours is a number
	Duplicate StrayKind = "duplicate"  // a second response to a request
	Elsewhere StrayKind = "elsewhere"  // a response on the session's own stream, where none belongs
	Late      StrayKind = "late"       // the response to a call that had been given up
	Uncalled  StrayKind = "uncalled"   // a request by the server where its era forbids one
	Packed    StrayKind = "packed"     // a reply that is compressed, where that wasn't offered

	// Unanswered is a request by the server that we left without an answer, since
	// there were too many.
	Unanswered StrayKind = "unanswered"
)

// A Stray is something that should not have come.
type Stray struct {
	Kind  StrayKind
	At    time.Duration // when it was read, on the run's clock
	ID    int64         // the request that it answers; 0 where there is none
	Text  string        // an excerpt
	Count int           // how many strays of this kind there were in all; only the first ones are kept
}

// What a strayLog keeps at most, so that a server gone wild can't fill memory.
const (
	maxStrays  = 64      // a kind
	maxTracked = 1 << 20 // ids
)

// A strayLog keeps what should not have come. Its methods may be called from
// several goroutines.
type strayLog struct {
	mu    sync.Mutex
	kept  []Stray
	count map[StrayKind]int
	twice map[int64]bool // requests that were answered more than once
	clean redactor
}

// add keeps a stray.
func (l *strayLog) add(kind StrayKind, at time.Duration, id int64, text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count == nil {
		l.count = map[StrayKind]int{}
		l.twice = map[int64]bool{}
	}
	if kind == Duplicate && len(l.twice) < maxTracked {
		l.twice[id] = true
	}
	if l.count[kind]++; l.count[kind] <= maxStrays {
		l.kept = append(l.kept, Stray{Kind: kind, At: at, ID: id, Text: l.clean.finish(excerpt(text))})
	}
}

// all returns a copy of what was kept, in the order that it came.
func (l *strayLog) all() []Stray {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := slices.Clone(l.kept)
	for i := range out {
		out[i].Count = l.count[out[i].Kind]
	}
	return out
}

// answeredTwice reports if a second response to the request came.
func (l *strayLog) answeredTwice(id int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.twice[id]
}

// CallsAnsweredTwice counts the requests to which more than one response came, those of the
// handshake apart: some servers refuse initialize twice with one id.
func (s *Session) CallsAnsweredTwice() int64 {
	s.strays.mu.Lock()
	defer s.strays.mu.Unlock()
	n := int64(len(s.strays.twice))
	for _, c := range s.calls {
		if s.strays.twice[c.ID] {
			n--
		}
	}
	return n
}
