package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// dialling is an error as net gives it for a connection that can't be opened.
func dialling(call string, errno syscall.Errno) error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError(call, errno)}
}

// What we ran out of is never an error of the server's; what looks like it, and
// is the server's, stays so.
func TestWhatWeRanOutOf(t *testing.T) {
	for _, row := range []struct {
		name    string
		err     error
		wrote   bool
		outcome history.Outcome
		detail  string
	}{
		{"open files", dialling("socket", syscall.EMFILE), false, history.Unsent, "we ran out of open files (too " +
			"many open files)"},
		{"the machine's files", dialling("socket", syscall.ENFILE), false, history.Unsent, "we ran out of open files " +
			"on this machine ("},
		{"ports", dialling("connect", syscall.EADDRNOTAVAIL), false, history.Unsent, "we ran out of local ports or " +
			"addresses ("},
		{"memory", fmt.Errorf("more: %w", syscall.ENOMEM), false, history.Unsent, "we ran out of memory ("},
		{"buffers, after it left", syscall.ENOBUFS, true, history.Unknown, "we ran out of memory for sockets ("},
		{"files, for a name's address", &net.OpError{Op: "dial", Err: &net.DNSError{Name: "example",
			Err: "dial udp 127.0.0.1:53: socket: too many open files"}}, false, history.Unsent,
			"we ran out of open files ("},
		{"an unknown name", &net.OpError{Op: "dial", Err: &net.DNSError{Name: "example", Err: "no such host"}}, false,
			history.Broken, "unknown host example"},
		{"refused", dialling("connect", syscall.ECONNREFUSED), false, history.Broken, "connection refused"},
		{"a full queue of the server's", dialling("connect", syscall.EAGAIN), false, history.TimedOut,
			"no connection in time"},
		{"reset", syscall.ECONNRESET, true, history.Broken, "connection reset by peer"},
		{"closed", io.EOF, true, history.Broken, "the connection was closed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := &Session{}
			call := history.Call{}
			s.judge(&call, answer{fault: netFault(context.Background(), row.err), wrote: row.wrote})
			assert.Equal(t, row.outcome, call.Outcome, call.Detail)
			assert.Contains(t, call.Detail, row.detail)
			what, ours := WeRanOut(&call)
			assert.Equal(t, row.outcome == history.Unsent || row.outcome == history.Unknown, ours)
			if ours {
				assert.Equal(t, call.Detail, what)
			}
		})
	}
	_, ours := WeRanOut(&history.Call{Outcome: history.Rejected, Detail: "we ran out of open files: so says " +
		"the server"})
	require.False(t, ours, "what a server says is its own")
}

// A session that can't be opened for want of files of ours says so.
func TestADialThatRanOut(t *testing.T) {
	s := &Session{o: Options{URL: "http://127.0.0.1:9/mcp"}}
	e := s.failure("initialize", history.Call{}, answer{fault: netFault(context.Background(),
		dialling("socket", syscall.EMFILE))})
	require.Equal(t, RanOut, e.Kind)
	require.Contains(t, e.Sentence(), "cannot reach ")
	require.Contains(t, e.Sentence(), "we ran out of open files")
	require.Contains(t, hint(e, s.o), "ulimit -Hn")

	e = notStarted(ProcessOptions{Command: []string{"python"}}, &os.PathError{Op: "fork/exec", Err: syscall.EAGAIN})
	require.Equal(t, RanOut, e.Kind)
	require.Contains(t, e.Sentence(), "we ran out of processes")
	e = notStarted(ProcessOptions{Command: []string{"python"}},
		errors.Join(os.NewSyscallError("pipe2", syscall.EMFILE)))
	require.Equal(t, RanOut, e.Kind)
	e = notStarted(ProcessOptions{Command: []string{"python"}}, syscall.ENOEXEC)
	require.Equal(t, NotStarted, e.Kind)
}
