package telemetry

import (
	"fmt"
	"net"
	"slices"
	"strings"
)

// ScrapeAddress reads where metrics are served: a port, on loopback, or host:port. Empty
// stays empty.
func ScrapeAddress(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	if !strings.Contains(text, ":") {
		text = ":" + text
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", fmt.Errorf("%q is no port and no host:port", text)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// An Environment is what the standard variables of OpenTelemetry's SDKs say
// (OpenTelemetry Protocol Exporter, "Configuration Options").
type Environment struct {
	Endpoint bool     // one names a collector
	Metrics  bool     // they are wanted
	Secrets  []Secret // values of headers
}

// A Secret is a value of a variable that must not be shown.
type Secret struct{ Variable, Value string }

// ReadEnvironment reads the standard variables. One that asks for what isn't spoken is an
// error.
func ReadEnvironment(getenv func(string) string) (Environment, error) {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
		"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"} {
		if v := getenv(name); v != "" && v != "http/protobuf" {
			return Environment{}, fmt.Errorf("%s is %q, and only http/protobuf is spoken", name, v)
		}
	}
	e := Environment{Metrics: getenv("OTEL_METRICS_EXPORTER") != "none"}
	e.Endpoint = slices.ContainsFunc([]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"}, func(name string) bool { return getenv(name) != "" })
	for _, name := range []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
		"OTEL_EXPORTER_OTLP_METRICS_HEADERS"} {
		for pair := range strings.SplitSeq(getenv(name), ",") {
			if _, value, ok := strings.Cut(pair, "="); ok {
				e.Secrets = append(e.Secrets, Secret{name, strings.TrimSpace(value)})
			}
		}
	}
	return e, nil
}
