package drive_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/conform/drive"
)

// shell is a POSIX shell with what the lines call; without it nothing can be repeated.
func shell(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"sh", "curl", "awk"} {
		if _, err := exec.LookPath(name); err != nil && os.Getenv("CI") != "" {
			require.NoError(t, err)
		} else if err != nil {
			t.Skipf("there is no %s, which people repeat exchanges with", name)
		}
	}
	return "sh"
}

// pasted runs a line in a shell and returns what it printed.
func pasted(t *testing.T, sh, line string, env ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, sh, "-c", line)
	cmd.Env, cmd.WaitDelay = append(os.Environ(), env...), time.Second
	out, err := cmd.CombinedOutput()
	if err != nil && ctx.Err() == nil && !strings.Contains(line, " -m ") {
		assert.NoError(t, err, "%s\n%s", line, out)
	}
	return string(out)
}

var statusLine = regexp.MustCompile(`HTTP/\S+ (\d+)`)

// TestLinesRepeat pastes a line of each row into a shell: it brings the same status, and
// the same answer as far as that has a code, whether the session that it was sent in is
// still there or not, with the server's token and somebody else's.
func TestLinesRepeat(t *testing.T) {
	sh := shell(t)
	for _, transport := range []string{guarded, conform.Stdio, conform.SSE} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			c := target(t, transport, "")
			c.Revisions = []string{conform.R2511, conform.R2026}
			c.Again.Header = map[string]string{"Authorization": "Bearer $MINE"}
			c.Again.Other = map[string]string{"Authorization": "Bearer $THEIRS"}
			env := []string{"MINE=mock-token", "THEIRS=other-token"}
			if transport == conform.Stdio {
				c.Again.Command = fmt.Sprintf("env %s= '%s'", serveMock, c.Command[0])
			}
			if transport != guarded { // each line waits for seconds: two will do
				c.Rows = slices.DeleteFunc(conform.Rows(), func(r conform.Row) bool {
					return !slices.Contains([]string{"R04", "S06"}, r.ID)
				})
				c.Revisions = c.Revisions[:1]
			}
			found, err := drive.Run(context.Background(), c)
			require.NoError(t, err)
			tried := 0
			for _, r := range found.Reports {
				seen := map[string]bool{}
				for _, e := range r.Exchanges {
					if seen[e.Row] || e.Reply.Broken != "" || e.Request.Streams {
						continue
					}
					seen[e.Row] = true
					tried++
					assert.NotContains(t, e.Line, "-token")
					got := pasted(t, sh, e.Line, env...)
					if e.Reply.Status != 0 && transport == guarded {
						all := statusLine.FindAllStringSubmatch(got, -1)
						if assert.NotEmpty(t, all, "%s %s: %s\n%s", r.Revision, e.Row, e.Line, got) {
							assert.Equal(t, fmt.Sprint(e.Reply.Status), all[len(all)-1][1], "%s %s: %s\n%s", r.Revision,
								e.Row, e.Line, got)
						}
					}
					if m := e.Reply.Answer(e.Request.Await); m != nil && m.Error != nil {
						assert.Contains(t, got, fmt.Sprintf(`"code":%s`, m.Error.Code), "%s: %s", e.Row, e.Line)
					} else if m != nil {
						assert.Contains(t, got, `"result":`, "%s: %s", e.Row, e.Line)
					}
				}
			}
			assert.Greater(t, tried, map[string]int{guarded: 80, conform.Stdio: 1, conform.SSE: 1}[transport])
		})
	}
}
