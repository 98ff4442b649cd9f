package mock

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/mcpload/mcpload/promise"
)

// A front is the gate of an HTTP transport: it decides the requests in POSTs,
// and passes on to mcp-go what is admitted, and whatever is no request.
type front struct {
	server *Server
	next   http.Handler

	// client names who sends. It reports false for one whom mcp-go turns away,
	// so that a stranger takes no token.
	client func(r *http.Request) (string, bool)
	// refused delivers the reply to a refused request.
	refused func(w http.ResponseWriter, r *http.Request, m message, a Answer)
	// twice passes an admitted request on, so that its reply comes twice.
	twice func(w http.ResponseWriter, r *http.Request)
	// failed answers a call of the tool that always fails, where that matters to a law:
	// what only failures are charged for goes by HTTP statuses. nil: there are none.
	failed func(w http.ResponseWriter, m message)
	// mute leaves a request without a reply.
	mute func(w http.ResponseWriter, r *http.Request)
}

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || rebound(r) {
		f.server.ending(r)
		if r.Method == http.MethodDelete && f.server.config.Profile.Promise.Has(promise.Sessions) && !rebound(r) {
			f.ends(w, r)
			return
		}
		f.next.ServeHTTP(w, r)
		return
	}
	client, ok := f.client(r)
	if !ok {
		f.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMessage))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		http.Error(w, "the message is too long", http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		panic(http.ErrAbortHandler) // the client is gone
	}
	from := origin{client: client, who: f.server.who(r), conn: r.RemoteAddr, header: f.told(r, body)}
	if list := f.server.batch(body); list != nil {
		f.serveBatch(w, r, list, from)
		return
	}
	if f.server.config.Fault == unlikeFree {
		body = unpacked(r, body)
	}
	m, request := parse(body)
	if !request {
		f.server.cancels(client, m, body)
		f.next.ServeHTTP(w, withBody(r, body))
		return
	}
	if f.server.config.Fault == unlikeFree {
		from.form = formOf(r, body, m)
	}
	answer := f.server.decide(m, from)
	body = f.server.corrected(m, body)
	f.serve(w, withBody(r, body), body, m, answer)
	if m.Method == "initialize" && f.server.config.Fault == freeWithUser {
		f.server.declares(w.Header().Get("Mcp-Session-Id"), body)
	}
}

// who is what the identity header says, where there is one.
func (s *Server) who(r *http.Request) string {
	if s.config.IdentityHeader == "" {
		return ""
	}
	return r.Header.Get(s.config.IdentityHeader)
}

// serve does what was decided.
func (f *front) serve(w http.ResponseWriter, r *http.Request, body []byte, m message, a Answer) {
	switch {
	case a.Dead:
		panic(http.ErrAbortHandler)
	case a.Mute:
		f.mute(w, r)
	case a.Limited:
		f.refused(w, r, m, a)
	default:
		f.waited(w, r, m, a.Delay+f.server.config.Latency, func(r *http.Request) { f.admit(w, r, body, m, a) })
	}
}

// admit answers a request that was admitted.
func (f *front) admit(w http.ResponseWriter, r *http.Request, body []byte, m message, a Answer) {
	switch {
	case f.failed != nil && m.tool() == toolFail && f.server.countsFailures():
		f.failed(w, m)
	default:
		if a.WrongID {
			r = withBody(r, withID(body, wrongID(m.ID)))
		}
		if a.Duplicate {
			f.twice(w, r)
			return
		}
		f.next.ServeHTTP(w, r)
	}
}

// waited waits as long as a request takes, and does what was decided then. One that its
// client cancels meanwhile has no answer.
func (f *front) waited(w http.ResponseWriter, r *http.Request, m message, d time.Duration, then func(r *http.Request)) {
	client, _ := f.client(r) // who it is was seen before
	own, end := f.server.cancellable(r.Context(), client, m, d)
	defer end()
	switch {
	case pause(own, f.server.life, d):
		then(r.WithContext(own))
	case r.Context().Err() != nil || f.server.life.Err() != nil:
		panic(http.ErrAbortHandler)
	default:
		w.Header().Set("Content-Type", "text/event-stream")
	}
}

// withBody returns the request with a body to be read again.
func withBody(r *http.Request, body []byte) *http.Request {
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return r
}

// rebound reports if a request came over loopback under another host's name,
// as a page does that rebinds its name. mcp-go answers such with 403; they
// must not get as far as the limiter.
func rebound(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && loopback(local.String()) && !loopback(r.Host)
}

func loopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]") // it has no port
	}
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

// A recorder keeps a reply. It can't stream, so mcp-go answers it with JSON.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newRecorder() *recorder { return &recorder{header: http.Header{}, status: http.StatusOK} }

func (c *recorder) Header() http.Header         { return c.header }
func (c *recorder) WriteHeader(status int)      { c.status = status }
func (c *recorder) Write(b []byte) (int, error) { return c.body.Write(b) }
