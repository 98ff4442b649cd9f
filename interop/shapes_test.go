package interop

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOfficialPackagesTakeWhatWeTake holds the verdicts on results that conform is held
// to, right and wrong ones, against what the official packages say of the same.
func TestOfficialPackagesTakeWhatWeTake(t *testing.T) {
	text, err := os.ReadFile(root(t, "scenarios/conform/testdata/shapes.jsonl"))
	require.NoError(t, err)
	cases := strings.Split(strings.TrimSpace(string(text)), "\n")
	require.Greater(t, len(cases), 40)
	node, script := everythingScript(t)
	modules := script[:strings.Index(script, "node_modules")+len("node_modules")]
	for name, argv := range map[string][]string{
		"Python SDK 1.30.0":     {python(t, "fastmcp2"), root(t, "interop/servers/shapes.py")},
		"Python SDK 2.3.0":      {python(t, "fastmcp-newest"), root(t, "interop/servers/shapes.py")},
		"TypeScript SDK 1.32.2": {node, root(t, "interop/servers/shapes.mjs"), modules},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(argv[0], argv[1:]...)
			cmd.Stdin = bytes.NewReader(text)
			out, err := cmd.Output()
			require.NoError(t, err)
			said := strings.Fields(string(out))
			require.Len(t, said, len(cases))
			for i, c := range cases {
				var want struct{ Right bool }
				require.NoError(t, json.Unmarshal([]byte(c), &want))
				assert.Equal(t, want.Right, said[i] == "true", c)
			}
		})
	}
}
