package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/mcpload/mcpload/history"
)

// A slow call is found in the server's own traces: what the server was told, what the
// collector got and what the history holds are the same.
func TestTracesAreTheServersOwn(t *testing.T) {
	var mu sync.Mutex
	told, spans := map[string]bool{}, map[string]bool{}
	m := server.NewMCPServer("s", "1")
	m.AddTool(mcp.NewTool("now"), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if parent, ok := r.Params.Meta.AdditionalFields["traceparent"].(string); ok {
			mu.Lock()
			told[parent] = true
			mu.Unlock()
		}
		return mcp.NewToolResultText("now"), nil
	})
	s := httptest.NewServer(server.NewStreamableHTTPServer(m))
	defer s.Close()
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // of a test
		var got coltrace.ExportTraceServiceRequest
		if r.URL.Path != "/v1/traces" || r.Header.Get("Api-Key") != "planted-value-of-a-key" ||
			proto.Unmarshal(body, &got) != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for _, of := range got.ResourceSpans {
			for _, scope := range of.ScopeSpans {
				for _, span := range scope.Spans {
					spans["00-"+hex.EncodeToString(span.TraceId)+"-"+hex.EncodeToString(span.SpanId)+"-01"] = true
				}
			}
		}
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=planted-value-of-a-key")
	file := filepath.Join(t.TempDir(), "calls.jsonl")
	var stdout, stderr bytes.Buffer
	status := run([]string{"load", s.URL + "/mcp", "--tool", "now", "--rate", "20/s", "--duration", "500ms", "--otlp",
		"--prometheus-addr", "0", "--no-store", "--save-history", file},
		strings.NewReader(""), &stdout, &stderr)
	require.NotEqual(t, exitUsage, status, stderr.String())
	require.Contains(t, stderr.String(), "metrics are at http://127.0.0.1:")
	kept := map[string]bool{}
	calls, err := readHistory(file)
	require.NoError(t, err)
	for _, c := range calls {
		if c.Planned() && c.Kind == history.Request {
			kept[c.Trace] = true
		}
	}
	require.Len(t, kept, 10)
	require.Equal(t, kept, told)
	require.Equal(t, kept, spans)
}

func TestTelemetryIsRefusedBeforeAnythingIsSent(t *testing.T) {
	for _, row := range []struct{ env, args, want string }{
		{"grpc", "run --server acb --otlp", `OTEL_EXPORTER_OTLP_PROTOCOL is "grpc", and only http/protobuf is spoken`},
		{"", "run --server acb --virtual --otlp", "those of --virtual are simulated"},
		{"", "load --server acb --rate 1/s --tool echo --prometheus-addr a:b:c", "is no port and no host:port"},
		{"", "load --server acb --rate 1/s --tool echo --prometheus-addr 192.0.2.1:1", "cannot assign"},
	} {
		t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", row.env)
		var stdout, stderr bytes.Buffer
		require.Equal(t, exitUsage, run(strings.Fields(row.args), strings.NewReader(""), &stdout, &stderr), row.args)
		require.Contains(t, stderr.String(), row.want)
		require.Empty(t, stdout.String())
	}
}

// readHistory reads a file of calls.
func readHistory(name string) (calls []history.Call, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return history.ReadAll(bytes.NewReader(text))
}
