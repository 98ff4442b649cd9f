package drive_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/conform/drive"
)

// under are the rows under load of these ids.
func under(t *testing.T, ids ...string) []conform.Row {
	t.Helper()
	rows := slices.DeleteFunc(conform.LoadRows(), func(r conform.Row) bool { return !slices.Contains(ids, r.ID) })
	require.Len(t, rows, len(ids))
	return rows
}

// TestHonestRowsUnderLoad holds what only load shows to a server that does everything
// right.
func TestHonestRowsUnderLoad(t *testing.T) {
	for _, c := range []struct {
		name, transport, revision, tool string
		ids                             []string
	}{
		{"lists", conform.HTTP, conform.R2026, "", []string{"U03", "U06", "U06-streams"}},
		{"sessions", conform.HTTP, conform.R2511, "", []string{"U03-sessions", "U04", "U06"}},
		{"cancels", conform.HTTP, conform.R2506, "slow", []string{"U05"}},
		{"cancels on lines", conform.Stdio, conform.R2026, "slow", []string{"U05", "U08"}},
		{"lines", conform.Stdio, conform.R2511, "", []string{"U06", "U08"}},
		{"strangers", guarded, conform.R2511, "", []string{"U07"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := target(t, c.transport, "")
			d.Rows, d.Revisions, d.Under, d.Sessions = conform.Rows()[:1], []string{c.revision}, 200, 300
			if d.Loaded = under(t, c.ids...); c.tool != "" {
				d.Tool, d.Arguments = c.tool, []byte(`{"ms":600}`)
			}
			found, err := drive.Run(context.Background(), d)
			require.NoError(t, err)
			tried := map[string]bool{}
			for _, f := range found.Reports[0].Findings {
				tried[f.ID] = true
				assert.Equal(t, conform.Pass, f.State, "%s: %s", f.ID, f.Saw)
				t.Logf("%s: %s", f.ID, f.Saw)
			}
			for _, id := range c.ids {
				assert.True(t, tried[id], id)
			}
		})
	}
}

// TestCancelsThatComeLate: whoever gets a cancellation late, or before its call, is held to
// nothing, and tried again.
func TestCancelsThatComeLate(t *testing.T) {
	for _, c := range []struct {
		late  string // the method that comes late
		times int64
		want  conform.State
	}{
		{"notifications/cancelled", 8, conform.NotTestable},
		{"tools/call", 24, conform.Pass}, // of the calls that measure, and of the first try and a half
	} {
		t.Run(c.late, func(t *testing.T) {
			t.Parallel()
			d := target(t, conform.HTTP, "")
			behind, err := url.Parse(d.URL)
			require.NoError(t, err)
			through := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: behind.Scheme, Host: behind.Host})
			var n atomic.Int64
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
				r.Body, r.Host = io.NopCloser(bytes.NewReader(body)), behind.Host
				if k := n.Load(); bytes.Contains(body, []byte(c.late)) && bytes.Contains(body, []byte(`slow`)) ||
					bytes.Contains(body, []byte(`"method":"notifications/cancelled"`)) && c.late != "tools/call" {
					if n.Add(1); k < c.times {
						time.Sleep(250 * time.Millisecond)
					}
				}
				through.ServeHTTP(w, r)
			}))
			t.Cleanup(s.Close)
			d.URL = s.URL + behind.Path
			d.Rows, d.Revisions, d.Under = conform.Rows()[:1], []string{conform.R2506}, 50
			d.Loaded, d.Tool, d.Arguments = under(t, "U05"), "slow", []byte(`{"ms":600}`)
			found, err := drive.Run(context.Background(), d)
			require.NoError(t, err)
			for _, f := range found.Reports[0].Findings {
				if f.ID == "U05" {
					assert.Equal(t, c.want, f.State, f.Saw)
					t.Log(f.Saw, n.Load())
				}
			}
		})
	}
}
