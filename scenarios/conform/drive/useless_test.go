package drive_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/conform/drive"
)

// TestNothingPassesForNothing tries servers that do the same whatever is asked: no
// row may be green that such a server keeps by chance.
func TestNothingPassesForNothing(t *testing.T) {
	opening := func(w http.ResponseWriter, body []byte) bool {
		ms := conform.ReadMessages(body)
		if len(ms) != 1 || ms[0].Method != "initialize" && ms[0].Method != "server/discover" {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w,
			`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","supportedVersions":["2026-07-28"],"capabilities":{"tools":{},"prompts":{},"resources":{},"logging":{},"completions":{}},"serverInfo":{"name":"x","version":"1"}}}`, ms[0].ID)
		return true
	}
	for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request){
		"200":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) },
		"400":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) },
		"429":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
		"garbage": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "]{ nothing }[") },
		"nothing": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"gone":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"empty result": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			body, _ := io.ReadAll(r.Body) // an empty one will do
			id := "null"
			if ms := conform.ReadMessages(body); len(ms) == 1 && ms[0].ID != nil {
				id = string(ms[0].ID)
			}
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{}}`, id)
		},
		"method not found": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			body, _ := io.ReadAll(r.Body) // an empty one will do
			id := "null"
			if ms := conform.ReadMessages(body); len(ms) == 1 && ms[0].ID != nil {
				id = string(ms[0].ID)
			}
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no"}}`, id)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if body, err := io.ReadAll(r.Body); err != nil || opening(w, body) {
					return
				} else if len(body) > 0 {
					r.Body = io.NopCloser(bytes.NewReader(body))
				}
				answer(w, r)
			}))
			defer s.Close()
			for _, revision := range []string{conform.R2511, conform.R2026} {
				found, err := drive.Run(context.Background(), drive.Config{URL: s.URL, Revisions: []string{revision},
					Timeout: 200 * time.Millisecond,
					Under:   50, Loaded: conform.LoadRows()})
				require.NoError(t, err)
				for _, f := range found.Reports[0].Findings {
					if f.State == conform.Pass {
						assert.Contains(t, earned[f.ID], name, "%s %s passes: %s", revision, f.ID, f.Saw)
					}
				}
			}
		})
	}
}

// earned are the rows that such a server passes by right: what they look at is in
// the answers that it does give.
var earned = map[string][]string{
	"L01": all, "L02": all, "D01": all, "R02": all,
	"H04": all, "H21": all,
	"R01": {"empty result"}, "D04": {"empty result"}, "L06": {"empty result"}, "L06-empty": {"empty result"}, "R03": {"method not found"},
	"R12": {"method not found"},
	"R17": {"empty result"}, "R14": {"empty result"}, "P17": {"empty result"},
	"H14": {"empty result"}, "H24": {"empty result"}, "H32": {"empty result"}, "H33": {"empty result"},
	"U01": {"empty result", "method not found"}, "U02": {"empty result"},
	"L03": all, "L07": {"empty result"}, "L08": {"empty result"},
}

var all = []string{"200", "400", "429", "garbage", "nothing", "gone", "empty result", "method not found"}

// TestAnEchoIsNoAnswer: who sends back what it gets has our own answers to our own requests.
func TestAnEchoIsNoAnswer(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	o := odd{Echoes: true}
	for name, c := range map[string]drive.Config{
		conform.Stdio: {Command: []string{self}, Env: []string{serveOdd + `={"Echoes":true}`}, Revisions: []string{conform.R2511}},
		conform.SSE:   {URL: o.serve(t), Transport: conform.SSE, Revisions: []string{conform.R2411}},
	} {
		c.Timeout = 300 * time.Millisecond
		found, err := drive.Run(context.Background(), c)
		require.NoError(t, err)
		for _, f := range found.Reports[0].Findings {
			if f.State == conform.Pass {
				assert.Contains(t, []string{"R02", "L01", "L02", "L03", "S01", "S10"}, f.ID, "%s passes: %s", name, f.Saw)
			}
		}
	}
}

// TestNoRevisionIsSpoken: a server that refuses each of them is quoted.
func TestNoRevisionIsSpoken(t *testing.T) {
	for want, message := range map[string]string{
		`(each: HTTP 200 OK, error -32601 "no")`:                                                `"no"`,
		`error -32601 "not 2025-11-25"; 2025-06-18: HTTP 200 OK, error -32601 "not 2025-06-18"`: "",
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body) // an empty one will do
			ms := conform.ReadMessages(body)
			if len(ms) != 1 || ms[0].ID == nil {
				w.WriteHeader(http.StatusAccepted)
				return
			}
			said := message
			for _, revision := range conform.Revisions() {
				if said == "" && bytes.Contains(body, []byte(revision)) {
					said = fmt.Sprintf("%q", "not "+revision)
				}
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":%s}}`, ms[0].ID, said)
		}))
		defer s.Close()
		_, err := drive.Run(context.Background(), drive.Config{URL: s.URL, Timeout: 2 * time.Second})
		require.ErrorIs(t, err, drive.ErrNothing)
		assert.ErrorContains(t, err, want)
	}
}
