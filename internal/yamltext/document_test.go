package yamltext_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/yamltext"
)

// TestFaultsHaveTheirPlace: what no reader of nodes would come to see.
func TestFaultsHaveTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		"a: [\n":                 "x.yaml:2:1: is not YAML: did not find expected node content while parsing a flow node",
		"a:\n\tb: 1":             "x.yaml:2:1: is not YAML: a tab is no indentation, only spaces are",
		"a: *sk-hunter2":         "x.yaml:1:4: is not YAML: unknown anchor referenced",
		"ä: \xe9":                "x.yaml:1:4: is not UTF-8: byte 0xe9, want UTF-8 text",
		"a: b\x07":               "x.yaml:1:5: has the control character U+0007, want UTF-8 text",
		"a: 1\n---\nb: 2\n":      "x.yaml:3:1: has a second document, want one fleet a file",
		strings.Repeat("x", 101): "x.yaml: is too large, want at most 100 bytes",
		strings.Repeat("[", 99):  "x.yaml:1:65: is not YAML: exceeded max depth of 64 while increasing flow level",
	} {
		_, faults := yamltext.Document("x.yaml", "fleet", []byte(text), 100)
		assert.EqualError(t, faults, want, "%q", text)
	}
}

// TestDocument: the root is there where nothing is wrong, and nothing where a file holds
// nothing.
func TestDocument(t *testing.T) {
	root, faults := yamltext.Document("x.yaml", "fleet", []byte("---\n# first\na: 1\n"), 100)
	require.Empty(t, faults)
	assert.Equal(t, 3, root.Line)
	for _, text := range []string{"", " \n", "# only this", "---", "~"} {
		root, faults = yamltext.Document("x.yaml", "fleet", []byte(text), 100)
		require.Empty(t, faults, text)
		assert.Nil(t, root, text)
	}
}

// TestFaults: a line each, in the order of the file, and each can be found.
func TestFaults(t *testing.T) {
	faults := yamltext.Faults{{File: "x", Line: 2, Column: 1, Problem: "b"}, {File: "x", Line: 1, Column: 9, Problem: "a"},
		{File: "x", Field: "f", Problem: "whole", Want: "w"}}
	faults.Sort()
	assert.EqualError(t, faults, "x: f: whole, want w\nx:1:9: a\nx:2:1: b")
	f, ok := errors.AsType[yamltext.Fault](faults)
	require.True(t, ok)
	assert.Equal(t, "whole", f.Problem)
}
