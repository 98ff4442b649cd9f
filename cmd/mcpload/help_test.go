package main

import (
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestHelpTextsAreOfCommands: a text that no command has would be read by nobody.
func TestHelpTextsAreOfCommands(t *testing.T) {
	list, err := texts.ReadDir("help")
	require.NoError(t, err)
	require.NotEmpty(t, list)
	root := (&app{}).root()
	for _, f := range list {
		words := strings.Split(strings.TrimSuffix(path.Base(f.Name()), ".txt"), "_")
		cmd, rest, err := root.Find(words)
		if words[0] == root.Name() {
			cmd, rest, err = root, nil, nil
		}
		require.NoError(t, err, f.Name())
		assert.Empty(t, rest, "%s names no command", f.Name())
		assert.NotRegexp(t, `\{[a-z]+\}`, strings.ReplaceAll(cmd.Long, "{{", ""), f.Name())
		assert.NotEmpty(t, cmd.Long+cmd.Example, f.Name())
	}
}
