package words_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/words"
)

func TestCount(t *testing.T) {
	require.Equal(t, "0 calls", words.Count(0, "call"))
	require.Equal(t, "1 call", words.Count(1, "call"))
	require.Equal(t, "2 calls", words.Count(2, "call"))
}

func TestFirst(t *testing.T) {
	require.Equal(t, "", words.First(nil))
	require.Equal(t, "a, b", words.First([]string{"a", "b"}))
	require.Equal(t, "a, b, c, d, e, f, g, h and 1 more", words.First(strings.Split("abcdefghi", "")))
}
