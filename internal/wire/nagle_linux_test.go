package wire

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// A nagling listener leaves Nagle's algorithm on, as servers in other languages do.
type nagling struct{ net.Listener }

func (l nagling) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok && err == nil {
		err = tcp.SetNoDelay(false)
	}
	return c, err
}

// TestNagleCostsNoDelayedAcknowledgement: a server whose stream comes in two small pieces
// sends the second one when the first is acknowledged, which must not take 40 ms.
func TestNagleCostsNoDelayedAcknowledgement(t *testing.T) {
	for _, secure := range []bool{false, true} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				w.WriteHeader(http.StatusMethodNotAllowed)
			} else if p := read(t, r); !initializer(w, p) {
				events(w, ": soon\n\n")
				events(w, fmt.Sprintf("data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n\n", p.ID, okResult))
			}
		}))
		server.Listener = nagling{server.Listener}
		o := Options{Transport: HTTP, Protocol: "2025-11-25", Client: "c1", Timeout: 10 * time.Second}
		if secure {
			server.StartTLS()
			o.TLS = &tls.Config{InsecureSkipVerify: true}
		} else {
			server.Start()
		}
		t.Cleanup(server.Close)
		o.URL = server.URL
		t.Run(fmt.Sprintf("TLS %t", secure), func(t *testing.T) {
			if secure { // there is no fast path
				s := dial(t, o)
				quick(t, func() history.Call { return s.Exchange(t.Context(), echo) })
				return
			}
			onBothPaths(t, o, func(t *testing.T, _ *Session, send func() history.Call) { quick(t, send) })
		})
	}
}

func quick(t *testing.T, send func() history.Call) {
	var took []time.Duration
	for range 80 {
		c := send()
		require.Equal(t, history.OK, c.Outcome, c.Detail)
		took = append(took, c.Service())
	}
	took = took[40:] // the kernel acknowledges a connection's first pieces at once
	slices.Sort(took)
	require.Less(t, took[len(took)/4], 30*time.Millisecond, "a quarter of them, as the machine may be busy")
}
