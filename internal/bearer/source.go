// Package bearer has tokens that change: from an authorization server by OAuth 2
// (Client), or from a command (Command). A Source keeps the one to show now, gets
// another one ahead of its end or when a server refuses it, and is what most users
// want: New.
//
// A token is asked for once, however many calls wait for it, and a server that
// refuses every token doesn't make us ask for one a call. The package prints no
// token and no secret; whoever makes a Source is told of each token before it is used.
package bearer

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A Token is what requests show.
type Token struct {
	Value string
	Lasts time.Duration // from when it was got; 0: nobody says
}

// A Getter gets a token. The header is of the reply that refused the last one, or a
// request without one; nil where there was none yet.
type Getter interface {
	Get(ctx context.Context, refusal http.Header) (Token, error)
}

// How tokens are asked for again.
const (
	getWithin   = 30 * time.Second // all that it takes to get one
	longestLead = time.Minute      // before its end; a fifth of its life, where that is shorter
	youngest    = time.Second      // a token that is refused sooner may never have been good
	leastPause  = time.Second      // after a failure, and twice as long after each more
	mostPause   = 30 * time.Second
)

// A Source has the token to show now. Its methods may be called from several
// goroutines.
type Source struct {
	get  Getter
	told func(token string)
	warn func(text string)

	token atomic.Pointer[string]

	mu     sync.Mutex
	flight *flight
	last   http.Header // of the reply that refused a token last
	got    time.Time   // when the token was got
	paused time.Time   // until when nothing is asked for
	pause  time.Duration
	failed error // why
	quick  int   // tokens in a row that were refused while young
	issued int
	ahead  *time.Timer
	closed bool
}

// A flight is a token being asked for.
type flight struct {
	done chan struct{}
	err  error
}

// New returns a source without a token yet. told hears of each token before it is
// shown to anybody, and warn of one that could not be replaced ahead of its end;
// either may be nil.
func New(get Getter, told, warn func(string)) *Source {
	nobody := func(string) {}
	if told == nil {
		told = nobody
	}
	if warn == nil {
		warn = nobody
	}
	return &Source{get: get, told: told, warn: warn}
}

// Getter is what it gets tokens from.
func (s *Source) Getter() Getter { return s.get }

// Token is the token to show; empty where there is none yet.
func (s *Source) Token() string {
	if t := s.token.Load(); t != nil {
		return *t
	}
	return ""
}

// An Eager getter has a token without being refused one first.
type Eager interface{ Eager() bool }

// Ready gets the first token, of a getter that is eager.
func (s *Source) Ready(ctx context.Context) error {
	if e, ok := s.get.(Eager); !ok || !e.Eager() || s.Token() != "" {
		return nil
	}
	return s.Renew(ctx, "", nil)
}

// Hint says what to do where there is no token that a server takes; empty where its
// getter has nothing to say.
func (s *Source) Hint() string {
	if h, ok := s.get.(interface{ Hint() string }); ok {
		return h.Hint()
	}
	return ""
}

// Tell has each request for a token told of from now on.
func (s *Source) Tell(f func(method, url string, status int, sent, received time.Time)) {
	if c, ok := s.get.(*Client); ok {
		c.asked.Store(&f)
	}
}

// Issued is how many tokens were got so far.
func (s *Source) Issued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.issued
}

// Renew returns once there is another token than the one that was refused, or none
// that can be had. The header is of the refusal; nil where there was none.
func (s *Source) Renew(ctx context.Context, refused string, refusal http.Header) error {
	f, err := s.join(refused, refusal)
	if f == nil {
		return err
	}
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// join returns what asks for a token in place of one that was refused, and begins
// that where nobody has. Nil: there is another one already, or the error says why
// there is none.
func (s *Source) join(refused string, refusal http.Header) (*flight, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Token()
	switch {
	case s.closed:
		return nil, errors.New("no more tokens are asked for")
	case now != "" && now != refused:
		return nil, nil
	case s.flight != nil:
		return s.flight, nil
	case time.Now().Before(s.paused):
		return nil, s.failed
	}
	if now != "" && !s.worthAsking(refusal) {
		s.rest(errors.New("the server refuses tokens that were just issued"))
		return nil, s.failed
	}
	if refusal != nil {
		s.last = refusal
	}
	return s.begin(refused), nil
}

// worthAsking reports if another token may be taken where the one that there is was
// refused. A server may drop one early; one that drops two in a row takes none. It
// needs mu.
func (s *Source) worthAsking(refusal http.Header) bool {
	age := time.Since(s.got)
	if age > 2*s.pause+youngest {
		s.pause = 0
	}
	if age >= youngest || widens(s.last, refusal) {
		s.quick = 0
		return true
	}
	s.quick++
	return s.quick < 2
}

// rest has nothing be asked for, for a while. It needs mu.
func (s *Source) rest(why error) {
	s.pause = min(max(2*s.pause, leastPause), mostPause)
	s.paused, s.failed = time.Now().Add(s.pause), why
}

// begin asks for a token. It needs mu.
func (s *Source) begin(refused string) *flight {
	f := &flight{done: make(chan struct{})}
	s.flight = f
	refusal := s.last
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), getWithin)
		defer cancel()
		t, err := s.get.Get(ctx, refusal)
		if err == nil && t.Value == refused {
			err = errors.New("it is the one that was refused again")
		}
		s.take(t, err)
		f.err = err
		close(f.done)
	}()
	return f
}

// take takes a token that was asked for.
func (s *Source) take(t Token, err error) {
	if err == nil {
		s.told(t.Value)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flight = nil
	if err != nil {
		s.rest(err)
		return
	}
	s.got = time.Now()
	s.issued++
	s.token.Store(&t.Value)
	s.foresee(t.Lasts)
}

// foresee has another token asked for ahead of the end of the one that there is. It
// needs mu.
func (s *Source) foresee(lasts time.Duration) {
	if s.ahead != nil {
		s.ahead.Stop()
	}
	if lasts <= 0 || s.closed {
		return
	}
	lead := min(max(lasts/5, min(lasts/3, time.Second)), longestLead) // servers count in whole seconds
	s.ahead = time.AfterFunc(max(lasts-lead, leastPause/2), func() { s.replace(lead) })
}

// replace asks for another token before the end of the one that there is, and tries
// again where that fails.
func (s *Source) replace(left time.Duration) {
	s.mu.Lock()
	f := s.flight
	if f == nil && !s.closed {
		f = s.begin("")
	}
	s.mu.Unlock()
	if f == nil {
		return
	}
	<-f.done
	if f.err == nil {
		return
	}
	s.warn("no new token could be had ahead of the end of the one in use: " + f.err.Error())
	s.mu.Lock()
	defer s.mu.Unlock()
	if again := max(left/4, leastPause); !s.closed && left > again {
		s.ahead = time.AfterFunc(again, func() { s.replace(left - again) })
	}
}

// Close has no more tokens asked for. The one that there is stays.
func (s *Source) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed = true; s.ahead != nil {
		s.ahead.Stop()
	}
}
