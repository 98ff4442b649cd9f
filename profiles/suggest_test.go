package profiles_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/profiles"
)

// The nearest word is one that the word is a part of or, if it is short, begins with it;
// else one with few mistakes between them.
func TestNearest(t *testing.T) {
	words := []string{"rate", "cacert", "case", "mailgun-mcp"}
	for word, want := range map[string]string{"ca": "cacert", "mailgun": "mailgun-mcp", "rats": "rate", "er": "",
		"frobnicate": ""} {
		require.Equal(t, want, profiles.Nearest(word, words), word)
	}
}
