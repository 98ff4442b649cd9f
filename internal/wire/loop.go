package wire

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/mcpload/mcpload/history"
)

// This is the fast path: the loop*.go files, and what only they use (framing,
// hot, template, replay).
//
// A Loop carries the calls of many sessions over few connections, or over the
// pipes of children, on one thread, which also keeps the time: it is a target
// and a clock of the runner in one. There is no goroutine, timer or channel for a call, and no memory is
// allocated for one: a request is put together from a template, written, and
// the reply is recognised in place. On two cores, which the server needs too,
// one busy thread is worth more than two, and nine tenths of what it costs is
// the kernel's.
//
// It must say of a call what the plain path says, to the last bit. So it has
// no opinion of its own but on the one reply that nearly all calls get: a
// well-formed one whose result says that all went well. The others are either
// replayed, from memory, to the very code that the plain path runs (a whole
// reply that is anything else, a time-out or an end within one), or that code
// takes over the connection itself (whatever only net/http can make sense of).
// Over stdio it lends itself the pipes from the plain path, and gives every line
// but such a reply to that path's mailbox.
//
// Linux only, and plain HTTP/1.1 or stdio only: elsewhere NewLoop says that it
// is unsupported, and Exchange is the path to take.

// LoopConfig says how a Loop works.
type LoopConfig struct {
	Conns int // connections at most, whatever the number of sessions; 0: DefaultMaxConns

	// Read, where it is set, is shown every call that got a response, and the
	// response's result (nil for an error). It may correct the call. It must
	// not keep the bytes.
	Read func(c *history.Call, result []byte)

	// Phase is told how long each part of a request took, as in Options.
	Phase func(p Phase, took time.Duration)

	Renew *Renewal // nil: sessions stay
}

// A Renewal says how a loop has sessions end and others begin in their place, one
// client's after the other. Its functions are called where Send is.
type Renewal struct {
	Calls int // of a session; above 0

	// Spent reports if a call says that its session is at its end already, so that the
	// next call takes another one. Nil: none does.
	Spent func(*history.Call) bool

	// Hurry, once it is closed, leaves less time for the sessions that are ended when the
	// loop is closed. Nil: they have as long as ever.
	Hurry <-chan struct{}

	// Next returns the options of a client's next session, and what is told of it, or
	// of a *DialError.
	Next func(client string) (o Options, told func(*Session, error))

	// Ended is told of a session that is closed. Nil: nobody is. What is open when the
	// loop is closed is left to whoever was told of it.
	Ended func(*Session)
}

// unsuited says why sessions can't share a loop.
func unsuited(why string) error {
	return fmt.Errorf("wire: no fast path: %s: %w", why, errors.ErrUnsupported)
}

// A route is where all the requests of a loop go. Over stdio each session has
// its own way.
type route struct {
	url           *url.URL
	network, addr string
	source        string
	timeout       time.Duration
	memory        *ReplyMemory
	now           func() time.Duration
}

// routeOf returns the route that sessions share, or why there is none.
func routeOf(sessions []*Session) (route, error) {
	if len(sessions) == 0 {
		return route{}, errors.New("wire: a loop without sessions")
	}
	var r route
	for i, s := range sessions {
		o := s.o
		switch {
		case s.transport != sessions[0].transport:
			return route{}, unsuited("the sessions differ in their transports")
		case s.transport == Stdio && o.Timeout == sessions[0].o.Timeout:
			r = route{timeout: o.Timeout, memory: o.Memory, now: o.Now}
			continue
		case s.transport != HTTP:
			return route{}, unsuited("the transport is " + string(s.transport))
		case o.HTTP2 || o.Proxy != nil:
			return route{}, unsuited("HTTP/2 or a proxy was asked for")
		}
		u, err := url.Parse(s.url)
		if err != nil || u.Scheme != "http" {
			return route{}, unsuited("the URL is not of plain HTTP")
		}
		if i == 0 {
			r = route{url: u, network: "tcp", addr: u.Host, timeout: o.Timeout, memory: o.Memory, now: o.Now,
				source: o.Source}
			if u.Port() == "" {
				r.addr = net.JoinHostPort(u.Hostname(), "80")
			}
			if o.Socket != "" {
				r.network, r.addr, r.source = "unix", o.Socket, ""
			}
			continue
		}
		first := sessions[0]
		if s.url != first.url || o.Timeout != first.o.Timeout || o.Socket != first.o.Socket ||
			o.Source != first.o.Source {
			return route{}, unsuited("the sessions differ in where they lead, or in their time-outs")
		}
	}
	return r, nil
}
