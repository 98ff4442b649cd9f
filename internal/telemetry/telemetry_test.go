package telemetry

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/mcpload/mcpload/history"
)

const parent = "00-0123456789abcdef0000000000000007-0123456789abcde8-01"

// calls are one of each kind that is told apart.
func calls() []history.Call {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	call := func(outcome history.Outcome) history.Call {
		return history.Call{Arrival: history.Arrival{Client: "c1", Method: "tools/call", Tool: "search", Due: ms(10)},
			ID: 7, Sent: ms(12), Received: ms(42), Outcome: outcome}
	}
	ok, refused, unsent, handshake := call(history.OK), call(history.Limited), call(history.Unsent), call(history.OK)
	ok.Trace, ok.Arguments = parent, []byte(`{"q":"hunter2"}`)
	refused.Code, refused.Detail = -32000, "hunter2"
	handshake.Label = history.Handshake
	answer := call(history.OK)
	answer.Kind = history.Answer
	return []history.Call{ok, refused, unsent, handshake, answer}
}

// A collector takes what it is sent.
type collector struct {
	mu      sync.Mutex
	paths   map[string]int
	spans   []*tracepb.Span
	metrics []string
	raw     strings.Builder
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // of a test
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paths[r.URL.Path]++
	c.raw.Write(body)
	var traces coltrace.ExportTraceServiceRequest
	var metrics colmetrics.ExportMetricsServiceRequest
	switch r.URL.Path {
	case "/v1/traces":
		_ = proto.Unmarshal(body, &traces)
	case "/v1/metrics":
		_ = proto.Unmarshal(body, &metrics)
	}
	for _, of := range traces.ResourceSpans {
		for _, s := range of.ScopeSpans {
			c.spans = append(c.spans, s.Spans...)
		}
	}
	for _, of := range metrics.ResourceMetrics {
		for _, s := range of.ScopeMetrics {
			for _, m := range s.Metrics {
				c.metrics = append(c.metrics, m.Name)
			}
		}
	}
}

func TestACollectorGetsMetricsAndTheSpansThatWereSent(t *testing.T) {
	c := &collector{paths: map[string]int{}}
	s := httptest.NewServer(c)
	defer s.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", s.URL)
	t.Setenv("OTEL_SERVICE_NAME", "nightly")
	var warned []string
	e, err := New(t.Context(), Config{Version: "1", Metrics: true, Traces: true,
		Warn: func(text string) { warned = append(warned, text) }})
	require.NoError(t, err)
	require.Empty(t, e.Address())
	for _, call := range calls() {
		e.Saw("acb", &call)
	}
	require.NoError(t, e.Close())
	require.Empty(t, warned)
	require.ElementsMatch(t, []string{"mcp.client.operation.duration", "mcpload.response.duration",
		"mcpload.late.duration", "mcpload.unsent"}, c.metrics)
	require.Len(t, c.spans, 1)
	span := c.spans[0]
	require.Equal(t, "tools/call search", span.Name)
	require.Equal(t, "0123456789abcdef0000000000000007", hexOf(span.TraceId))
	require.Equal(t, "0123456789abcde8", hexOf(span.SpanId))
	require.Empty(t, span.ParentSpanId)
	require.Equal(t, tracepb.Span_SPAN_KIND_CLIENT, span.Kind)
	require.EqualValues(t, 30*time.Millisecond, span.EndTimeUnixNano-span.StartTimeUnixNano)
	require.Contains(t, c.raw.String(), "nightly")
	require.NotContains(t, c.raw.String(), "hunter2")
}

func TestPrometheusScrapesWhileCallsHappen(t *testing.T) {
	e, err := New(t.Context(), Config{Version: "1", Prometheus: "127.0.0.1:0"})
	require.NoError(t, err)
	for _, call := range calls() {
		e.Saw("acb", &call)
	}
	r, err := http.Get(e.Address())
	require.NoError(t, err)
	text, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	for _, want := range []string{
		`mcp_client_operation_duration_seconds_count{gen_ai_tool_name="search",mcp_method_name="tools/call",mcpload_outcome="admitted",mcpload_server="acb"} 1` + "\n",
		`mcp_client_operation_duration_seconds_bucket{error_type="-32000",gen_ai_tool_name="search",mcp_method_name="tools/call",mcpload_outcome="refused",mcpload_server="acb",le="0.05"} 1` + "\n",
		`mcpload_response_duration_seconds_sum{gen_ai_tool_name="search",mcp_method_name="tools/call",mcpload_outcome="admitted",mcpload_server="acb"} 0.032` + "\n",
		`mcpload_late_duration_seconds_sum{gen_ai_tool_name="search",mcp_method_name="tools/call",mcpload_outcome="admitted",mcpload_server="acb"} 0.002` + "\n",
		`mcpload_unsent_total{error_type="unsent",gen_ai_tool_name="search",mcp_method_name="tools/call",mcpload_outcome="unsent",mcpload_server="acb"} 1` + "\n",
	} {
		require.Contains(t, string(text), want)
	}
	require.NotContains(t, string(text), "hunter2")
	_, err = New(t.Context(), Config{Prometheus: strings.TrimSuffix(strings.TrimPrefix(e.Address(), "http://"),
		"/metrics")})
	require.Error(t, err, "the address is taken")
	require.NoError(t, e.Close())
}

func TestACollectorThatIsAwayIsToldOfAndChangesNothing(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", s.URL)
	s.Close()
	e, err := New(t.Context(), Config{Metrics: true, Traces: true, Warn: func(string) {}})
	require.NoError(t, err)
	e.Saw("acb", &calls()[0])
	require.Error(t, e.Close())
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var s strings.Builder
	for _, c := range b {
		s.WriteByte(digits[c>>4])
		s.WriteByte(digits[c&15])
	}
	return s.String()
}
