//go:build unix

package wire

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A sink is written to from several goroutines.
type sink struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// A caller may talk to a process by itself, see what it writes as it comes, and
// learn its status.
func TestProcessIsSpokenTo(t *testing.T) {
	var out, errs sink
	p, err := StartProcess(t.Context(), ProcessOptions{Command: []string{"sh", "-c", "read -r a; echo got $a; echo " +
		"why >&2; read -r b || exit 7"},
		Input: true, Stdout: &out, Stderr: &errs})
	require.NoError(t, err)
	_, ended := p.ExitStatus()
	require.False(t, ended)
	_, err = io.WriteString(p.Input(), "this\n")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return out.String() == "got this\n" && errs.String() == "why\n" },
		10*time.Second, time.Millisecond)
	stdout, stderr := p.Output()
	require.Equal(t, "got this\n why\n", string(stdout)+" "+string(stderr), "what is watched is kept as well")
	require.NoError(t, p.Stop(t.Context())) // closes stdin
	code, ended := p.ExitStatus()
	require.True(t, ended)
	require.Equal(t, 7, code)
}

func TestProcessKilledHasNoStatus(t *testing.T) {
	p, err := StartProcess(t.Context(), ProcessOptions{Command: []string{"sleep", "60"}})
	require.NoError(t, err)
	require.Nil(t, p.Input())
	require.NoError(t, p.Stop(t.Context()))
	code, ended := p.ExitStatus()
	require.True(t, ended)
	require.Equal(t, -1, code)
}

// A tap sees the bodies of all replies, whatever becomes of them.
func TestTap(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short and stout")
	}))
	defer s.Close()
	var tap sink
	_, err := Dial(t.Context(), Options{Transport: HTTP, URL: s.URL, Tap: &tap, Timeout: 5 * time.Second})
	require.Error(t, err)
	require.Contains(t, tap.String(), "short and stout")
}
