package main

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/hint"
)

func TestErrorsAreSpokenWithoutTheirRooms(t *testing.T) {
	require.NoError(t, spoken(nil))
	err := spoken(fmt.Errorf("mcpload: %w", hint.New(fmt.Errorf("compare: the runs of load: differ: %w", io.ErrUnexpectedEOF), "take others")))
	require.EqualError(t, err, "the runs of load: differ: unexpected EOF")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, "take others", hint.Of(err))
	require.EqualError(t, spoken(errors.New("overload: none")), "overload: none")
}
