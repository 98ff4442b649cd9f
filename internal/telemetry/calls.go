package telemetry

import (
	"context"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/mcpload/mcpload/history"
)

// bounds are the upper bounds of the histograms' buckets, in seconds.
var bounds = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}

// instruments are what is measured of calls.
type instruments struct {
	service  metric.Float64Histogram // from sending to the reply's end
	response metric.Float64Histogram // from when it was due: what a user waited
	late     metric.Float64Histogram // how long after that it was sent: our own fault
	unsent   metric.Int64Counter
}

func newInstruments(m metric.Meter) (i instruments, err error) {
	histogram := func(to *metric.Float64Histogram, name, doc string) {
		if err == nil {
			*to, err = m.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(doc),
				metric.WithExplicitBucketBoundaries(bounds...))
		}
	}
	histogram(&i.service, "mcp.client.operation.duration", "from sending a request to the end of its reply")
	histogram(&i.response, "mcpload.response.duration", "from when a request was due to the end of its reply")
	histogram(&i.late, "mcpload.late.duration", "how long after it was due a request was sent")
	if err == nil {
		i.unsent, err = m.Int64Counter("mcpload.unsent", metric.WithUnit("{request}"),
			metric.WithDescription("requests that were due and weren't sent"))
	}
	return i, err
}

// A key is what series are told apart by: few values each.
type key struct {
	server, method, tool, failure string
	outcome                       history.Outcome
}

// A series has the attributes of its key, made once.
type series struct {
	set     attribute.Set
	measure metric.MeasurementOption
}

// series returns that of a call.
func (e *Exporter) series(server string, c *history.Call) series {
	k := key{server, c.Method, c.Tool, failure(c), c.Outcome}
	e.mu.Lock()
	defer e.mu.Unlock()
	s, ok := e.sets[k]
	if ok {
		return s
	}
	list := []attribute.KeyValue{attribute.String("mcpload.server", server),
		attribute.String("mcp.method.name", c.Method), attribute.String("mcpload.outcome", outcome(c.Outcome))}
	if c.Tool != "" {
		list = append(list, attribute.String("gen_ai.tool.name", c.Tool))
	}
	if k.failure != "" {
		list = append(list, attribute.String("error.type", k.failure))
	}
	s.set = attribute.NewSet(list...)
	s.measure = metric.WithAttributeSet(s.set)
	e.sets[k] = s
	return s
}

// outcome is the word that screens have for it.
func outcome(o history.Outcome) string {
	switch o {
	case history.OK:
		return "admitted"
	case history.Limited:
		return "refused"
	case history.Rejected:
		return "failed"
	}
	return o.String()
}

// failure is the error.type of a call; empty where it succeeded.
func failure(c *history.Call) string {
	switch {
	case c.Outcome == history.OK:
		return ""
	case c.Outcome == history.ToolError:
		return "tool_error"
	case c.Code != 0:
		return strconv.Itoa(c.Code)
	case c.Status >= 400:
		return strconv.Itoa(c.Status)
	case c.Outcome == history.TimedOut:
		return "timeout"
	}
	return outcome(c.Outcome)
}

// Saw takes in a call that has just ended.
func (e *Exporter) Saw(server string, c *history.Call) {
	if c.Kind != history.Request || !c.Planned() {
		return
	}
	ctx, s := context.Background(), e.series(server, c)
	if c.Outcome == history.Unsent {
		e.gauges.unsent.Add(ctx, 1, s.measure)
		return
	}
	e.gauges.service.Record(ctx, c.Service().Seconds(), s.measure)
	e.gauges.response.Record(ctx, c.Response().Seconds(), s.measure)
	e.gauges.late.Record(ctx, max(0, c.Late()).Seconds(), s.measure)
	if e.tracer != nil && c.Trace != "" {
		e.span(s, c)
	}
}

// span exports a call as the span that the server was told of.
func (e *Exporter) span(s series, c *history.Call) {
	ids, ok := readIDs(c.Trace)
	if !ok {
		return
	}
	end := time.Now()
	name := strings.TrimSpace(c.Method + " " + c.Tool)
	_, span := e.tracer.Start(context.WithValue(context.Background(), idsKey{}, ids), name, trace.WithNewRoot(),
		trace.WithSpanKind(trace.SpanKindClient),
		trace.WithTimestamp(end.Add(-c.Service())), trace.WithAttributes(s.set.ToSlice()...),
		trace.WithAttributes(attribute.String("jsonrpc.request.id", strconv.FormatInt(c.ID, 10)),
			attribute.String("mcpload.client", c.Client),
			attribute.Float64("mcpload.late_ms", float64(max(0, c.Late()))/1e6)))
	if why := failure(c); why != "" {
		span.SetStatus(codes.Error, why)
	}
	span.End(trace.WithTimestamp(end))
}

// sentIDs makes the ids of spans those that were sent in traceparent.
type sentIDs struct{}

type idsKey struct{}

type spanIDs struct {
	trace trace.TraceID
	span  trace.SpanID
}

// NewIDs implements the SDK's IDGenerator.
func (sentIDs) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	ids, _ := ctx.Value(idsKey{}).(spanIDs) // there is no other span of ours
	return ids.trace, ids.span
}

// NewSpanID implements the SDK's IDGenerator.
func (sentIDs) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	ids, _ := ctx.Value(idsKey{}).(spanIDs) // likewise
	return ids.span
}

// readIDs reads a traceparent (W3C Trace Context, version 00).
func readIDs(parent string) (ids spanIDs, ok bool) {
	parts := strings.Split(parent, "-")
	if len(parts) != 4 {
		return ids, false
	}
	var err, err2 error
	ids.trace, err = trace.TraceIDFromHex(parts[1])
	ids.span, err2 = trace.SpanIDFromHex(parts[2])
	return ids, err == nil && err2 == nil
}
