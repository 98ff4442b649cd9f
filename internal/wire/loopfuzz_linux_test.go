package wire

import (
	"context"
	"io"
	"log"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/mcpload/mcpload/history"
)

// A tester tries replies on a loop, byte for byte, without a server: the other
// end of the connection is the test itself.
type tester struct {
	t testing.TB
	s *Session
	l *Loop

	meanwhile func() // is called while a call is under way; nil: nothing is
}

func newTester(t testing.TB) *tester {
	log.SetOutput(io.Discard) // net/http tells there of what nobody asked for
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	s := dial(t, Options{Transport: HTTP, URL: playing(t, act{write: replies["json"]}), Protocol: "2025-11-25",
		Refusal: rateLimit, Client: "c1", Timeout: 5 * time.Second, Compressed: true})
	return &tester{t: t, s: s, l: newLoop(t, LoopConfig{}, s)}
}

// again makes the next call's id 2, and forgets strays.
func (x *tester) again() {
	x.s.lastID.Store(1)
	x.s.strays.mu.Lock()
	x.s.strays.kept, x.s.strays.count, x.s.strays.twice = nil, nil, nil
	x.s.strays.mu.Unlock()
}

// came is a call without its stamps, and the strays.
func (x *tester) came(c history.Call) came {
	require.LessOrEqual(x.t, c.Sent, c.Received)
	return timeless(x.s, c)
}

// pause does what is to be done while a call is under way.
func (x *tester) pause() {
	if x.meanwhile != nil {
		x.meanwhile()
	}
}

// plain reads a reply and the end of its connection as net/http does.
func (x *tester) plain(text string) came {
	x.again()
	call := history.Call{Arrival: echo, ID: x.s.lastID.Add(1)}
	q, err := x.s.era.Load().encode(call.ID, echo.Method, echo.Tool, echo.Arguments)
	require.NoError(x.t, err)
	r := &record{data: []byte(text), segs: []segment{{end: len(text)}}, end: io.EOF}
	ctx, cancel := context.WithTimeoutCause(x.t.Context(), 5*time.Second, errTimeout)
	defer cancel()
	x.pause()
	l := x.s.link.(*httpLink)
	l.takeOver(ctx, r, nil, q, nil, func(a answer) { x.s.judge(&call, l.follow(ctx, q, a)) })
	call.Sent = 0
	return x.came(call)
}

// fast has the loop read a reply in pieces, and then the end of the connection.
func (x *tester) fast(pieces ...string) came {
	x.again()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(x.t, err)
	x.l.open++
	require.NoError(x.t, x.l.adopt(fds[0]))
	var got *history.Call
	wake := make(chan struct{}, 1)
	x.l.Send(x.t.Context(), echo, func(c history.Call) { got = &c; wake <- struct{}{} })
	// The request is taken, or the end would be a reset.
	_, err = unix.Read(fds[1], make([]byte, 4096))
	require.NoError(x.t, err)
	x.pause()
	for _, p := range pieces {
		for len(p) > 0 {
			// Once the loop has made up its mind nobody may be there to read it.
			n, err := unix.SendmsgN(fds[1], []byte(p), nil, nil, unix.MSG_NOSIGNAL)
			if err != nil && err != unix.EAGAIN {
				break
			}
			p = p[max(n, 0):]
			require.NoError(x.t, x.l.Wait(x.t.Context(), 0, nil))
		}
	}
	require.NoError(x.t, unix.Close(fds[1]))
	for got == nil {
		require.NoError(x.t, x.l.Wait(x.t.Context(), math.MaxInt64, wake))
	}
	// The connection must not serve the next one.
	require.NoError(x.t, x.l.Wait(x.t.Context(), x.l.Now(), nil))
	require.Empty(x.t, x.l.idle)
	return x.came(*got)
}

// settled is a reply with the id in its place.
func settled(text string) string {
	return strings.ReplaceAll(strings.TrimSuffix(text, "END"), "ID", "2")
}

// TestLoopTakesAnyPieces: every reply, cut in two at every byte, comes to the
// same.
func TestLoopTakesAnyPieces(t *testing.T) {
	x := newTester(t)
	for name, text := range replies {
		text = settled(text)
		want := x.plain(text)
		for cut := 0; cut <= len(text) && len(text) < 1000; cut++ {
			require.Equal(t, want, x.fast(text[:cut], text[cut:]), "%s, cut at %d", name, cut)
		}
		if len(text) < 300 {
			require.Equal(t, want, x.fast(strings.Split(text, "")...), "%s, byte for byte", name)
		}
	}
}

// FuzzLoop: whatever a server sends, and in whatever pieces, the loop says of
// it what net/http and the plain path say.
func FuzzLoop(f *testing.F) {
	for _, text := range replies {
		if len(text) < 2000 {
			f.Add([]byte(settled(text)), uint16(0), uint16(7))
			f.Add([]byte(settled(text)[:len(settled(text))/2]), uint16(3), uint16(40))
		}
	}
	x := newTester(f)
	f.Fuzz(func(t *testing.T, reply []byte, a, b uint16) {
		if len(reply) > 8<<10 {
			return
		}
		x.t = t
		text := string(reply)
		i := int(a) % (len(text) + 1)
		j := i + int(b)%(len(text)-i+1)
		want := x.plain(text)
		require.Equal(t, want, x.fast(text[:i], text[i:j], text[j:]))
	})
}
