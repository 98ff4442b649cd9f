// Package telemetry shows calls to monitoring while they happen: metrics that
// Prometheus scrapes, and metrics and traces for a collector of OpenTelemetry. Most
// users want New, Exporter.Saw for each call, and Exporter.Close.
//
// Names are those of the semantic conventions for MCP
// (https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/) where there is one. The
// package deliberately exports neither arguments nor replies nor error texts, which
// may hold secrets. The SDK reads the standard OTEL_ variables by itself.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// scope names what the figures come from.
const scope = "github.com/mcpload/mcpload"

// patience is how long a collector may take to accept what is left in the end.
const patience = 5 * time.Second

// queue is how many spans may wait for the collector; more are dropped.
const queue = 1 << 16

// A Config says what is exported, and where to. Its zero value exports nothing.
type Config struct {
	Version    string
	Prometheus string       // address to serve /metrics at; empty: none
	Metrics    bool         // to the collector of OTEL_EXPORTER_OTLP_ENDPOINT
	Traces     bool         // likewise: a span a call that was sent with a trace context
	Plain      bool         // no variable names a collector: it is the one of this machine, http://localhost:4318
	Warn       func(string) // is told, once each, what could not be exported; nil: nobody is
}

// An Exporter shows calls to monitoring. Saw may be called from several goroutines.
type Exporter struct {
	meters *metric.MeterProvider
	spans  *sdktrace.TracerProvider // nil: none are wanted
	tracer trace.Tracer
	gauges instruments

	web      *http.Server // nil: nobody scrapes
	listener net.Listener
	serving  sync.WaitGroup

	mu   sync.Mutex
	sets map[key]series
}

// New begins to export. An address that can't be listened at is an error; a collector
// that isn't there is told of later, as it may come.
func New(ctx context.Context, c Config) (*Exporter, error) {
	otel.SetErrorHandler(newWarner(c.Warn))
	about, err := resource.Merge(resource.NewSchemaless(attribute.String("service.name", "mcpload"),
		attribute.String("service.version", c.Version)), resource.Environment())
	if err != nil {
		return nil, err
	}
	e := &Exporter{sets: map[key]series{}}
	options := []metric.Option{metric.WithResource(about)}
	if c.Prometheus != "" {
		reader, err := e.scraped(c.Prometheus)
		if err != nil {
			return nil, err
		}
		options = append(options, metric.WithReader(reader))
	}
	if c.Metrics {
		push, err := otlpmetrichttp.New(ctx, plain(c.Plain, otlpmetrichttp.WithInsecure)...)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("metrics: %w", err), e.Close())
		}
		options = append(options, metric.WithReader(metric.NewPeriodicReader(push)))
	}
	e.meters = metric.NewMeterProvider(options...)
	if e.gauges, err = newInstruments(e.meters.Meter(scope)); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	if c.Traces {
		push, err := otlptracehttp.New(ctx, plain(c.Plain, otlptracehttp.WithInsecure)...)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("traces: %w", err), e.Close())
		}
		e.spans = sdktrace.NewTracerProvider(sdktrace.WithResource(about), sdktrace.WithIDGenerator(sentIDs{}),
			sdktrace.WithBatcher(push, sdktrace.WithMaxQueueSize(queue)))
		e.tracer = e.spans.Tracer(scope)
	}
	return e, nil
}

// scraped serves the metrics, and returns what reads them.
func (e *Exporter) scraped(address string) (metric.Reader, error) {
	registry := prometheus.NewRegistry()
	reader, err := otelprom.New(otelprom.WithRegisterer(registry), otelprom.WithoutScopeInfo())
	if err != nil {
		return nil, err
	}
	if e.listener, err = net.Listen("tcp", address); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	e.web = &http.Server{Handler: mux, ReadHeaderTimeout: patience}
	e.serving.Go(func() { _ = e.web.Serve(e.listener) }) // Close ends it, and that is its error
	return reader, nil
}

// plain is the option to speak http, where that is wanted: the SDK speaks https to a
// collector that nobody named.
func plain[T any](wanted bool, insecure func() T) []T {
	if !wanted {
		return nil
	}
	return []T{insecure()}
}

// Address is where /metrics is served; empty where it isn't.
func (e *Exporter) Address() string {
	if e.listener == nil {
		return ""
	}
	return "http://" + e.listener.Addr().String() + "/metrics"
}

// Close exports what is left, for at most five seconds, and ends.
func (e *Exporter) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var errs []error
	if e.spans != nil {
		errs = append(errs, e.spans.Shutdown(ctx))
	}
	if e.meters != nil {
		errs = append(errs, e.meters.Shutdown(ctx))
	}
	if e.web != nil {
		errs = append(errs, e.web.Close())
		e.serving.Wait()
	}
	return errors.Join(errs...)
}

// A warner tells each kind of trouble once: a collector that is away fails each time.
type warner struct {
	warn func(string)

	mu   sync.Mutex
	told map[string]bool
}

func newWarner(warn func(string)) *warner { return &warner{warn: warn, told: map[string]bool{}} }

// Handle implements otel.ErrorHandler.
func (w *warner) Handle(err error) {
	const most = 3
	w.mu.Lock()
	text := err.Error()
	fresh := !w.told[text] && len(w.told) < most
	if fresh {
		w.told[text] = true
	}
	w.mu.Unlock()
	if fresh && w.warn != nil {
		w.warn(text)
	}
}
