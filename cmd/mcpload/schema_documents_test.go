package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/catalogue"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/drive"
)

// schemas compiles every schema: as the files have it, and strictly, so that a field
// which isn't declared is refused as well.
func schemas(t *testing.T) (files, strict map[string]*jsonschema.Schema) {
	t.Helper()
	files, strict = map[string]*jsonschema.Schema{}, map[string]*jsonschema.Schema{}
	compiled := func(name string, text []byte) *jsonschema.Schema {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		require.NoError(t, err)
		c := jsonschema.NewCompiler()
		require.NoError(t, c.AddResource(name, doc))
		s, err := c.Compile(name)
		require.NoError(t, err)
		return s
	}
	m := &schemaMaker{comments: map[string]string{}, strict: true}
	for _, d := range schemaDocs() {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", "schemas", d.file()))
		require.NoError(t, err)
		files[d.name] = compiled(d.file(), text)
		made, err := json.Marshal(m.schema(t, d))
		require.NoError(t, err)
		strict[d.name] = compiled("strict-"+d.file(), made)
	}
	return files, strict
}

// documents runs a command and returns the documents that it prints.
func documents(t *testing.T, stdin string, args ...string) []any {
	t.Helper()
	var stdout, stderr bytes.Buffer
	run(args, strings.NewReader(stdin), &stdout, &stderr)
	var docs []any
	for dec := json.NewDecoder(&stdout); dec.More(); {
		var raw json.RawMessage
		require.NoError(t, dec.Decode(&raw), "%v: %s", args, stderr.String())
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		require.NoError(t, err)
		docs = append(docs, doc)
	}
	assert.NotEmpty(t, docs, "%v: %s", args, stderr.String())
	return docs
}

// Every document that our commands print is one of its schema, and of nothing more
// than that says.
func TestOurDocumentsFitTheirSchemas(t *testing.T) {
	files, strict := schemas(t)
	store := t.TempDir()
	t.Setenv("MCPLOAD_RESULTS", store)
	t.Setenv("SOME_KEY", key())
	url := windowServer(t, 5, 300*time.Millisecond)
	fake := served(t, func(w http.ResponseWriter, c fakeCall) {
		if c.n%5 == 0 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		fmt.Fprint(w, c.result(c.args))
	})
	log := admittedLine + admittedLine + admittedLine
	rows := []struct {
		schema, stdin string
		args          []string
	}{
		{"mcpload.run/v1", "", []string{"run", "--all", "--virtual", "--fault", "burst+1", "--scenario", "all",
			"--threshold", "p99<1ms", "--shared"}},
		{"mcpload.run/v1", "", []string{"run", "--server", "acb", "--virtual", "--repeat", "2"}},
		{"mcpload.run/v1", "", []string{"results", "judge", "last"}},
		{"mcpload.run/v1", "", []string{"run", "--url", url, "--promise", "4 per 300ms fixed", "--law-budget", "2s",
			"--tool", "ping", "--fresh"}},
		{"mcpload.run/v1", "", []string{"load", "--url", fake, "--tool", "echo", "--rate",
			"burst 5 every 200ms on 20/s", "--duration", "600ms", "--check", "echo"}},
		{"mcpload.run/v1", "", []string{"load", "--url", fake, "--tool", "echo", "--rate", "max", "--connections", "2",
			"--duration", "300ms"}},
		{"mcpload.run/v1", "", []string{"startup", "--credential", "SOME_KEY=openai", "--limit", "300ms", "--",
			program(t), "list"}},
		{"mcpload.probe/v1", "", []string{"probe", "--server", "acb", "--budget", "calls=60,time=3s"}},
		{"mcpload.verify/v1", log, []string{"verify", "--rate", "1", "--burst", "2", "-"}},
		{"mcpload.verify/v1", log, []string{"verify", "--promise", "2 per 1s fixed", "-"}},
		{"mcpload.plan/v1", "", []string{"run", "--all", "--dry-run"}},
		{"mcpload.loadplan/v1", "", []string{"load", "--server", "acb", "--rate", "20/s", "--dry-run"}},
		{"mcpload.loadplan/v1", "", []string{"load", "--server", "acb", "--rate", "max", "--dry-run"}},
		{"mcpload.conformplan/v1", "", []string{"conform", "--url", "http://127.0.0.1:1/mcp", "--row", "H01,H02",
			"--dry-run"}},
		{"mcpload.startplan/v1", "", []string{"startup", "--server", "mailgun-mcp", "--mock", "--dry-run"}},
		{"mcpload.key/v1", "", []string{"keys", "check", "--provider", "openai", "--env", "SOME_KEY"}},
		{"mcpload.key/v1", "not a key", []string{"keys", "check", "--provider", "openai", "-"}},
		{"mcpload.keys/v1", "", []string{"keys", "providers"}},
		{"mcpload.scan/v1", "a " + key() + "\n", []string{"keys", "scan", "-"}},
		{"mcpload.selftest/v1", "", []string{"selftest", "--seeds", "1", "--fault-seeds", "1"}},
		{"mcpload.tools/v1", "", []string{"tools", "--url", url}},
		{"mcpload.results/v1", "", []string{"results", "list"}},
		{"mcpload.run/v1", "", []string{"run", "--server", "acb", "--virtual"}},
		{"mcpload.run/v1", "", []string{"run", "--server", "acb", "--virtual", "--seed", "2"}},
		{"mcpload.compare/v1", "", []string{"compare", "last", "last"}},
		{"mcpload.history/v1", "", []string{"history", "--server", "acb"}},
	}
	for _, l := range catalogue.Listings() {
		rows = append(rows, struct {
			schema, stdin string
			args          []string
		}{"mcpload.list/v1", "", []string{"list", l.Name}})
	}
	for _, row := range rows {
		for _, doc := range documents(t, row.stdin, beforeDash(row.args, "--format", "json")...) {
			require.Equal(t, row.schema, doc.(map[string]any)["schema"], "%v", row.args)
			assert.NoError(t, files[row.schema].Validate(doc), "%v", row.args)
			assert.NoError(t, strict[row.schema].Validate(doc), "%v", row.args)
		}
	}
	// What takes minutes to print is made by hand.
	for name, doc := range map[string]any{
		"mcpload.power/v1": drive.PowerDocument{Schema: "mcpload.power/v1", Runs: drive.PowerRuns,
			Power: []drive.PowerRow{{Rate: 5, Burst: 15}}},
		"mcpload.fleet/v1": results.Fleet{Schema: results.FleetSchema,
			Run: &results.Document{Servers: []results.Server{}},
			Rows: []results.Drift{{Server: "acb", Required: results.Limit{Charges: []string{"*"}},
				Charged: []results.Charge{{Kind: "tools/call", Tokens: 1}},
				Audit:   results.AuditOf(&results.Server{}, []string{"rest"})}}},
	} {
		text, err := json.Marshal(doc)
		require.NoError(t, err)
		made, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		require.NoError(t, err)
		if name == "mcpload.fleet/v1" {
			made.(map[string]any)["run"].(map[string]any)["schema"] = results.Schema
		}
		assert.NoError(t, strict[name].Validate(made), name)
	}
	shown := documents(t, "", "results", "show", "last")[0]
	require.NoError(t, strict["mcpload.environment/v1"].Validate(shown))
}

// beforeDash puts more arguments before a server's command.
func beforeDash(args []string, more ...string) []string {
	for i, a := range args {
		if a == "--" {
			return append(append(append([]string{}, args[:i]...), more...), args[i:]...)
		}
	}
	return append(append([]string{}, args...), more...)
}

// Each schema refuses a document that lacks what it demands, whose field is of another
// type, or that is another's.
func TestSchemasRefuse(t *testing.T) {
	files, strict := schemas(t)
	require.Len(t, files, len(schemaDocs()))
	for _, d := range schemaDocs() {
		for _, wrong := range []string{`{}`, `[]`, `null`, `{"schema":"mcpload.other/v1"}`, `{"schema":"` + d.name +
			`"}`, `{"schema":7}`} {
			doc, err := jsonschema.UnmarshalJSON(strings.NewReader(wrong))
			require.NoError(t, err)
			require.Error(t, files[d.name].Validate(doc), "%s takes %s", d.name, wrong)
		}
	}
	good := documents(t, "", "run", "--server", "acb", "--virtual", "--scenario", "burst", "--no-store", "--format",
		"json")[0].(map[string]any)
	require.NoError(t, files["mcpload.run/v1"].Validate(good))
	for name, bad := range map[string]any{"verdict": "perhaps", "seed": "1", "servers": map[string]any{},
		"started": 7} {
		was := good[name]
		good[name] = bad
		require.Error(t, files["mcpload.run/v1"].Validate(good), name)
		good[name] = was
	}
	require.NoError(t, files["mcpload.run/v1"].Validate(good))
	good["more"] = 1
	require.NoError(t, files["mcpload.run/v1"].Validate(good), "a later version may add fields")
	require.Error(t, strict["mcpload.run/v1"].Validate(good), "ours may not have what isn't declared")
}
