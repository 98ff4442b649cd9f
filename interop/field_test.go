//go:build field

package interop

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A limiter is one that real servers have, and what must come out of it.
type limiter struct {
	id    string // of the list of cases
	what  string
	start func(t *testing.T) []string // returns the flags that reach it
	steps []step
}

// A step is one command, on a server of its own.
type step struct {
	args   string   // words, as in a shell without quotes but '…'
	status []int    // exit statuses that are right
	says   []string // patterns, each of which the output must have
	never  []string // patterns that no attempt's output may have: a wrong name, a false fail
}

// The statuses, as steps name them.
var (
	passes    = []int{0}
	open      = []int{0, 3} // not failed: a busy machine leaves a run open now and then
	undecided = []int{3}
	fails     = []int{1}
)

// attempts is how often a step is tried: on a busy machine a run stays open.
const attempts = 3

// TestField runs every limiter, side by side: they mostly wait.
func TestField(t *testing.T) {
	list := slices.Concat(handmade(), hints(), refusals(), units(), librarian())
	seen := map[string]bool{}
	t.Run("limiters", func(t *testing.T) { // it ends when all have
		for _, l := range list {
			seen[l.id] = true
			t.Run(l.id+" "+l.what, func(t *testing.T) {
				t.Parallel()
				require.NotEmpty(t, l.steps)
				for _, s := range l.steps {
					l.try(t, s)
				}
			})
		}
	})
	const cases = 42
	for n := 1; n <= cases; n++ {
		id := fmt.Sprintf("L%02d", n)
		require.True(t, seen[id], "%s isn't tried", id)
	}
	for id, why := range left {
		t.Logf("%s is left out: %s", id, why)
	}
	require.False(t, t.Failed(), "some don't come out as they are")
	t.Logf("of %d limiters, %d come out as their steps say", cases, cases-len(left))
}

// left are cases that can't come out as they are, and why. What mcpload says of them is
// tried all the same, so that it is never wrong.
var left = map[string]string{
	"L05": "admitted calls prolong the window of the library as well, which no law says: a probe leaves it open",
}

func (l limiter) try(t *testing.T, s step) {
	var last string
	for n := range attempts {
		status, text := output(t, append(words(s.args), l.start(t)...)...)
		last = text
		for _, pattern := range s.never {
			require.NotRegexp(t, pattern, text, s.args)
		}
		if s.right(status, text) {
			t.Logf("%s: %d, attempt %d", s.args, status, n+1)
			return
		}
		if status == 1 && !slices.Contains(s.status, 1) { // what fails isn't excused by the machine
			break
		}
		time.Sleep(time.Second)
	}
	require.Fail(t, "it doesn't come out as it should", "mcpload %s\nwanted %v %q\n%s", s.args, s.status, s.says, last)
}

func (s step) right(status int, text string) bool {
	for _, pattern := range s.says {
		if !regexp.MustCompile(pattern).MatchString(text) {
			return false
		}
	}
	return slices.Contains(s.status, status)
}

// words splits a line at its spaces, but not those between single quotes.
func words(line string) (list []string) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			list = append(list, part)
		} else {
			list = append(list, strings.Fields(part)...)
		}
	}
	return list
}

// output runs the program and returns its status and all that it says, on one line.
func output(t *testing.T, args ...string) (int, string) {
	cmd := exec.Command(built(t, root(t, ""), "./cmd/mcpload"), args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "MCPLOAD_RESULTS="+cmd.Dir)
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	err := cmd.Run()
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) {
		require.NoError(t, err)
	}
	return cmd.ProcessState.ExitCode(), strings.Join(strings.Fields(text.String()), " ")
}
