package export

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/apikey"
)

// The gate lets all pass or nothing.
func TestGate(t *testing.T) {
	const secret = "Zk93jdLs82jfQp01xxYYabcdEF77"
	var book apikey.Book
	book.Add(secret, "inconclusive")
	for _, spelt := range []string{secret, strings.ToUpper(secret),
		base64.StdEncoding.EncodeToString([]byte("x" + secret)), url.QueryEscape("/" + secret)} {
		var out bytes.Buffer
		w := &Gate{To: &out, Holds: book.Holds}
		for _, part := range []string{"a result that is inconclusive, ", spelt[:5], spelt[5:], " and more"} {
			_, err := io.WriteString(w, part)
			require.NoError(t, err)
		}
		require.ErrorIs(t, w.End(), ErrLeak)
		require.Empty(t, out.String())
	}
	var out bytes.Buffer
	g := &Gate{To: &out, Holds: book.Holds, Text: true}
	_, err := io.WriteString(g, "inconclusive \x1b[31mred\x1b[0m\x1b[2J\n::error::x\n")
	require.NoError(t, err)
	require.NoError(t, g.End())
	require.Equal(t, "inconclusive \x1b[31mred\x1b[0m?[2J\n: :error::x\n", out.String())
	// What is too long to hold is looked at in parts.
	out.Reset()
	g = &Gate{To: &out, Holds: book.Holds}
	filler := []byte(strings.Repeat("an ordinary line of a result\n", mostHeld/2/29))
	for range 3 {
		_, err = g.Write(filler)
		require.NoError(t, err)
	}
	_, err = io.WriteString(g, secret)
	require.NoError(t, err)
	require.ErrorIs(t, g.End(), ErrLeak)
	require.NotContains(t, out.String(), secret)
	require.NotEmpty(t, out.String())
}
