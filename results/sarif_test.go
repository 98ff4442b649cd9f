package results

import (
	"bytes"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// Whatever a document has, its SARIF is what the format's own schema asks for, which
// refuses what it doesn't know.
func TestSARIFFitsItsSchema(t *testing.T) {
	text, err := os.ReadFile("testdata/sarif-2.1.0.json")
	require.NoError(t, err)
	raw, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("sarif.json", raw))
	schema, err := c.Compile("sarif.json")
	require.NoError(t, err)
	broken, _ := every()
	load, start := aLoad(), startDocument()
	load.Finish()
	start.Finish()
	for name, d := range map[string]*Document{"run": broken, "load": load, "startup": start} {
		var b bytes.Buffer
		require.NoError(t, SARIF(&b, d), name)
		doc, err := jsonschema.UnmarshalJSON(&b)
		require.NoError(t, err, name)
		require.NoError(t, schema.Validate(doc), name)
		run := doc.(map[string]any)["runs"].([]any)[0].(map[string]any)
		if name == "run" {
			require.NotEmpty(t, run["results"])
		}
		for _, one := range run["results"].([]any) { // without which GitHub refuses the whole log
			at := one.(map[string]any)["locations"].([]any)[0].(map[string]any)["physicalLocation"].(map[string]any)
			require.Regexp(t, `^mcpload/[^ ]+$`, at["artifactLocation"].(map[string]any)["uri"], name)
			require.NotEmpty(t, at["region"].(map[string]any)["startLine"], name)
		}
		delete(run, "tool")
		require.Error(t, schema.Validate(doc), "%s: the schema misses nothing", name)
	}
}
