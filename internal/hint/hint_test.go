package hint_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/hint"
)

func TestAHintIsFound(t *testing.T) {
	plain := errors.New("no server is named")
	require.Empty(t, hint.Of(plain))
	require.Empty(t, hint.Of(nil))
	err := hint.New(plain, "name one")
	require.Equal(t, "no server is named", err.Error())
	require.ErrorIs(t, err, plain)
	require.Equal(t, "name one", hint.Of(fmt.Errorf("run: %w", err)))
	require.Empty(t, hint.Of(hint.New(err, "")), "the outer one counts")
}
