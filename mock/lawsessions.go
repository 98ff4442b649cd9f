package mock

import (
	"net/http"
	"time"

	"github.com/mcpload/mcpload/ratelimit"
)

// Rooms are sessions that are open at the same time.
type rooms struct {
	n, used int
	quirk   quirk
}

func (r *rooms) next(at time.Duration, units int) time.Duration {
	if r.used+units > r.n {
		return ratelimit.Never // it depends on others
	}
	return at
}

func (r *rooms) take(_ time.Duration, units int, _ time.Duration) { r.used += units }
func (r *rooms) left(time.Duration) int                           { return max(0, r.n-r.used) }
func (r *rooms) prolong(time.Duration)                            {}

// A statusWriter remembers the status of a response.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// ends passes on a DELETE that may end a session, and tells the limiter if it did.
func (f *front) ends(w http.ResponseWriter, r *http.Request) {
	status := &statusWriter{ResponseWriter: w}
	f.next.ServeHTTP(status, r)
	if status.status == http.StatusOK {
		f.server.decide(message{Method: http.MethodDelete}, origin{who: f.server.who(r), conn: r.RemoteAddr})
	}
}
