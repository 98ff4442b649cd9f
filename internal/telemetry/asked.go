package telemetry

import (
	"context"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
)

// Asked says which monitoring is shown the calls while they happen, in the words of the
// flags that its errors name.
type Asked struct {
	Prometheus string
	OTLP       bool
}

// Any reports if any is.
func (a *Asked) Any() bool { return a.OTLP || a.Prometheus != "" }

// Traced reports if requests get a trace context.
func (a *Asked) Traced(getenv func(string) string) bool {
	return a.OTLP && getenv("OTEL_TRACES_EXPORTER") != "none"
}

// Open begins to show calls to it. The variables of OpenTelemetry may hold secrets, which
// hide is told of.
func (a *Asked) Open(ctx context.Context, c Config, getenv func(string) string, hide func(name string,
	values ...string)) (e *Exporter, err error) {
	if c.Prometheus, err = ScrapeAddress(a.Prometheus); err != nil {
		return nil, hint.New(invoked.Flagged("--prometheus-addr", err), "such as 9464, or 127.0.0.1:9464")
	}
	if a.OTLP {
		said, err := ReadEnvironment(getenv)
		if err != nil {
			return nil, hint.New(err, "collectors listen for it at port 4318")
		}
		for _, h := range said.Secrets {
			hide(h.Variable, h.Value)
		}
		c.Plain, c.Metrics, c.Traces = !said.Endpoint, said.Metrics, a.Traced(getenv)
	}
	if e, err = New(ctx, c); err != nil {
		return nil, hint.New(err, "--prometheus-addr 0 takes a free port; the OTEL_ variables are those of "+
			"OpenTelemetry's SDKs")
	}
	return e, nil
}
