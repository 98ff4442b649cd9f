package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/telemetry"
)

// telemetryFlags say which monitoring is shown the calls while they happen.
type telemetryFlags struct {
	prometheus string
	otlp       bool
}

func (f *telemetryFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.prometheus, "prometheus-addr", "", "serve metrics for Prometheus at this `address` during the run: a port, on loopback, or host:port")
	flags.BoolVar(&f.otlp, "otlp", false, "send metrics and traces to a collector of OpenTelemetry, by the OTEL_ variables (default http://localhost:4318), and a traceparent with each request")
}

// traces reports if requests get a trace context.
func (f *telemetryFlags) traces() bool {
	return f.otlp && os.Getenv("OTEL_TRACES_EXPORTER") != "none"
}

// export begins to show calls to monitoring, where that is asked for. The function
// that it returns sends what is left.
func (a *app) export(ctx context.Context, f *telemetryFlags) (end func(), err error) {
	if f.prometheus == "" && !f.otlp {
		return func() {}, nil
	}
	c := telemetry.Config{Version: version(), Warn: func(text string) { a.say("warning: telemetry: %s", text) }}
	if c.Prometheus, err = scrapeAddress(f.prometheus); err != nil {
		return nil, err
	}
	if f.otlp {
		if err := a.collector(); err != nil {
			return nil, err
		}
		c.Plain = !named("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
		c.Metrics, c.Traces = os.Getenv("OTEL_METRICS_EXPORTER") != "none", f.traces()
	}
	e, err := telemetry.New(ctx, c)
	if err != nil {
		return nil, hint.New(spoken(err), "--prometheus-addr 0 takes a free port; the OTEL_ variables are those of OpenTelemetry's SDKs")
	}
	if e.Address() != "" {
		a.say("metrics are at %s", e.Address())
	}
	a.exporter = e
	return sync.OnceFunc(func() {
		a.exporter = nil
		if err := e.Close(); err != nil {
			a.say("warning: telemetry: %v", err)
		}
	}), nil
}

// named reports if one of these variables says something.
func named(variables ...string) bool {
	return slices.ContainsFunc(variables, func(name string) bool { return os.Getenv(name) != "" })
}

// scrapeAddress reads --prometheus-addr. A port alone is one of this machine's only.
func scrapeAddress(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	if !strings.Contains(text, ":") {
		text = ":" + text
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", hint.New(fmt.Errorf("--prometheus-addr %q is no port and no host:port", text), "such as 9464, or 127.0.0.1:9464")
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// collector checks the standard variables for what isn't spoken, and keeps their
// secrets from being shown.
func (a *app) collector() error {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"} {
		if v := os.Getenv(name); v != "" && v != "http/protobuf" {
			return hint.New(fmt.Errorf("%s is %q, and only http/protobuf is spoken", name, v), "collectors listen for it at port 4318")
		}
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_METRICS_HEADERS"} {
		for pair := range strings.SplitSeq(os.Getenv(name), ",") {
			if _, value, ok := strings.Cut(pair, "="); ok {
				a.hide(name, strings.TrimSpace(value))
			}
		}
	}
	return nil
}
