// Package otlp holds mcpload's telemetry against the receiver of the OpenTelemetry
// Collector: what it takes in is what a real collector would. It is a module of its own,
// so that nobody else has to download the collector.
package otlp

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

// A collector is what a receiver took in.
type collector struct {
	address string
	traces  consumertest.TracesSink
	metrics consumertest.MetricsSink
}

// receive starts the receiver on a free port of this machine.
func receive(t *testing.T) *collector {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	need(t, err)
	c := &collector{address: free.Addr().String()}
	need(t, free.Close())
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	need(t, confmap.NewFromStringMap(map[string]any{"protocols": map[string]any{"http": map[string]any{
		"endpoint": c.address}}}).Unmarshal(config))
	settings := receivertest.NewNopSettings(factory.Type())
	traces, err := factory.CreateTraces(t.Context(), settings, config, &c.traces)
	need(t, err)
	metrics, err := factory.CreateMetrics(t.Context(), settings, config, &c.metrics)
	need(t, err)
	for _, r := range []component.Component{traces, metrics} { // they share one listener
		need(t, r.Start(t.Context(), componenttest.NewNopHost()))
		t.Cleanup(func() { need(t, r.Shutdown(context.Background())) })
	}
	return c
}

// A sent is what the history has of a call.
type sent struct {
	Label     string `json:"label"`
	Sent      int64  `json:"sent_ns"`
	Received  int64  `json:"received_ns"`
	Parent    string `json:"traceparent"`
	Method    string `json:"method"`
	traceSpan string // the ids of its traceparent
}

// TestALoadInTheCollector loads a mock, and finds every call in the collector: as a span
// with the ids that were sent to the server, and in the histogram.
func TestALoadInTheCollector(t *testing.T) {
	c := receive(t)
	program := filepath.Join(t.TempDir(), "mcpload")
	build := exec.Command("go", "build", "-o", program, "./cmd/mcpload")
	build.Dir = filepath.Join("..", "..")
	out, err := build.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	url := mock(t, program)
	kept := filepath.Join(t.TempDir(), "calls.jsonl")
	load := exec.Command(program, "load", url, "--tool", "list_components", "--rate", "50/s", "--duration", "3s",
		"--otlp", "--no-store", "--save-history", kept)
	load.Env = append(os.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+c.address, "OTEL_METRIC_EXPORT_INTERVAL=500")
	out, err = load.CombinedOutput()
	if _, ended := err.(*exec.ExitError); err != nil && !ended { // a busy machine is no fault of what is tried here
		t.Fatal(err)
	}
	calls := history(t, kept)
	if len(calls) < 100 {
		t.Fatalf("%d calls of 150 were sent: %s", len(calls), out)
	}
	spans := c.spans()
	slowest := calls[0]
	for _, call := range calls {
		if spans[call.traceSpan] == 0 {
			t.Errorf("no span has the ids of %s", call.Parent)
		}
		if call.Received-call.Sent > slowest.Received-slowest.Sent {
			slowest = call
		}
	}
	if took := slowest.Received - slowest.Sent; spans[slowest.traceSpan] < took*9/10 {
		t.Errorf("the slowest call took %dns, and its span %dns", took, spans[slowest.traceSpan])
	}
	if n := c.counted("mcp.client.operation.duration"); n != uint64(len(calls)) {
		t.Errorf("the histogram has %d calls of %d", n, len(calls))
	}
	t.Logf("%d calls, %d spans; the slowest is %s", len(calls), len(spans), slowest.Parent)
}

// mock starts a mock that keeps no call back, and returns its URL.
func mock(t *testing.T, program string) string {
	t.Helper()
	serve := exec.CommandContext(t.Context(), program, "mock", "--server", "acb", "--rate", "1000", "--burst", "1000")
	out, err := serve.StdoutPipe()
	need(t, err)
	need(t, serve.Start())
	t.Cleanup(func() { _ = serve.Wait() }) // it is killed with the test's context
	line, err := bufio.NewReader(out).ReadString('\n')
	need(t, err)
	return strings.TrimSpace(line)
}

// history reads the planned calls, with the ids that they were sent with.
func history(t *testing.T, name string) (calls []sent) {
	t.Helper()
	text, err := os.ReadFile(name)
	need(t, err)
	for line := range strings.Lines(string(text)) {
		var c sent
		need(t, json.Unmarshal([]byte(line), &c))
		if c.Method != "tools/call" {
			continue
		}
		ids := strings.Split(c.Parent, "-")
		if len(ids) != 4 {
			t.Fatalf("a call has the traceparent %q", c.Parent)
		}
		c.traceSpan = ids[1] + ids[2]
		calls = append(calls, c)
	}
	return calls
}

// spans are how long each took in nanoseconds, by the ids of trace and span.
func (c *collector) spans() map[string]int64 {
	all := map[string]int64{}
	for _, traces := range c.traces.AllTraces() {
		for _, resource := range traces.ResourceSpans().All() {
			for _, scope := range resource.ScopeSpans().All() {
				for _, s := range scope.Spans().All() {
					trace, span := s.TraceID(), s.SpanID()
					all[hex.EncodeToString(trace[:])+hex.EncodeToString(span[:])] = int64(s.EndTimestamp()) -
						int64(s.StartTimestamp())
				}
			}
		}
	}
	return all
}

// counted is how many calls the last state of a histogram has.
func (c *collector) counted(name string) (n uint64) {
	for _, metrics := range c.metrics.AllMetrics() {
		now, found := uint64(0), false
		for _, resource := range metrics.ResourceMetrics().All() {
			for _, scope := range resource.ScopeMetrics().All() {
				for _, m := range scope.Metrics().All() {
					if m.Name() != name {
						continue
					}
					found = true
					for _, point := range m.Histogram().DataPoints().All() {
						now += point.Count()
					}
				}
			}
		}
		if found {
			n = now
		}
	}
	return n
}

func need(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
