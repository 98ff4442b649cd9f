package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios"
)

// Who a run speaks as: two clients are enough to tell a shared bucket from one
// a session, and a thousand are enough for anybody.
const (
	defaultClients = 2
	maxClients     = 1000
)

// clientsNamed are the identities that a run speaks as, where the transport
// lets one server have several.
func clientsNamed(n int) []string {
	names := make([]string, max(1, n))
	for i := range names {
		names[i] = "c" + strconv.Itoa(i+1)
	}
	return names
}

// clientNames are the identities of a probe, and of a run unless it is told
// otherwise.
var clientNames = clientsNamed(defaultClients)

// A clientHeader is the header that says who a client is.
type clientHeader struct{ name, value string }

// parseClientHeader reads `Name` or `Name: value`, with {client} in the value
// for the client's name, {n} for its number, and $NAME for a variable of the
// environment.
func parseClientHeader(text string) (clientHeader, error) {
	name, value, given := strings.Cut(text, ":")
	h := clientHeader{strings.TrimSpace(name), strings.TrimSpace(value)}
	switch {
	case text == "":
		return clientHeader{}, nil
	case h.name == "" || strings.ContainsAny(h.name, " \t"):
		return h, hinted{fmt.Errorf("--client-header %q names no header", name), "as in --client-header X-Client-Id, or 'Authorization: Bearer $TOKEN_{n}'"}
	case !given:
		h.value = "mcpload-{client}"
	case !strings.Contains(h.value, "{client}") && !strings.Contains(h.value, "{n}"):
		return h, hinted{fmt.Errorf("--client-header %s: the value is the same for all clients", h.name), "let it differ by {client} or {n}, as in 'Authorization: Bearer $TOKEN_{n}'"}
	}
	return h, nil
}

// of is the header's value for the nth client, from 1.
func (h clientHeader) of(n int) (string, error) {
	text := strings.NewReplacer("{client}", "c"+strconv.Itoa(n), "{n}", strconv.Itoa(n)).Replace(h.value)
	value, missing := expanded(text)
	if missing != "" {
		return "", fmt.Errorf("--client-header %s: the environment has no variable %s", h.name, missing)
	}
	return value, nil
}

// speakAs sets who a run speaks as, as the flags say.
func (j *job) speakAs(clients int, header string) error {
	identity, err := parseClientHeader(header)
	stdio := j.options.Transport == wire.Stdio
	switch {
	case err != nil:
		return err
	case clients < 1 || clients > maxClients:
		return fmt.Errorf("--clients %d is not from 1 to %d", clients, maxClients)
	case stdio && clients > defaultClients:
		return fmt.Errorf("--clients %d: a server over stdio has one client, whose process it is", clients)
	case stdio && identity.name != "":
		return fmt.Errorf("--client-header %s: there are no headers over stdio", identity.name)
	}
	j.clients, j.identity, j.mock.IdentityHeader = clients, identity, identity.name
	return nil
}

// as returns the options of the nth client, from 1.
func (j *job) as(n int) (wire.Options, error) {
	o := j.options
	o.Client = "c" + strconv.Itoa(n)
	if j.identity.name == "" {
		return o, nil
	}
	value, err := j.identity.of(n)
	if err != nil {
		return o, err
	}
	if o.Header = o.Header.Clone(); o.Header == nil {
		o.Header = http.Header{}
	}
	o.Header.Set(j.identity.name, value)
	return o, nil
}

// disguises are the ways to come back that a session's transport has.
func (j *job) disguises(transport wire.Transport, protocol string) []scenarios.Disguise {
	var list []scenarios.Disguise
	sessions := protocol < "2026-07-28" // later ones have none
	switch transport {
	case wire.Stdio:
		return []scenarios.Disguise{scenarios.NewIDs}
	case wire.HTTP:
		if sessions {
			list = append(list, scenarios.NewSession)
		}
		list = append(list, scenarios.NewConnection)
	default:
		list = append(list, scenarios.NewSession)
	}
	if j.identity.name != "" && transport != wire.InProcess {
		list = append(list, scenarios.NewIdentity)
	}
	return append(list, scenarios.NewIDs)
}

// idJump is how far the ids of a disguise lie from those before.
const idJump = 10_000_000

// A cast is a target whose clients may come back in another way: as a new
// session, which is opened when its turn comes, or in their first session on a
// new connection or with other ids.
type cast struct {
	runner.Target
	job  *job
	main *wire.Session // the first client's

	mu     sync.Mutex
	others map[string]*latecomer // by the name of the session
}

// A latecomer is a session that is opened during the run.
type latecomer struct {
	ready   chan struct{}  // closed once what follows is set
	session *wire.Session  // nil: it could not be opened
	calls   []history.Call // that its opening took beyond the first, also where it failed
}

func newCast(j *job, s opened, plain runner.Target) *cast {
	c := &cast{Target: plain, job: j, others: map[string]*latecomer{}}
	if len(s) > 0 { // there are none in virtual time
		c.main = s[0]
	}
	return c
}

// Send implements runner.Target.
func (c *cast) Send(ctx context.Context, a history.Arrival, done func(history.Call)) {
	if a.Session == "" {
		c.Target.Send(ctx, a, done)
		return
	}
	l, first := c.latecomer(a.Session)
	switch d := scenarios.Disguise(a.Session); {
	case d == scenarios.NewConnection || d == scenarios.NewIDs:
		if first {
			c.change(d)
			l.session = c.main
			close(l.ready)
		}
	case first:
		go func() { done(c.open(ctx, a, l)) }()
		return
	}
	go func() {
		<-l.ready // its opening ends with ctx, if not before
		if l.session == nil {
			done(history.Call{Arrival: a, Outcome: history.Unsent, Sent: c.job.options.Now(), Received: c.job.options.Now(), Detail: "its session could not be opened"})
			return
		}
		done(l.session.Exchange(ctx, a))
	}()
}

// latecomer returns the session of a name, and true where nobody asked for it
// before.
func (c *cast) latecomer(name string) (l *latecomer, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, ok := c.others[name]
	if !ok {
		l = &latecomer{ready: make(chan struct{})}
		c.others[name] = l
	}
	return l, !ok
}

func (c *cast) change(d scenarios.Disguise) {
	if d == scenarios.NewConnection {
		c.main.Reconnect()
		return
	}
	c.main.JumpIDs(idJump)
}

// open opens a session and returns what came of its first request.
func (c *cast) open(ctx context.Context, a history.Arrival, l *latecomer) history.Call {
	defer close(l.ready)
	n := 1
	if scenarios.Disguise(a.Session) == scenarios.NewIdentity {
		n = maxClients + 1 // nobody else's
	}
	failed := history.Call{Arrival: a, Outcome: history.Unsent, Sent: c.job.options.Now()}
	failed.Received = failed.Sent
	o, err := c.job.as(n)
	if err != nil {
		failed.Detail = err.Error()
		return failed
	}
	o.Client, o.ListTools = a.Client, false
	o.Transport, o.Protocol = c.main.Transport(), c.main.Protocol()
	s, err := wire.Dial(ctx, o)
	if err != nil {
		failed.Detail = err.Error()
		if dial, ok := dialError(err); ok {
			failed, l.calls = parted(dial.Calls, failed)
		}
		return failed
	}
	l.session = s
	failed, l.calls = parted(s.Handshake(), failed)
	return failed
}

// parted takes the first request out of an opening, which the plan has. Where
// there is none it returns another call in its place.
func parted(opening []history.Call, none history.Call) (first history.Call, rest []history.Call) {
	at := slices.IndexFunc(opening, func(c history.Call) bool { return c.Kind == history.Request })
	if at < 0 {
		return none, opening
	}
	return opening[at], slices.Delete(slices.Clone(opening), at, at+1)
}

// handshakes are the requests that opened sessions during the run, or tried to,
// but for the first of each, which the plan has. A server may have charged them.
func (c *cast) handshakes() []history.Call {
	var calls []history.Call
	for _, l := range c.others {
		calls = append(calls, l.calls...)
	}
	return calls
}

// asides are what left the sessions that were opened during the run beside their
// calls. They are closed.
func (c *cast) asides() []history.Call {
	var calls []history.Call
	for _, l := range c.others {
		if l.session != nil && l.session != c.main {
			calls = append(calls, l.session.Asides()...)
		}
	}
	return calls
}

// close ends the sessions that were opened during the run.
func (c *cast) close() {
	for _, l := range c.others {
		if l.session != nil && l.session != c.main {
			ended(l.session.Close)
		}
	}
}
