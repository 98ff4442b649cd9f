package telemetry

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScrapeAddress(t *testing.T) {
	for in, want := range map[string]string{"": "", "9464": "127.0.0.1:9464", ":9464": "127.0.0.1:9464",
		"host:1": "host:1", "[::1]:1": "[::1]:1"} {
		got, err := ScrapeAddress(in)
		require.NoError(t, err)
		assert.Equal(t, want, got, in)
	}
	_, err := ScrapeAddress("a:b:c")
	require.EqualError(t, err, `"a:b:c" is no port and no host:port`)
}

// TestStandardVariables: what isn't spoken is refused, values of headers are secrets.
func TestStandardVariables(t *testing.T) {
	vars := map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "a=one,b= two ,c", "OTEL_METRICS_EXPORTER": "none",
		"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
	getenv := func(name string) string { return vars[name] }
	e, err := ReadEnvironment(getenv)
	require.NoError(t, err)
	assert.Equal(t, Environment{Secrets: []Secret{{"OTEL_EXPORTER_OTLP_HEADERS", "one"},
		{"OTEL_EXPORTER_OTLP_HEADERS", "two"}}}, e)
	vars["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"], vars["OTEL_METRICS_EXPORTER"] = "http://x", ""
	e, err = ReadEnvironment(getenv)
	require.NoError(t, err)
	assert.True(t, e.Endpoint)
	assert.True(t, e.Metrics)
	vars["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "grpc"
	_, err = ReadEnvironment(getenv)
	require.EqualError(t, err, `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is "grpc", and only http/protobuf is spoken`)
}
