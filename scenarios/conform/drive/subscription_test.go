package drive_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/conform/drive"
)

// TestASubscriptionThatEndsAtOnce says nothing of how one begins: a server may end it
// with its result, as where a limiter refuses what it listens to.
func TestASubscriptionThatEndsAtOnce(t *testing.T) {
	t.Parallel()
	c := target(t, conform.HTTP, "")
	behind, err := url.Parse(c.URL)
	require.NoError(t, err)
	path := behind.Path
	behind.Path = ""
	through := httputil.NewSingleHostReverseProxy(behind)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		var m struct {
			ID     json.RawMessage
			Method string
		}
		if json.Unmarshal(body, &m) == nil && m.Method == "subscriptions/listen" {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, "data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"resultType\":\"complete\"}}\n\n", m.ID)
			return
		}
		r.Body, r.Host = io.NopCloser(bytes.NewReader(body)), behind.Host
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	c.URL, c.Revisions = front.URL+path, []string{conform.R2026}
	c.Rows = slices.DeleteFunc(conform.Rows(), func(r conform.Row) bool { return r.ID != "X04" && r.ID != "X05" })
	found, err := drive.Run(context.Background(), c)
	require.NoError(t, err)
	require.Len(t, found.Reports[0].Findings, 2)
	for _, f := range found.Reports[0].Findings {
		assert.Equal(t, conform.NotTestable, f.State, "%s: %s", f.ID, f.Saw)
		assert.Contains(t, f.Saw, "it ends the subscription before it has begun")
	}
}
