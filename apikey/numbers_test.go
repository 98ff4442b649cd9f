package apikey_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/apikey"
)

// TestNumbersThatSpellACredential: as JavaScript writes an array of bytes as an object, as
// od -b prints them, and as entities with more zeros than anybody needs.
func TestNumbersThatSpellACredential(t *testing.T) {
	const value = "Zk93jdLs82jf" + "Qp01xxYYabcdEF77mNb4"
	var index, octal, entities strings.Builder
	for i, c := range []byte(value) {
		fmt.Fprintf(&index, `,"%d":%d`, i, c)
		fmt.Fprintf(&octal, " %03o", c)
		fmt.Fprintf(&entities, "&#x%022x;", c)
	}
	r := apikey.NewRedactor(value)
	for _, spelt := range []string{index.String()[1:], octal.String()[1:], entities.String()} {
		out := r.Redact("bad key: {" + spelt + "}")
		require.Contains(t, out, "[redacted]")
		require.Less(t, len(out), 40, out)
	}
}
