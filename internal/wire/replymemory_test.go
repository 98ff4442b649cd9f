package wire

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

func TestReplyMemory(t *testing.T) {
	m := NewReplyMemory(1 << 20)
	a, b := holding{of: m}, holding{of: m}
	require.Nil(t, a.take(readBuffers), "what fits into a buffer is free")
	require.Zero(t, m.held.Load())
	require.Nil(t, a.take(700_000))
	require.Nil(t, a.take(600_000), "it never shrinks by taking")
	require.Nil(t, b.take(300_000))
	f := b.take(400_000)
	require.NotNil(t, f)
	require.Equal(t, Overfull, f.kind)
	require.True(t, strings.HasPrefix(f.detail, OurLimit), f.detail)
	require.Equal(t, int64(1), m.Unread())
	require.Equal(t, int64(1_000_000), m.held.Load(), "what was there stays")
	a.free()
	require.Nil(t, b.take(400_000))
	b.free()
	b.free()
	require.Zero(t, m.held.Load())
	require.Equal(t, int64(DefaultReplyMemory), NewReplyMemory(0).Limit())
	require.Nil(t, (&holding{}).take(1<<40), "no bound")
}

func TestReadBounded(t *testing.T) {
	for _, size := range []int{0, 1, 511, 512, 513, 99_999, 100_000, 100_001, 300_000} {
		text := bytes.Repeat([]byte("x"), size)
		for _, in := range []io.Reader{bytes.NewReader(text), iotest.OneByteReader(bytes.NewReader(text)),
			iotest.DataErrReader(bytes.NewReader(text))} {
			got, full, err := readBounded(in, 100_000, &holding{of: NewReplyMemory(0)})
			require.NoError(t, err)
			require.Nil(t, full)
			require.Len(t, got, min(size, 100_001))
		}
	}
	_, _, err := readBounded(iotest.ErrReader(io.ErrUnexpectedEOF), 10, &holding{})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// TestRepliesInFlightAreBounded: replies that would hold more than they may aren't
// read to their end, on both paths and in every form; that is told as our limit,
// all memory is given back, and the next call goes well.
func TestRepliesInFlightAreBounded(t *testing.T) {
	const big = 900_000
	padding := strings.Repeat(" ", big)
	for _, row := range []struct {
		name string
		loop bool
		say  func(w http.ResponseWriter, p posted)
	}{
		{"json", false, func(w http.ResponseWriter, p posted) {
			reply(w, `{"jsonrpc":"2.0","id":%s,"result":%s%s}`, p.ID, padding, okResult)
		}},
		{"json, fast", true, func(w http.ResponseWriter, p posted) {
			w.Header().Set("Content-Length", fmt.Sprint(big+len(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`,
				p.ID, okResult))))
			reply(w, `{"jsonrpc":"2.0","id":%s,"result":%s%s}`, p.ID, padding, okResult)
		}},
		{"longer than the fast path reads", true, func(w http.ResponseWriter, p posted) {
			reply(w, `{"jsonrpc":"2.0","id":%s,"result":%s%s}`, p.ID, padding+padding, okResult)
		}},
		{"events", false, func(w http.ResponseWriter, p posted) {
			events(w, "data: "+padding+
				message200(p.ID, okResult)[22:])
		}},
		{"events, fast", true, func(w http.ResponseWriter, p posted) {
			events(w, "data: "+padding+
				message200(p.ID, okResult)[22:])
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var huge sync.Mutex
			small := false
			server := serve(t, func(w http.ResponseWriter, _ *http.Request, p posted) {
				huge.Lock()
				defer huge.Unlock()
				if small {
					reply(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, p.ID, okResult)
					return
				}
				row.say(w, p)
			})
			m := NewReplyMemory(400_000)
			s := dial(t, Options{Transport: HTTP, URL: server.URL, Protocol: "2025-11-25", Client: "c1",
				Timeout: 20 * time.Second, Memory: m})
			c := oneCall(t, s, row.loop, echo)
			require.Equal(t, history.Unknown, c.Outcome, c.Detail)
			require.True(t, strings.HasPrefix(c.Detail, OurLimit), c.Detail)
			require.Equal(t, int64(1), m.Unread())
			huge.Lock()
			small = true
			huge.Unlock()
			require.Equal(t, history.OK, oneCall(t, s, row.loop, echo).Outcome)
			require.Eventually(t, func() bool { return m.held.Load() == 0 }, 5*time.Second, time.Millisecond)

			huge.Lock()
			small, m.limit = false, 100<<20
			huge.Unlock()
			require.Equal(t, history.OK, oneCall(t, s, row.loop, echo).Outcome, "where there is room")
			require.Eventually(t, func() bool { return m.held.Load() == 0 }, 5*time.Second, time.Millisecond)
		})
	}
}

// Over stdio nobody knows whose line it was: all calls that wait end.
func TestLinesAreBounded(t *testing.T) {
	for _, loop := range []bool{false, true} {
		o := childOptions("long")
		o.Memory = NewReplyMemory(1 << 20)
		s := dial(t, o)
		c := oneCall(t, s, loop, echo)
		require.Equal(t, history.Unknown, c.Outcome, c.Detail)
		require.True(t, strings.HasPrefix(c.Detail, OurLimit), c.Detail)
		require.Zero(t, o.Memory.held.Load())
	}
}
