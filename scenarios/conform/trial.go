package conform

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Options say how a trial is held.
type Options struct {
	Revision  string
	Transport string
	Timeout   time.Duration // of one request
	Patience  time.Duration // of the first one, as the server may be starting; 0: Timeout
	Tool      string        // a tool that may be called, as the user says; empty: one that says it only reads
	Arguments json.RawMessage
	Only      []string   // ids of rows; empty: all
	Loopback  bool       // the server is on this machine
	Bearer    bool       // a credential goes with every request
	Other     bool       // there is a second one, of somebody else
	URL       string     // the endpoint's, without credentials; empty over stdio
	Claimed   bool       // the user says that the server speaks the revision
	Watch     func(Step) // hears which row is about to be tried; nil: nobody does
	// Left is how long the rows may still take: once it is 0 none is begun. nil: as long as they
	// do. It needs Now.
	Left func() time.Duration

	// What the rows under load need beside. Each may be left out: then they don't wait,
	// and what can't be had isn't tried.
	Rate     float64             // requests a second that go on beside; sessions are opened no faster
	Pause    func(time.Duration) // waits
	Now      func() time.Time
	Sessions int           // how many are opened to compare their ids; 0: 5,000
	Serving  Ender         // the process of a server over HTTP that was started for this
	Restart  func() error  // restarts the server, and returns once the command for it has ended
	Recovery time.Duration // how long it may take to serve again then; 0: 60 s
	Counter  string        // a tool that tells how many calls of others were carried out
}

// A Step is a row that is about to be tried, the nth of those of the revision.
type Step struct {
	Row     string
	Nth, Of int

	Starts int           // about how many processes the rows from this one on begin, over stdio
	Start  time.Duration // how long the first one took to answer
}

// step is the row that is about to be tried, of those that are left.
func (t *Trial) step(left []Row, nth, of int) Step {
	s := Step{Row: left[0].ID, Nth: nth, Of: of}
	if t.Transport == Stdio && t.main.opened != nil {
		s.Start = t.main.opened.Reply.Took
		for _, r := range left {
			if r.Effect == Sessions {
				s.Starts++
			}
		}
	}
	return s
}

func (t *Trial) pause(d time.Duration) {
	if t.Pause != nil && d > 0 {
		t.Pause(d)
	}
}

func (t *Trial) now() time.Time {
	if t.Now == nil {
		return time.Time{}
	}
	return t.Now()
}

// beat is the time between two requests of the load.
func (t *Trial) beat() time.Duration {
	if t.Rate <= 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / t.Rate)
}

// A Trial is one revision of one server while it is tried. Checks send by it.
type Trial struct {
	Options
	main *session
	row  string // that is being checked

	exchanges []*Exchange
	server    facts
	locked    *Exchange // how it asked for a token before anything else; nil: it didn't
	papers    *papers   // of its authorization; nil: not asked for yet
	called    []call    // of tools, once for all rows
	calling   bool      // called is made
	tokens    int       // of progress, that were given
	again     *restarted
	deaths    []*Exchange          // what processes ended at, each twice
	helpless  map[string]*Exchange // right requests without a result, by the row that they were the control of
	buried    int                  // processes that ended while they were spoken to
}

// facts are what the server says of itself.
type facts struct {
	capabilities map[string]json.RawMessage
}

// ErrOtherRevision says that the server doesn't speak the revision.
var ErrOtherRevision = errors.New("the server does not speak the revision")

// ErrLocked says that the server serves nobody without a token. How it says so can
// be judged all the same.
var ErrLocked = errors.New("the server asks for a token")

// ErrNoAnswer says that something replies, and not by MCP.
var ErrNoAnswer = errors.New("no answer")

// NewTrial opens a session of the revision. ErrOtherRevision says that the server
// speaks others; ErrLocked, that only its authorization can be tried, which the trial
// is good for; any other error, that it can't be spoken to.
func NewTrial(line Line, o Options) (*Trial, error) {
	t := &Trial{Options: o, row: "open", helpless: map[string]*Exchange{}}
	s, err := t.open(line)
	if errors.Is(err, ErrLocked) {
		t.main = &session{line: line, transport: o.Transport, revision: o.Revision}
		t.locked = t.exchanges[len(t.exchanges)-1]
		return t, err
	}
	if err != nil {
		return t, err
	}
	t.main = s
	t.server.capabilities = members(member(s.result, "capabilities"))
	return t, nil
}

// LastReply is the last one; its zero value where there was none.
func (t *Trial) LastReply() Reply {
	if len(t.exchanges) == 0 {
		return Reply{}
	}
	return t.exchanges[len(t.exchanges)-1].Reply
}

// open begins a session on a line.
func (t *Trial) open(line Line) (*session, error) {
	s := &session{line: line, transport: t.Transport, revision: t.Revision}
	if Stateless(t.Revision) {
		s.opened = t.first(s, s.request("server/discover", nil))
	} else {
		s.opened = t.first(s, s.request("initialize", t.hello(t.Revision)))
	}
	m := s.opened.Reply.FirstAnswer()
	switch {
	case s.opened.Reply.Broken != "":
		return nil, fmt.Errorf("%s%s", s.opened.Reply.Broken, s.opened.Reply.besides())
	case s.opened.locked() && (m == nil || m.Result == nil):
		return nil, fmt.Errorf("%w: %s", ErrLocked, s.opened.Reply.words())
	case m == nil:
		return nil, fmt.Errorf("%w to %s but %s", ErrNoAnswer, s.opened.method(), s.opened.Reply.words())
	case m.Result == nil && s.opened.Reply.Limited():
		return nil, fmt.Errorf("%s", s.opened.Reply.words())
	case m.Result == nil:
		return nil, fmt.Errorf("%w: %s", ErrOtherRevision, s.opened.Reply.words())
	}
	s.result = m.Result
	if Stateless(t.Revision) {
		var found struct {
			Versions []string `json:"supportedVersions"`
		}
		if json.Unmarshal(m.Result, &found) != nil || !slices.Contains(found.Versions, t.Revision) {
			return nil, fmt.Errorf("%w: it names %s", ErrOtherRevision, strings.Join(found.Versions, ", "))
		}
		return s, nil
	}
	if v := text(member(m.Result, "protocolVersion")); v != t.Revision {
		return nil, fmt.Errorf("%w: it answers %q", ErrOtherRevision, v)
	}
	s.id = s.opened.Reply.Header.Get("Mcp-Session-Id")
	t.send(s, s.spelt("", "notifications/initialized", nil))
	return s, nil
}

// locked reports if what was asked needs a token: some say so with 403.
func (e *Exchange) locked() bool {
	return e.Reply.Status == http.StatusUnauthorized || e.Reply.Status == http.StatusForbidden &&
		strings.Contains(strings.ToLower(e.challengeText()), "bearer")
}

// first sends what a session begins with. Only the very first may take long.
func (t *Trial) first(s *session, r Request) *Exchange {
	r.Within = max(t.Timeout, t.Patience)
	t.Patience = 0
	return t.send(s, r)
}

// hello is the parameters of initialize.
func (t *Trial) hello(revision string) map[string]any {
	return map[string]any{"protocolVersion": revision, "capabilities": map[string]any{},
		"clientInfo": map[string]any{"name": clientName, "version": "1"}}
}

// anotherLine is one more line to the server, which the caller closes. Where none can be
// opened the answer says so.
func (t *Trial) anotherLine() (Line, *Answer) {
	line, err := t.main.line.Open()
	if err != nil {
		return nil, new(skip("no other session could be opened: %v", err))
	}
	return line, nil
}

// fresh opens a session of its own for a row that may spoil it. The caller closes
// its line. Where none can be opened the answer says so.
func (t *Trial) fresh() (*session, *Answer) {
	line, none := t.anotherLine()
	if none != nil {
		return nil, none
	}
	s, err := t.open(line)
	if err != nil {
		line.Close()
		return nil, new(skip("no other session could be opened: %v", err))
	}
	return s, nil
}

// send sends as a session does, and keeps the exchange.
func (t *Trial) send(s *session, r Request) *Exchange {
	e := t.exchange(s, r)
	t.exchanges = append(t.exchanges, e)
	return e
}

// exchange sends as a session does. Nothing keeps it, so that several may go on at once.
func (t *Trial) exchange(s *session, r Request) *Exchange {
	if r.Within == 0 {
		r.Within = t.Timeout
	}
	return &Exchange{Request: r, Reply: s.line.Do(r), Row: t.row, Line: s.line.Repeat(r), session: s}
}

// Ask sends a right request in the trial's session.
func (t *Trial) Ask(method string, params map[string]any) *Exchange {
	return t.send(t.main, t.main.request(method, params))
}

// Right is a right request of the trial's session, to vary one thing of.
func (t *Trial) Right(method string, params map[string]any) Request {
	return t.main.request(method, params)
}

// Send sends a request in the trial's session.
func (t *Trial) Send(r Request) *Exchange { return t.send(t.main, r) }

// Harmless is a right request of the trial's session that does nothing.
func (t *Trial) Harmless() Request { return t.harmless(t.main) }

// harmless is a request that every server of the revision must answer with a
// result: the control of whatever is varied.
func (t *Trial) harmless(s *session) Request {
	if !Stateless(t.Revision) {
		return s.request("ping", nil)
	}
	for _, l := range listers { // discovery is how it got here, so anything else says more
		if t.declares(l.capability) {
			return s.request(l.method, nil)
		}
	}
	return s.request("server/discover", nil)
}

// works sends the control. Where it has no result the answer says so.
func (t *Trial) works(s *session) *Answer {
	e := t.send(s, t.harmless(s))
	if e.OK() {
		return nil
	}
	t.helpless[t.row] = e
	return new(skip("the same request, right, has no result either: %s", e.Reply.words()))
}

// declares reports if the server says that it has something, such as "tools" or
// "resources.subscribe".
func (t *Trial) declares(capability string) bool {
	name, rest, deeper := strings.Cut(capability, ".")
	raw, ok := t.server.capabilities[name]
	if !ok || string(raw) == "null" {
		return false
	}
	return !deeper || string(member(raw, rest)) == "true"
}

// OK reports if the exchange has a result.
func (e *Exchange) OK() bool {
	m := e.answer()
	return m != nil && m.Result != nil && !m.HasErr && e.Reply.Status < 300
}

// answer is the response to what was asked; nil where there is none.
func (e *Exchange) answer() *Message {
	if e.Request.Await == "" {
		return e.Reply.FirstAnswer()
	}
	return e.Reply.Answer(e.Request.Await)
}

// result is what was answered; nil where that is no result.
func (e *Exchange) result() json.RawMessage {
	if m := e.answer(); m != nil {
		return m.Result
	}
	return nil
}

// code is the error's code, as it is spelt; empty where there is none.
func (e *Exchange) code() string {
	m := e.answer()
	if m == nil {
		m = e.Reply.FirstAnswer()
	}
	if m == nil || m.Error == nil {
		return ""
	}
	return m.Error.Code.String()
}

// method is what the request asks for, as far as it can be read.
func (e *Exchange) method() string { return e.Request.method() }

func (r *Request) method() string { return text(member(r.Body, "method")) }

func members(raw json.RawMessage) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil // it is no object
	}
	return m
}

func member(raw json.RawMessage, name string) json.RawMessage { return members(raw)[name] }
