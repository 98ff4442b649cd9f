package drive_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/conform/drive"
)

// accused are the rows that are held against a server, and how many were judged.
func accused(t *testing.T, c drive.Config) (list []string, judged int) {
	t.Helper()
	found, err := drive.Run(context.Background(), c)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, r := range found.Reports {
		assert.Empty(t, r.Ended, r.Revision)
		for _, f := range r.Findings {
			if f.State == conform.Fail {
				list = append(list, fmt.Sprintf("%s %s %s: %s", r.Revision, f.Level, f.ID, f.Saw))
			}
			if f.State != conform.NotTestable && !seen[f.ID] {
				seen[f.ID] = true
				judged++
			}
		}
	}
	return list, judged
}

// bare sends what a handler answers over the connection as it is spelt, and closes it.
func bare(h http.Handler, spelt func(r *httptest.ResponseRecorder) []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := httptest.NewRecorder()
		h.ServeHTTP(got, r)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return // who asked has gone
		}
		defer conn.Close()
		_, _ = conn.Write(spelt(got)) // who has gone reads nothing
	})
}

// lines are a status line, the headers and what more there is of them, as they are named.
func lines(got *httptest.ResponseRecorder, version string, name func(string) string, more ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/%s %d %s\r\n", version, got.Code, http.StatusText(got.Code))
	for k, values := range got.Header() {
		for _, v := range values {
			fmt.Fprintf(&b, "%s: %s\r\n", name(k), v)
		}
	}
	return b.String() + strings.Join(more, "\r\n") + "\r\n\r\n"
}

func asIs(s string) string { return s }

// TestOddConnections: what HTTP allows between a server and us is no breach, and leaves no
// rows open.
func TestOddConnections(t *testing.T) {
	for name, spelt := range map[string]func(*httptest.ResponseRecorder) []byte{
		"closed without a word": func(got *httptest.ResponseRecorder) []byte {
			return append([]byte(lines(got, "1.1", asIs, fmt.Sprintf("Content-Length: %d", got.Body.Len()))),
				got.Body.Bytes()...)
		},
		"HTTP/1.0": func(got *httptest.ResponseRecorder) []byte {
			return append([]byte(lines(got, "1.0", asIs, "Server: old")), got.Body.Bytes()...)
		},
		"chunks and a trailer": func(got *httptest.ResponseRecorder) []byte {
			if got.Body.Len() == 0 {
				return []byte(lines(got, "1.1", asIs, "Content-Length: 0"))
			}
			text := lines(got, "1.1", asIs, "Transfer-Encoding: chunked", "Trailer: X-Sum")
			for _, b := range bytes.SplitAfter(got.Body.Bytes(), []byte(",")) {
				if len(b) > 0 {
					text += fmt.Sprintf("%x;a=b\r\n%s\r\n", len(b), b)
				}
			}
			return []byte(text + "0\r\nX-Sum: 7\r\n\r\n")
		},
		"a proxy that spells headers its way": func(got *httptest.ResponseRecorder) []byte {
			return append([]byte(lines(got, "1.1", strings.ToUpper, "via: 1.1 front", "x-request-id: 7", "VARY: *",
				"connection: close", fmt.Sprintf("content-length:%d", got.Body.Len()))), got.Body.Bytes()...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &peculiar{}
			p.start(t)
			s := httptest.NewServer(bare(p, spelt))
			t.Cleanup(s.Close)
			list, judged := accused(t, drive.Config{URL: s.URL + "/mcp", Timeout: 20 * time.Second,
				Revisions: []string{conform.R2511}})
			assert.Empty(t, list)
			assert.GreaterOrEqual(t, judged, 40)
		})
	}
}

// An odd server speaks over one stream for everything: event streams of 2024-11-05, or
// lines. Its zero value answers one request after the other.
type odd struct {
	Asks   bool // a ping goes before each answer, which waits for what comes of it
	Logs   bool // messages of the log, and of changes, come between
	Late   bool // some answers are late, so that others are there before
	Says   bool // posts are answered with 200 and JSON of a framework
	Escape bool // the address for posting is spelt oddly
	Leads  bool // what is no event comes before it
	Breaks bool // the stream ends at what is no right request, or of a method that there is none of
	Echoes bool // behind its beginning it says what it is told, which isn't right
	Greets bool // an event that should have a message has a greeting: the one thing that isn't right

	p     *peculiar
	mu    sync.Mutex
	pongs map[string]chan bool
	asked atomic.Int64
	again atomic.Int64
}

// hear takes a message, and writes what there is to say to it.
func (o *odd) hear(body []byte, write func([]byte)) {
	var m struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Method  *string         `json:"method"`
		Params  json.RawMessage `json:"params"`
		Result  json.RawMessage `json:"result"`
	}
	refuse := func(id string, code int) {
		write(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":"no"}}`, id, code))
	}
	if o.Echoes && !bytes.Contains(body, []byte(`"initialize"`)) {
		write(body)
		return
	}
	err := json.Unmarshal(body, &m)
	right := len(m.ID) > 0 && (m.ID[0] == '"' || m.ID[0] >= '0' && m.ID[0] <= '9')
	switch {
	case !json.Valid(body):
		refuse("null", -32700)
		return
	case err == nil && m.Method == nil && m.Result != nil:
		o.mu.Lock()
		if waits := o.pongs[string(m.ID)]; waits != nil {
			delete(o.pongs, string(m.ID))
			close(waits)
		}
		o.mu.Unlock()
		return
	case err != nil || m.Version != "2.0" || m.Method == nil || m.ID != nil && !right ||
		m.Params != nil && m.Params[0] != '{':
		if right {
			refuse(string(m.ID), -32600)
		} else {
			refuse("null", -32600)
		}
		return
	case m.ID == nil:
		return
	}
	if o.Logs {
		write([]byte(`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"debug","data":"x"}}`))
		write([]byte(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`))
	}
	if n := o.asked.Add(1); o.Late && n%4 == 0 {
		time.Sleep(450 * time.Millisecond) // which is longer than what may never come is waited for
	}
	if o.Asks && *m.Method != "initialize" && !o.ping(write) {
		refuse(string(m.ID), -32000)
		return
	}
	result, code, why := o.p.answer(*m.Method, m.Params)
	answer := map[string]any{"jsonrpc": "2.0", "id": m.ID}
	if answer["result"] = result; why != "" {
		delete(answer, "result")
		answer["error"] = map[string]any{"code": code, "message": why}
	}
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	write(text)
}

// ping asks the client, and reports if it answers.
func (o *odd) ping(write func([]byte)) bool {
	id := fmt.Sprintf("%q", fmt.Sprint("ours-", o.again.Add(1)))
	waits := make(chan bool)
	o.mu.Lock()
	o.pongs[id] = waits
	o.mu.Unlock()
	write(fmt.Appendf(nil, `{"jsonrpc": "2.0", "id": %s, "method": "ping"}`, id))
	select {
	case <-waits:
		return true
	case <-time.After(20 * time.Second):
		return false
	}
}

func (o *odd) begin(revisions ...string) {
	o.p, o.pongs = &peculiar{revisions: revisions}, map[string]chan bool{}
}

// serve serves event streams of 2024-11-05.
func (o *odd) serve(t *testing.T) string {
	t.Helper()
	o.begin(conform.R2411)
	var mu sync.Mutex
	streams, made := map[string]chan []byte{}, 0
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sse", func(w http.ResponseWriter, r *http.Request) {
		out := make(chan []byte, 100)
		mu.Lock()
		made++
		name := fmt.Sprint(made)
		streams[name] = out
		mu.Unlock()
		w.Header().Set("Content-Type", "text/event-stream")
		where := "/post?s=" + name
		if o.Escape {
			where = "post/../post?a=%20&s=" + name
		}
		fmt.Fprint(w, ": hello\r\n\r\n")
		if o.Leads {
			fmt.Fprint(w, "retry: 3000\n\nid: 0\n\n")
		}
		fmt.Fprintf(w, "event: endpoint\r\ndata:%s\r\n\r\n", where)
		if o.Greets {
			fmt.Fprint(w, "data: hello\n\n")
		}
		for {
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case text, more := <-out:
				if !more {
					return
				}
				fmt.Fprintf(w, ": beat\n\nid: 7\nevent: message\ndata: %s\n\n", text)
			}
		}
	})
	mux.HandleFunc("POST /post", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mu.Lock()
		out := streams[r.URL.Query().Get("s")]
		mu.Unlock()
		if err != nil || out == nil {
			http.Error(w, "no such session", http.StatusNotFound)
			return
		}
		if o.Breaks && (!bytes.Contains(body, []byte(`"jsonrpc":"2.0"`)) || !json.Valid(body) ||
			bytes.Contains(body, []byte("mcpload/no-such"))) {
			mu.Lock()
			delete(streams, r.URL.Query().Get("s"))
			mu.Unlock()
			close(out)
			return
		}
		go o.hear(body, func(text []byte) { out <- text })
		if o.Says {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"status":"ok","error":null}`)
			return
		}
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, "Accepted")
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL + "/sse"
}

// serveOdd makes this test's program an odd server over stdio, as its JSON says.
const serveOdd = "CONFORM_TEST_ODD"

func serveOddly(as string) {
	o := &odd{}
	if err := json.Unmarshal([]byte(as), o); err != nil {
		panic(err)
	}
	o.begin(conform.R2511, conform.R2506)
	var mu sync.Mutex
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			os.Exit(0)
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		hear := func() {
			o.hear(line, func(text []byte) {
				mu.Lock()
				defer mu.Unlock()
				fmt.Printf("%s\n", text)
			})
		}
		go hear()
	}
}

// TestOddStreams holds servers over one stream that are honest, each odd in its own way,
// to the table.
func TestOddStreams(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	for name, o := range map[string]*odd{
		"plain":                              {},
		"a ping before each answer":          {Asks: true},
		"logs between":                       {Logs: true},
		"late answers":                       {Late: true},
		"posts answered by a framework":      {Says: true},
		"an address that is spelt oddly":     {Escape: true},
		"a wait and an id before all events": {Leads: true},
		"late, with pings and with a log":    {Asks: true, Logs: true, Late: true, Says: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			as, err := json.Marshal(o)
			require.NoError(t, err)
			list, judged := accused(t, drive.Config{Command: []string{self}, Env: []string{serveOdd + "=" + string(as)},
				Revisions: []string{conform.R2511}, Timeout: 20 * time.Second})
			assert.Empty(t, list)
			assert.GreaterOrEqual(t, judged, 35)
			list, judged = accused(t, drive.Config{URL: o.serve(t), Transport: conform.SSE, Timeout: 20 * time.Second})
			assert.Empty(t, list)
			assert.GreaterOrEqual(t, judged, 25)
		})
	}
}

// TestPingsBeforeAnswers: a server over HTTP may ask before it answers, and go on only
// once it has what it asked for.
func TestPingsBeforeAnswers(t *testing.T) {
	p := &peculiar{}
	p.start(t)
	var n atomic.Int64
	var pongs sync.Map
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		m := conform.Message{}
		if ms := conform.ReadMessages(body); len(ms) == 1 {
			m = ms[0]
		}
		if waits, ok := pongs.LoadAndDelete(string(m.ID)); ok && m.Method == "" && m.Result != nil {
			close(waits.(chan bool))
			w.WriteHeader(http.StatusAccepted)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		got := httptest.NewRecorder()
		p.ServeHTTP(got, r)
		if ms := conform.ReadMessages(got.Body.Bytes()); len(ms) == 1 && ms[0].Result != nil && m.Method != "initialize" {
			id, waits := fmt.Sprintf(`"p-%d"`, n.Add(1)), make(chan bool)
			pongs.Store(id, waits)
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, "data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"ping\"}\n\n", id)
			w.(http.Flusher).Flush()
			select {
			case <-waits:
				fmt.Fprintf(w, "data: %s\n\n", got.Body.Bytes())
			case <-time.After(20 * time.Second): // who doesn't answer has gone
			}
			return
		}
		for k, v := range got.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(got.Code)
		_, _ = w.Write(got.Body.Bytes()) // who has gone reads nothing
	}))
	t.Cleanup(s.Close)
	list, judged := accused(t, drive.Config{URL: s.URL + "/mcp", Timeout: 20 * time.Second,
		Revisions: []string{conform.R2511}})
	assert.Empty(t, but(list, "H33"))
	assert.GreaterOrEqual(t, judged, 40)
}

// but is a list of accusations without those of a practice that is right about it.
func but(list []string, id string) (out []string) {
	for _, s := range list {
		if !strings.Contains(s, " practice "+id+":") {
			out = append(out, s)
		}
	}
	return out
}

// TestAStreamThatEnds: where requests end the event stream, the others are tried on another,
// and that some couldn't be judged for it is said.
func TestAStreamThatEnds(t *testing.T) {
	found, err := drive.Run(context.Background(), drive.Config{URL: (&odd{Breaks: true}).serve(t),
		Transport: conform.SSE, Timeout: 20 * time.Second, Revisions: []string{conform.R2411}})
	require.NoError(t, err)
	judged := 0
	for _, f := range found.Reports[0].Findings {
		assert.NotEqual(t, conform.Fail, f.State, "%s: %s", f.ID, f.Saw)
		if f.State != conform.NotTestable {
			judged++
		}
	}
	assert.GreaterOrEqual(t, judged, 20)
	assert.Contains(t, found.Reports[0].Ended, "right requests had no result")
}

// TestAnEventWithoutAMessage is seen on the one stream, too.
func TestAnEventWithoutAMessage(t *testing.T) {
	list, _ := accused(t, drive.Config{URL: (&odd{Greets: true}).serve(t), Transport: conform.SSE,
		Timeout: 20 * time.Second, Revisions: []string{conform.R2411}})
	assert.Len(t, list, 1)
	assert.Contains(t, list[0], "R02: an event that should have a message has none")
}
