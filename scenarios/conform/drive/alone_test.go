package drive_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/conform/drive"
)

// TestOneBreachIsHeldAgainstOneRow: a breach that spoils the control of other rows isn't held
// against them.
func TestOneBreachIsHeldAgainstOneRow(t *testing.T) {
	for _, c := range []struct{ fault, revision, row string }{
		{"list-for-ping", conform.R2511, "L06"},
		{"ids-as-text", conform.R2511, "R01"},
		{"ids-as-text", conform.R2026, "R01"},
		{"no-ping", conform.R2511, "L06"},
		{"empty-ping", conform.R2511, "L06"},
		{"version-demanded", conform.R2503, "L06"},
	} {
		t.Run(c.fault+" "+c.revision, func(t *testing.T) {
			t.Parallel()
			config := target(t, conform.HTTP, c.fault)
			config.Revisions = []string{c.revision}
			found, err := drive.Run(context.Background(), config)
			require.NoError(t, err)
			var broken []string
			for _, f := range found.Reports[0].Findings {
				if f.State == conform.Fail {
					broken = append(broken, f.ID)
				}
			}
			assert.Equal(t, []string{c.row}, broken)
			if c.row == "L06" && c.fault != "list-for-ping" { // which is no result to right requests
				assert.Contains(t, found.Reports[0].Ended, "right requests had no result")
			}
		})
	}
}

// serveUntil names what ends this test's program, when it serves as a mock and reads that.
const serveUntil = "CONFORM_TEST_SERVE_UNTIL"

// mortal is an input that ends the process at some text.
type mortal struct {
	io.Reader
	at []byte
}

// Read implements io.Reader.
func (m mortal) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	if len(m.at) > 0 && bytes.Contains(p[:n], m.at) {
		os.Exit(3)
	}
	return n, err
}

// TestBadRequestThatEndsTheProcess: what comes behind it is tried all the same.
func TestBadRequestThatEndsTheProcess(t *testing.T) {
	c := target(t, conform.Stdio, "")
	c.Env = append(c.Env, serveUntil+"=mcpload/no-such-method")
	c.Revisions = []string{conform.R2511}
	found, err := drive.Run(context.Background(), c)
	require.NoError(t, err)
	r := found.Reports[0]
	assert.Empty(t, r.Ended)
	judged, broken := 0, []string(nil)
	for _, f := range r.Findings {
		if f.State != conform.NotTestable {
			judged++
		}
		if f.State == conform.Fail {
			broken = append(broken, f.ID)
		}
	}
	assert.Equal(t, []string{"S10"}, broken)
	assert.GreaterOrEqual(t, judged, 45)
}
