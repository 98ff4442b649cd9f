package drive_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"strconv"
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

// mortal is an input that ends the process at some text, or at so many lines: "#7".
type mortal struct {
	io.Reader
	at []byte

	lines int
}

// Read implements io.Reader.
func (m *mortal) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	m.lines += bytes.Count(p[:n], []byte("\n"))
	most, isCount := bytes.CutPrefix(m.at, []byte("#"))
	switch count, _ := strconv.Atoi(string(most)); {
	case isCount && m.lines >= count, !isCount && len(m.at) > 0 && bytes.Contains(p[:n], m.at):
		os.Exit(3)
	}
	return n, err
}

// TestBadRequestThatEndsTheProcess: what comes behind it is tried all the same, and it is held
// against the row that sends it where it has to be answered. What ends by itself, whatever it
// is sent, breaks no such row.
func TestBadRequestThatEndsTheProcess(t *testing.T) {
	for _, c := range []struct {
		at, revision string
		broken       []string
		judged       int
	}{
		{"mcpload/no-such-method", conform.R2511, []string{"R04", "S10"}, 45},
		{`{"jsonrpc":"2.0","id":1,"method":`, conform.R2511, []string{"R05-lines", "S10"}, 45},
		{"[{", conform.R2503, []string{"R09", "S10"}, 40},
		{"#9", conform.R2511, nil, 0},
	} {
		t.Run(c.at, func(t *testing.T) {
			config := target(t, conform.Stdio, "")
			config.Env = append(config.Env, serveUntil+"="+c.at)
			config.Revisions = []string{c.revision}
			found, err := drive.Run(context.Background(), config)
			require.NoError(t, err)
			r := found.Reports[0]
			judged, broken := 0, []string(nil)
			for _, f := range r.Findings {
				if f.State != conform.NotTestable {
					judged++
				}
				if f.State == conform.Fail {
					broken = append(broken, f.ID)
				}
			}
			assert.ElementsMatch(t, c.broken, broken)
			assert.GreaterOrEqual(t, judged, c.judged)
			if c.judged > 0 {
				assert.Empty(t, r.Ended)
			}
		})
	}
}
