package mock

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long a reply may take before a test gives up on it.
const patience = 10 * time.Second

// A peer is a client that shows the bytes.
type peer interface {
	// exchange sends a message and returns so many replies, as they came.
	exchange(t *testing.T, text string, replies int) []string
	close()
}

// peers are every transport, in both eras where it has both. dial starts a
// transport of the server and shakes hands.
var peers = []struct {
	name string
	dial func(t *testing.T, s *Server) peer
}{
	{"http", func(t *testing.T, s *Server) peer { return dialHTTP(t, s, false) }},
	{"http stateless", func(t *testing.T, s *Server) peer { return dialHTTP(t, s, true) }},
	{"sse", dialSSE},
	{"stdio", dialStdio},
	{"inprocess", func(_ *testing.T, s *Server) peer { return inProcessPeer{s, "c1"} }},
}

const (
	initialize = `{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`
	ready      = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
)

// request returns a request; params is an object without its braces.
func request(id, method, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":%q,"params":{%s}}`, id, method, params)
}

func toolCall(id, tool string) string {
	return request(id, "tools/call", fmt.Sprintf(`"name":%q,"arguments":{}`, tool))
}

// An httpPeer speaks streamable HTTP.
type httpPeer struct {
	url       string
	client    *http.Client
	stateless bool
	session   string
	status    int
	header    http.Header
}

func dialHTTP(t *testing.T, s *Server, stateless bool) *httpPeer {
	url, err := s.Start("http", "127.0.0.1:0")
	require.NoError(t, err)
	p := &httpPeer{url: url, client: &http.Client{Transport: &http.Transport{}, Timeout: patience},
		stateless: stateless}
	t.Cleanup(p.close)
	if !stateless {
		p.exchange(t, initialize, 1)
		require.Equal(t, 200, p.status)
		p.session = p.header.Get("Mcp-Session-Id")
		require.NotEmpty(t, p.session)
		p.exchange(t, ready, 0)
		require.Equal(t, 202, p.status)
	}
	return p
}

func (p *httpPeer) close() { p.client.CloseIdleConnections() }

// request returns a POST of a message, with the headers of the era.
func (p *httpPeer) request(ctx context.Context, text string) (*http.Request, error) {
	if p.stateless {
		text = strings.Replace(text, `"params":{`,
			`"params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",`+
				`"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}},`, 1)
		text = strings.Replace(text, `}},}`, `}}}`, 1)
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Accept", "application/json, text/event-stream")
	if p.stateless {
		m, _ := parse([]byte(text))
		q.Header.Set("MCP-Protocol-Version", "2026-07-28")
		q.Header.Set("Mcp-Method", m.Method)
		if m.tool() != "" {
			q.Header.Set("Mcp-Name", m.tool())
		}
	} else if p.session != "" {
		q.Header.Set("Mcp-Session-Id", p.session)
		q.Header.Set("MCP-Protocol-Version", "2025-11-25")
	}
	return q, nil
}

// post sends a message and returns the response with its whole body.
func (p *httpPeer) post(ctx context.Context, text string) (*http.Response, []byte, error) {
	q, err := p.request(ctx, text)
	if err != nil {
		return nil, nil, err
	}
	r, err := p.client.Do(q)
	if err != nil {
		return nil, nil, err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	return r, body, err
}

func (p *httpPeer) exchange(t *testing.T, text string, replies int) []string {
	r, body, err := p.post(t.Context(), text)
	require.NoError(t, err)
	p.status, p.header = r.StatusCode, r.Header
	var list []string
	switch kind := r.Header.Get("Content-Type"); {
	case kind == "text/event-stream":
		for _, e := range strings.Split(strings.TrimSpace(string(body)), "\n\n") {
			data, ok := strings.CutPrefix(e, "event: message\ndata: ")
			require.True(t, ok, e)
			list = append(list, data)
		}
	case len(body) > 0:
		require.Equal(t, "application/json", kind, "%s", body)
		list = []string{string(body)}
	}
	require.Len(t, list, replies)
	return list
}

// A streamPeer gets its replies from a channel.
type streamPeer struct {
	send    func(text string) error
	replies chan string
	end     func()
}

func (p *streamPeer) exchange(t *testing.T, text string, replies int) []string {
	require.NoError(t, p.send(text))
	var list []string
	for range replies {
		select {
		case r, ok := <-p.replies:
			require.True(t, ok, "the stream ended")
			list = append(list, r)
		case <-time.After(patience):
			t.Fatalf("no reply to %s", text)
		}
	}
	return list
}

func (p *streamPeer) close() { p.end() }

func (p *streamPeer) shakeHands(t *testing.T) {
	p.exchange(t, initialize, 1)
	p.exchange(t, ready, 0)
}

// dialSSE opens an event stream.
func dialSSE(t *testing.T, s *Server) peer {
	url, err := s.Start("sse", "127.0.0.1:0")
	require.NoError(t, err)
	// Each message comes by a connection of its own: only the session lasts.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ctx, cancel := context.WithCancel(context.Background())
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(t, err)
	stream, err := client.Do(q)
	require.NoError(t, err)
	require.Equal(t, "text/event-stream", stream.Header.Get("Content-Type"))
	lines := bufio.NewScanner(stream.Body)
	endpoint := ""
	for endpoint == "" && lines.Scan() {
		endpoint, _ = strings.CutPrefix(lines.Text(), "data: ")
		endpoint = strings.TrimPrefix(endpoint, "event: endpoint")
	}
	p := &streamPeer{replies: make(chan string, 1000)}
	p.send = func(text string) error {
		r, err := client.Post(strings.TrimSuffix(url, "/sse")+endpoint, "application/json", strings.NewReader(text))
		if err != nil {
			return err
		}
		defer r.Body.Close()
		if body, err := io.ReadAll(r.Body); err != nil || r.StatusCode != 202 || len(body) > 0 {
			return fmt.Errorf("status %d, body %q, %v", r.StatusCode, body, err)
		}
		return nil
	}
	go func() {
		defer close(p.replies)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				p.replies <- data
			}
		}
	}()
	p.end = func() {
		cancel()
		_ = stream.Body.Close() // it was cancelled
		client.CloseIdleConnections()
	}
	t.Cleanup(p.end)
	p.shakeHands(t)
	return p
}

// dialStdio serves over two pipes.
func dialStdio(t *testing.T, s *Server) peer {
	p, _ := pipes(t, s, context.Background())
	p.shakeHands(t)
	return p
}

// pipes returns a client over pipes, and what ServeStdio returns.
func pipes(t *testing.T, s *Server, ctx context.Context) (*streamPeer, chan error) {
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	served := make(chan error, 1)
	go func() {
		served <- s.ServeStdio(ctx, in, out)
		_ = out.Close() // a pipe in memory
		_ = in.Close()
	}()
	p := &streamPeer{replies: make(chan string, 1000)}
	p.send = func(text string) error {
		_, err := io.WriteString(toServer, text+"\n")
		return err
	}
	go func() {
		defer close(p.replies)
		for lines := bufio.NewScanner(fromServer); lines.Scan(); {
			p.replies <- lines.Text()
		}
	}()
	p.end = func() { _ = toServer.Close() } // a pipe in memory
	t.Cleanup(p.end)
	return p, served
}

// An inProcessPeer calls Handle.
type inProcessPeer struct {
	server *Server
	client string
}

func (p inProcessPeer) close() {}

func (p inProcessPeer) exchange(t *testing.T, text string, replies int) []string {
	got := p.server.Handle(t.Context(), p.client, []byte(text))
	var list []json.RawMessage
	if bytes.HasPrefix(got, []byte("[")) {
		require.NoError(t, json.Unmarshal(got, &list))
	} else if got != nil {
		list = append(list, got)
	}
	require.Len(t, list, replies)
	var texts []string
	for _, r := range list {
		texts = append(texts, string(r))
	}
	return texts
}
