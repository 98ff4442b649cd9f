package target

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
)

// A counter may be a page, whose first whole number is what was carried out.
func TestACounterMayBeAPage(t *testing.T) {
	text, status := `{"calls": 17}`, http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Empty(t, r.Header.Get("Authorization"), "it is no part of the server that tokens are for")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}))
	defer s.Close()
	c := &Clients{of: &Target{CounterURL: s.URL, Options: wire.Options{Now: func() time.Duration { return time.Second },
		Header: http.Header{"Authorization": {"Bearer one"}}}}}
	call := c.readCounter(t.Context(), history.Arrival{})
	require.Equal(t, "counted 17", call.Detail)
	require.Equal(t, history.OK, call.Outcome)
	require.NotEqual(t, history.Request, call.Kind, "it costs nothing of the limit")

	text = "none"
	require.Contains(t, c.readCounter(t.Context(), history.Arrival{}).Detail, "no whole number")
	status = http.StatusTeapot
	require.Contains(t, c.readCounter(t.Context(), history.Arrival{}).Detail, "HTTP status 418")
	c.of.CounterURL = "http://127.0.0.1:1/?api_key=one"
	call = c.readCounter(t.Context(), history.Arrival{})
	require.Equal(t, "the counter's page: it can't be reached", call.Detail)
}
