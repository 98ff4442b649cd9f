//go:build unix

package wire

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

func TestStdioAnswers(t *testing.T) {
	s := dial(t, childOptions("plain"))
	require.Equal(t, Stdio, s.Transport())
	require.Equal(t, "2025-06-18", s.Protocol(), "the server's counter-offer")
	require.Equal(t, "child", s.ServerName())
	calls := s.Handshake()
	require.Len(t, calls, 3)
	require.Equal(t, "server/discover", calls[0].Method)
	require.Equal(t, history.Rejected, calls[0].Outcome)
	require.Equal(t, "initialize", calls[1].Method)
	require.Equal(t, history.OK, calls[1].Outcome)
	require.Equal(t, "notifications/initialized", calls[2].Method)
	require.Equal(t, history.Notification, calls[2].Kind)
	require.Equal(t, history.Unknown, calls[2].Outcome)
	for _, c := range calls {
		require.Equal(t, "handshake", c.Label)
		require.Equal(t, "c1", c.Client)
	}
	c := s.Exchange(t.Context(), echo)
	require.Equal(t, history.OK, c.Outcome, c.Detail)
	require.Equal(t, int64(3), c.ID)
	require.Positive(t, c.Service())
	require.Empty(t, s.Strays())
}

func TestStdioModern(t *testing.T) {
	s := dial(t, childOptions("modern"))
	require.Equal(t, "2026-07-28", s.Protocol())
	require.Equal(t, "modern", s.ServerName())
	require.Len(t, s.Handshake(), 1)
	require.Equal(t, history.OK, s.Exchange(t.Context(), echo).Outcome)
}

func TestStdioRestartsAfterProbe(t *testing.T) {
	s := dial(t, childOptions("dies-of-discover"))
	calls := s.Handshake()
	require.Len(t, calls, 3)
	require.Equal(t, history.Broken, calls[0].Outcome)
	require.Equal(t, "server exited: exit status 1", calls[0].Detail)
	require.Equal(t, history.OK, s.Exchange(t.Context(), echo).Outcome)
}

// A server of the stateless era that is too slow for the probe is not taken
// for one of the session era.
func TestStdioSlowModern(t *testing.T) {
	o := childOptions("slow-modern")
	o.Timeout = 600 * time.Millisecond
	s := dial(t, o)
	require.Equal(t, "2026-07-28", s.Protocol())
	var outcomes []history.Outcome
	for _, c := range s.Handshake() {
		outcomes = append(outcomes, c.Outcome)
	}
	require.Equal(t, []history.Outcome{history.TimedOut, history.Rejected, history.OK}, outcomes)
	require.Len(t, s.Strays(), 1)
	require.Equal(t, Late, s.Strays()[0].Kind)
}

// Many calls at once share one pipe, and each gets its own response, whatever
// the order.
func TestStdioPipelined(t *testing.T) {
	s := dial(t, childOptions("reversed"))
	var wg sync.WaitGroup
	calls := make([]history.Call, 100)
	for i := range calls {
		wg.Go(func() { calls[i] = s.Exchange(t.Context(), echo) })
	}
	wg.Wait()
	count := map[history.Outcome]int{}
	ids := map[int64]bool{}
	for _, c := range calls {
		count[c.Outcome]++
		ids[c.ID] = true
	}
	require.Equal(t, map[history.Outcome]int{history.OK: 50, history.ToolError: 50}, count)
	require.Len(t, ids, 100)
	require.Empty(t, s.Strays())
}

func TestStdioBanner(t *testing.T) {
	s := dial(t, childOptions("banner"))
	strays := s.Strays()
	require.Len(t, strays, 2)
	require.Equal(t, NotMCP, strays[0].Kind)
	require.Equal(t, "Welcome to the server!", strays[0].Text)
	require.Equal(t, 2, strays[0].Count)
	require.Equal(t, history.OK, s.Exchange(t.Context(), echo).Outcome)
}

func TestStdioDies(t *testing.T) {
	s := dial(t, childOptions("dies"))
	require.Equal(t, history.OK, s.Exchange(t.Context(), echo).Outcome)
	require.Equal(t, history.OK, s.Exchange(t.Context(), echo).Outcome)
	c := s.Exchange(t.Context(), echo)
	require.Equal(t, history.Broken, c.Outcome)
	require.Equal(t, "server exited: exit status 7", c.Detail)
	require.Greater(t, c.Received, c.Sent)
	later := s.Exchange(t.Context(), echo)
	require.Equal(t, history.Broken, later.Outcome)
	require.Equal(t, "server exited: exit status 7", later.Detail)
	require.Equal(t, later.Sent, later.Received)
	status, ok := s.Exited()
	require.True(t, ok)
	require.Equal(t, "exit status 7", status)
}

func TestStdioHangs(t *testing.T) {
	o := childOptions("hangs")
	o.Timeout = 300 * time.Millisecond
	o.Protocol = "2025-06-18"
	s := dial(t, o)
	c := s.Exchange(t.Context(), echo)
	require.Equal(t, history.TimedOut, c.Outcome)
	require.GreaterOrEqual(t, c.Service(), o.Timeout-c.Sent/10)
	require.Eventually(t, func() bool {
		return strings.Contains(string(s.Stderr()), fmt.Sprintf(`"requestId":%d`, c.ID))
	}, 5*time.Second, 5*time.Millisecond, "no notifications/cancelled came")
}

// A server that does not read its stdin blocks the pipe. The call that filled
// it and those behind it time out, and closing still works.
func TestStdioDeaf(t *testing.T) {
	o := childOptions("deaf")
	o.Protocol = "2025-06-18"
	s := dial(t, o)
	s.o.Timeout = 500 * time.Millisecond
	big := echo
	big.Arguments = fmt.Appendf(nil, `{"text":%q}`, strings.Repeat("x", 3<<20))
	var wg sync.WaitGroup
	calls := make([]history.Call, 3)
	for i := range calls {
		wg.Go(func() { calls[i] = s.Exchange(t.Context(), big) })
	}
	wg.Wait()
	unread := 0
	for _, c := range calls {
		require.Equal(t, history.TimedOut, c.Outcome, c.Detail)
		if strings.Contains(c.Detail, "does not read its stdin") {
			unread++
		}
	}
	require.GreaterOrEqual(t, unread, 1)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.NoError(t, s.Close(ctx))
}

func TestStdioTwice(t *testing.T) {
	s := dial(t, childOptions("twice"))
	calls := []history.Call{s.Exchange(t.Context(), echo), {ID: 3, Arrival: history.Arrival{Client: "other"},
		Outcome: history.OK}}
	require.Equal(t, history.OK, calls[0].Outcome, "the second response has not come yet")
	require.Eventually(t, func() bool { return len(s.Strays()) == 1 }, 5*time.Second, time.Millisecond)
	require.Equal(t, Duplicate, s.Strays()[0].Kind)
	require.Equal(t, calls[0].ID, s.Strays()[0].ID)
	s.Amend(calls)
	require.Equal(t, history.Broken, calls[0].Outcome)
	require.Contains(t, calls[0].Detail, "two responses")
	require.Equal(t, history.OK, calls[1].Outcome, "another client's call is not ours to amend")
}

func TestStdioWrongID(t *testing.T) {
	o := childOptions("wrong-id")
	o.Protocol = "2025-06-18"
	o.Timeout = 400 * time.Millisecond
	s := dial(t, o)
	c := s.Exchange(t.Context(), echo)
	require.Equal(t, history.TimedOut, c.Outcome, "the string 02 is not the number 2")
	kinds := map[StrayKind]int{}
	for _, x := range s.Strays() {
		kinds[x.Kind]++
	}
	require.Equal(t, map[StrayKind]int{UnknownID: 2, NoID: 1}, kinds)
}

func TestStdioServerRequests(t *testing.T) {
	s := dial(t, childOptions("pings"))
	require.Equal(t, history.OK, s.Exchange(t.Context(), echo).Outcome)
	require.Eventually(t, func() bool { return strings.Contains(string(s.Stderr()), `answered "p1" {}`) },
		5*time.Second, 5*time.Millisecond)
	require.Empty(t, s.Strays())
}

// TestStdioAnswersWaitForTheServer: one that reads slowly gets them all the same.
func TestStdioAnswersWaitForTheServer(t *testing.T) {
	l := &stdioLink{out: make(chan frame), quit: make(chan struct{})}
	go func() {
		time.Sleep(300 * time.Millisecond)
		f := <-l.out
		f.sent.set(1)
		f.tell(2)
	}()
	a := l.reply(t.Context(), request{body: []byte("{}")})
	require.Equal(t, answer{sent: 1, wrote: true, received: 2}, a)
	close(l.quit)
	require.Equal(t, answer{}, l.reply(t.Context(), request{}))
}

func TestStdioLongLine(t *testing.T) {
	s := dial(t, childOptions("long"))
	c := s.Exchange(t.Context(), echo)
	require.Equal(t, history.OK, c.Outcome, c.Detail)
	require.Len(t, s.Strays(), 1)
	require.Contains(t, s.Strays()[0].Text, "longer than")
}

func TestStdioNotification(t *testing.T) {
	s := dial(t, childOptions("plain"))
	c := s.Exchange(t.Context(), history.Arrival{Client: "c1", Method: "notifications/roots/list_changed"})
	require.Equal(t, history.Unknown, c.Outcome)
	require.Zero(t, c.ID)
}

func TestStdioCancelled(t *testing.T) {
	s := dial(t, childOptions("hangs"))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	c := s.Exchange(ctx, echo)
	require.Equal(t, history.Unknown, c.Outcome, "the server may have seen it")
	require.Equal(t, history.Unsent, s.Exchange(ctx, echo).Outcome)
}

func TestStdioCloseKillsGroup(t *testing.T) {
	for _, mode := range []string{"grandchild", "stubborn"} {
		t.Run(mode, func(t *testing.T) {
			s, err := Dial(t.Context(), childOptions(mode))
			require.NoError(t, err)
			pid := s.process.PID()
			if mode == "grandchild" {
				require.Eventually(t, func() bool {
					n, _ := fmt.Sscanf(string(s.Stderr()), "grandchild %d", &pid)
					return n == 1
				}, 5*time.Second, 5*time.Millisecond)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			require.NoError(t, s.Close(ctx))
			require.Eventually(t, func() bool { return gone(pid) }, 5*time.Second, 10*time.Millisecond)
			status, ok := s.Exited()
			require.True(t, ok)
			if mode == "stubborn" {
				require.Equal(t, "signal: killed", status)
			}
			require.Equal(t, history.Unsent, s.Exchange(t.Context(), echo).Outcome)
		})
	}
}

// gone reports if a process is dead; one that nobody has waited for counts.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func TestStdioDialErrors(t *testing.T) {
	e := dialFails(t, childOptions("exit"))
	require.Equal(t, Exited, e.Kind)
	require.Contains(t, e.Error(), "ended before it answered: server exited: exit status 3")
	require.Contains(t, string(e.Stderr), "no key given")
	require.NotEmpty(t, e.Hint)

	e = dialFails(t, Options{Transport: Stdio, Command: []string{"no-such-program-here"}})
	require.Equal(t, NotStarted, e.Kind)
	require.Equal(t, "wire: cannot start no-such-program-here: no such program", e.Error())

	o := childOptions("plain")
	o.Dir = "/no/such/dir"
	e = dialFails(t, o)
	require.Equal(t, NotStarted, e.Kind)
	require.Contains(t, e.Detail, `no such directory "/no/such/dir"`)

	o = childOptions("cat")
	o.Timeout = 200 * time.Millisecond
	begin := time.Now()
	e = dialFails(t, o)
	require.Equal(t, TimedOut, e.Kind)
	require.Len(t, e.Calls, 3, "server/discover, initialize and a cancellation")
	require.Less(t, time.Since(begin), 20*time.Second)
}

func TestStdioStderrTail(t *testing.T) {
	s := dial(t, childOptions("noisy"))
	require.Eventually(t, func() bool { return strings.HasSuffix(string(s.Stderr()), "the end") }, 5*time.Second,
		5*time.Millisecond)
	require.Len(t, s.Stderr(), tailSize)
}

// A child that is gone before anything is written to it has spoken all the same. With one thread the
// writer meets its closed stdin before the reader has read a byte.
func TestStdioLastWordsBeforeAClosedStdin(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for range 20 {
		var said bytes.Buffer
		o := childOptions("")
		o.Command, o.Tap = []string{"/bin/sh", "-c", "exec 0<&-; echo the last words; exit 4"}, &said
		o, err := o.checked()
		require.NoError(t, err)
		p, err := startProcess(t.Context(), ProcessOptions{Command: o.Command}, true)
		require.NoError(t, err)
		<-p.done
		s := Session{o: o}
		l := newStdioLink(p, &mailbox{issued: s.issued, strays: &s.strays}, o, s.newAnswerer(1), s.cancelled)
		a := l.exchange(t.Context(), request{id: 1, method: "ping", body: []byte("{}")})
		require.Equal(t, "server exited: exit status 4", a.fault.detail)
		require.NoError(t, l.close(t.Context()))
		require.Equal(t, "the last words\n", said.String())
	}
}
