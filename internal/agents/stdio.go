package agents

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Serve speaks MCP on two streams, a message a line, until the first has ended or ctx
// has.
func Serve(ctx context.Context, m *server.MCPServer, in io.Reader, out io.Writer) error {
	answers := &turns{w: out}
	return server.NewStdioServer(m).Listen(ctx, &known{lines: bufio.NewReader(in), refuse: answers}, answers)
}

// turns has what several write come one after the other.
type turns struct {
	mu sync.Mutex
	w  io.Writer
}

// Write implements io.Writer.
func (t *turns) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.w.Write(p)
}

// known reads lines but those of requests in a revision that nobody knows, and refuses
// these as the specification has it (basic/versioning): mcp-go serves them.
type known struct {
	lines  *bufio.Reader
	refuse io.Writer
	rest   []byte // of the line that is being read
	err    error  // after it
}

// Read implements io.Reader.
func (k *known) Read(p []byte) (int, error) {
	for len(k.rest) == 0 {
		if k.err != nil {
			return 0, k.err
		}
		k.rest, k.err = k.lines.ReadBytes('\n')
		id, revision, ok := ofUnknownRevision(k.rest)
		if !ok {
			continue
		}
		answer, err := json.Marshal(refusal(id, revision))
		if err != nil {
			return 0, fmt.Errorf("internal error: a refusal doesn't marshal: %w", err)
		}
		if _, err := k.refuse.Write(append(answer, '\n')); err != nil {
			return 0, err
		}
		k.rest = nil
	}
	n := copy(p, k.rest)
	k.rest = k.rest[n:]
	return n, nil
}

// ofUnknownRevision reports if a message is a request that says a revision which there
// is none of.
func ofUnknownRevision(line []byte) (id json.RawMessage, revision string, ok bool) {
	const says = "io.modelcontextprotocol/protocolVersion"
	if !bytes.Contains(line, []byte(says)) {
		return nil, "", false
	}
	var m struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params struct {
			Meta map[string]any `json:"_meta"`
		} `json:"params"`
	}
	if json.Unmarshal(line, &m) != nil || m.ID == nil || m.Method == "" {
		return nil, "", false
	}
	revision, ok = m.Params.Meta[says].(string)
	return m.ID, revision, ok && !slices.Contains(mcp.ValidProtocolVersions, revision)
}

// refusal is the answer to a request in a revision that isn't spoken.
func refusal(id json.RawMessage, revision string) map[string]any {
	return map[string]any{"jsonrpc": "2.0", "id": id, "error": map[string]any{
		"code": mcp.UNSUPPORTED_PROTOCOL_VERSION, "message": "unsupported protocol version",
		"data": map[string]any{"supported": spoken(), "requested": revision}}}
}
