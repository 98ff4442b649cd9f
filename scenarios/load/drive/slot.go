package drive

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/scenarios/load"
)

// A clientSlot is a client's place in a pool, with the session that it has now.
type clientSlot struct {
	now atomic.Pointer[pooledSession]

	mu   sync.Mutex
	busy bool          // a new session is being opened
	last time.Duration // when that began
}

// Fetch implements runner.Fetcher.
func (s *clientSlot) Fetch(ctx context.Context, a history.Arrival) (history.Call, json.RawMessage) {
	return s.now.Load().Fetch(ctx, a)
}

// Exchange implements runner.Exchanger.
func (s *clientSlot) Exchange(ctx context.Context, a history.Arrival) history.Call {
	return s.now.Load().Exchange(ctx, a)
}

// reopenEvery is how often a client asks for a new session at most: calls that
// were in flight when it got one tell of the old one, and a server that knows no
// session for long shouldn't be measured by how fast it opens them.
const reopenEvery = time.Second

// begin reports if it is time to open a new session.
func (s *clientSlot) begin(now time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy || s.last != 0 && now-s.last < reopenEvery {
		return false
	}
	s.busy, s.last = true, now
	return true
}

func (s *clientSlot) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = false
}

// unopened counts a session that could not be opened.
func (c *sessionPool) unopened() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed++
}

// recordTo has set-ups and asides recorded, those until now first.
func (c *sessionPool) recordTo(record func(history.Call)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.record = record
	c.keep(c.handshakes...)
	c.handshakes = nil
}

// forgotten reports if a call says that the server no longer knows its session
// (revision 2025-11-25, Transports, Session Management): the client must start a
// new one then. 404 is due; servers answer 400 or 401 as well, and say it in words.
func (c *sessionPool) forgotten(call *history.Call) bool {
	if !c.named || call.Label == load.Handshake || call.Label == history.Aside {
		return false
	}
	switch call.Status {
	case http.StatusNotFound:
		return true
	case http.StatusBadRequest, http.StatusUnauthorized:
		return call.Code != invalidParams && sessionLost.MatchString(call.Detail)
	}
	return false
}

// invalidParams is the code of JSON-RPC that is about a call's arguments, whatever these are called.
const invalidParams = -32602

// sessionLost is how servers say that they don't know a session. A TypeScript server that was
// restarted with one transport for all says that it isn't initialized.
var sessionLost = regexp.MustCompile(
	`(?i)\bsession(_?id)?\b.*\b(not found|expired|invalid|unknown|no longer|not exist|n't exist|terminated|closed)\b|` +
		`\b(invalid|unknown|expired|no valid|no such|missing)\b.*\bsession(_?id)?\b|` +
		`\b(server|session) (is |has |was )?not (been |yet )?initiali[sz]ed\b`)

// reopen gets a client a new session in place of one that the server has
// forgotten. Its calls until then fail, as they do for any client.
func (c *sessionPool) reopen(ctx context.Context, name string) {
	s := c.slots[name]
	if s == nil || !s.begin(c.options.Now()) {
		return
	}
	c.reopening.Go(func() {
		defer s.end()
		c.opening <- struct{}{}
		defer func() { <-c.opening }()
		m, err := c.open(ctx, c.options, name, false)
		if err != nil {
			return // it is counted; the next call that says so tries again
		}
		old := s.now.Swap(&m)
		c.leave(old.Session) // and not closed: the server knows nothing of it
		if c.moved != nil {
			c.moved(m.Session)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.reopened++
	})
}
