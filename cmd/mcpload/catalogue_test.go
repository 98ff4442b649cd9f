package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// Every check has its hint, so that no fail leaves a stranger without a next
// step, and every check and scenario says what it is.
func TestEveryCheckHasAHint(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range scenarios.Catalogue() {
		for _, c := range s.Checks {
			if seen[c.ID] {
				continue
			}
			seen[c.ID] = true
			require.NotEmpty(t, c.Doc, c.ID)
			require.NotEmpty(t, results.Hint(c.ID, verdict.Fail), "%s fails without a hint", c.ID)
			require.NotEmpty(t, results.Hint(c.ID, verdict.Inconclusive), "%s is inconclusive without a hint", c.ID)
		}
	}
	require.Greater(t, len(seen), 8)
}

// The document that a run prints has every field that the format promises.
func TestResultDocumentHasItsFields(t *testing.T) {
	file := filepath.Join(t.TempDir(), "result.json")
	var silent bytes.Buffer
	require.Equal(t, exitFail, run([]string{"run", "--server", "fastblocks", "--virtual", "--fault", "burst+1",
		"--format", "json", "-o", file}, &silent, &silent, &silent))
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var doc map[string]any
	require.NoError(t, json.Unmarshal(data, &doc))
	require.Equal(t, "mcpload.run/v1", doc["schema"])
	for _, key := range []string{"version", "started", "seed", "verdict", "servers"} {
		require.Contains(t, doc, key)
	}
	server := doc["servers"].([]any)[0].(map[string]any)
	require.Equal(t, map[string]any{"lo": server["measured"].(map[string]any)["rate"].(map[string]any)["lo"],
		"hi": server["measured"].(map[string]any)["rate"].(map[string]any)["hi"]},
		server["measured"].(map[string]any)["rate"])
	limit := server["limit"].(map[string]any)
	require.Equal(t, 15.0, limit["rate"])
	require.Equal(t, 40.0, limit["burst"])
	require.Equal(t, "global", limit["scope"])
	require.Equal(t, "acb", limit["inherited"])
	scenario := server["scenarios"].([]any)[0].(map[string]any)
	for _, key := range []string{"scenario", "verdict", "calls", "latency", "findings"} {
		require.Contains(t, scenario, key)
	}
	for _, key := range []string{"planned", "sent", "admitted", "limited", "failed", "unknown"} {
		require.Contains(t, scenario["calls"], key)
	}
	for _, key := range []string{"p50_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms"} {
		require.Contains(t, scenario["latency"].(map[string]any)["admitted"], key)
	}
	witnesses := 0
	for _, f := range scenario["findings"].([]any) {
		finding := f.(map[string]any)
		for _, key := range []string{"check", "verdict", "want", "saw"} {
			require.Contains(t, finding, key)
		}
		if w, ok := finding["witness"].(map[string]any); ok {
			witnesses++
			require.Len(t, w["calls"], 41)
			require.Contains(t, w, "from_ns")
			require.Contains(t, w, "to_ns")
		}
	}
	require.Positive(t, witnesses)
}
