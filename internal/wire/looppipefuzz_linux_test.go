package wire

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/history"
)

// lineStreams are what children may write in answer to the calls 1, 2 and 3,
// before they end.
var lineStreams = map[string]string{
	"nothing":          "",
	"all well":         answered(1) + answered(2) + answered(3),
	"the last unended": answered(1) + answered(2) + strings.TrimSuffix(answered(3), "\n"),
	"backwards":        answered(3) + answered(2) + answered(1),
	"crlf":             strings.ReplaceAll(answered(1)+answered(2)+answered(3), "\n", "\r\n"),
	"many returns":     strings.ReplaceAll(answered(1), "\n", "\r\r\r\n") + answered(2) + answered(3),
	"empty lines":      "\n\r\n" + answered(1) + "\n\n" + answered(2) + "   \n" + answered(3),
	"a banner":         "Welcome!\n" + answered(1) + "INFO " + answered(2) + answered(2) + answered(3),
	"cut short":        answered(1) + answered(2)[:30],
	"a notification": `{"jsonrpc":"2.0","method":"notifications/message","params":{}}` + "\n" + answered(1) +
		answered(2) + answered(3),
	"a ping between": answered(1) + `{"jsonrpc":"2.0","id":1,"method":"ping"}` + "\n" + answered(2) +
		answered(3),
	"an unknown request": answered(1) + `{"jsonrpc":"2.0","id":"x","method":"roots/list"}` + "\n" + answered(2) +
		answered(3),
	"twice":           answered(1) + answered(1) + answered(2) + answered(3) + answered(2),
	"the same thrice": answered(2) + answered(2) + answered(2),
	"nobody's":        answered(1) + answered(4) + answered(99) + answered(0) + answered(-1) + answered(2),
	"no id": `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}` + "\n" +
		answered(1),
	"ids as text": strings.ReplaceAll(answered(1), `:1,`, `:"1",`) + answered(2),
	"ids with a point": strings.ReplaceAll(answered(1), `:1,`, `:1.0,`) + strings.ReplaceAll(answered(2), `:2,`,
		`:2e0,`),
	"ids padded": strings.ReplaceAll(answered(1), `:1,`, `:01,`) + strings.ReplaceAll(answered(2), `:2,`,
		`: 2 ,`),
	"huge id":       strings.ReplaceAll(answered(1), `:1,`, `:18446744073709551617,`),
	"two on a line": strings.TrimSuffix(answered(1), "\n") + answered(2) + answered(3),
	"a batch": "[" + strings.TrimSuffix(answered(1), "\n") + "," + strings.TrimSuffix(answered(2), "\n") +
		"]\n" + answered(3),
	"a refusal": `{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"Rate limit exceeded","data":{"retry_after":2}}}` + "\n" + answered(2) + answered(3),
	"an error": `{"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"bad"}}` + "\n" + answered(1) +
		answered(3),
	"a tool's error": strings.ReplaceAll(answered(1), `{"content"`, `{"isError":true,"content"`) + answered(2) +
		answered(3),
	"a refusal in disguise": strings.ReplaceAll(answered(3), `"hi"`, `"{\"error\":\"rate limit\"}"`) + answered(1),
	"neither":               `{"jsonrpc":"2.0","id":1}` + "\n" + answered(2) + answered(3),
	"both": `{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"m"}}` + "\n" +
		answered(2),
	"another version": strings.ReplaceAll(answered(1), "2.0", "1.0") + answered(2),
	"a nul":           strings.ReplaceAll(answered(1), "\n", "\x00\n") + answered(2),
	"a nul instead":   strings.ReplaceAll(answered(1), "\n", "\x00") + answered(2) + answered(3),
	"escaped names":   strings.ReplaceAll(answered(1), `"result"`, `"r\u0065sult"`) + answered(2),
	"a member twice":  strings.ReplaceAll(answered(1), `"id":1,`, `"id":1,"id":2,`) + answered(3),
	"long": strings.ReplaceAll(answered(1), `"hi"`, `"`+strings.Repeat("hi", 70_000)+`"`) +
		answered(2) + answered(3),
	"too deep": strings.ReplaceAll(answered(1), `"hi"`, strings.Repeat("[", 600)+strings.Repeat("]",
		600)) + answered(2),
}

// answered is the reply to a call, as a line.
func answered(id int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"result":%s}`, id, okResult) + "\n"
}

// A feigned child is the test itself, at the other ends of a session's pipes.
type feigned struct {
	s    *Session
	link *stdioLink
	in   *bufio.Reader // what the session writes
	pipe *os.File      // the same, without a buffer
	out  *os.File
	once sync.Once
	shut sync.Once
}

// feign returns a session whose handshake is over, with a child that isn't one.
func feign(t testing.TB, timeout time.Duration) *feigned {
	in, stdin, err := os.Pipe()
	require.NoError(t, err)
	stdout, out, err := os.Pipe()
	require.NoError(t, err)
	start := time.Now()
	s := &Session{transport: Stdio, o: Options{Client: "c1", Timeout: timeout, Refusal: rateLimit,
		Now: func() time.Duration { return time.Since(start) }}}
	s.era.Store(&era{revision: "2025-11-25"})
	p := &Process{stdin: stdin, stdout: stdout, done: make(chan struct{}), swept: make(chan struct{}),
		state: "exit status 0"}
	f := &feigned{s: s, in: bufio.NewReader(in), pipe: in, out: out}
	f.link = newStdioLink(p, &mailbox{issued: s.issued, strays: &s.strays}, s.o, s.newAnswerer(1), s.cancelled)
	s.link = f.link
	t.Cleanup(f.close)
	return f
}

// close ends the session too. A second time does nothing.
func (f *feigned) close() {
	f.shut.Do(func() {
		f.end()
		f.link.once.Do(func() { close(f.link.quit) })
		f.link.process.closePipes()
		f.link.wg.Wait()
		_ = f.pipe.Close() // nobody reads any more
	})
}

// end ends the child.
func (f *feigned) end() {
	f.once.Do(func() {
		_ = f.out.Close() // a pipe's end closes
		close(f.link.process.done)
	})
}

// ask reads n lines.
func (f *feigned) ask(t testing.TB, n int) {
	for range n {
		_, err := f.in.ReadString('\n')
		require.NoError(t, err)
	}
}

// said is what came of the calls, and the strays, without stamps.
func (f *feigned) said(t testing.TB, calls []history.Call) []came {
	slices.SortFunc(calls, func(a, b history.Call) int { return int(a.ID - b.ID) })
	f.s.Amend(calls)
	var list []came
	for _, c := range calls {
		require.LessOrEqual(t, c.Sent, c.Received)
		require.Positive(t, c.Sent)
		c.Sent, c.Received = 0, 0
		list = append(list, came{Call: c})
	}
	strays := f.s.Strays()
	for i := range strays {
		strays[i].At = 0
	}
	return append(list, came{Strays: strays})
}

// plainly says what the plain path makes of a stream.
func plainly(t testing.TB, pieces ...string) []came {
	f := feign(t, 20*time.Second)
	defer f.close()
	calls := make([]history.Call, 3)
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() { calls[i] = f.s.Exchange(t.Context(), echo) })
	}
	f.ask(t, 3)
	go io.Copy(io.Discard, f.in)
	for _, p := range pieces {
		_, err := f.out.WriteString(p)
		require.NoError(t, err)
	}
	f.end()
	wg.Wait()
	<-f.link.loan.ended
	return f.said(t, calls)
}

// fast says what a loop makes of it, which gets it in the given pieces.
func fast(t testing.TB, pieces ...string) []came {
	f := feign(t, 20*time.Second)
	defer f.close()
	l, err := NewLoop([]*Session{f.s}, LoopConfig{})
	require.NoError(t, err)
	defer l.Close()
	var calls []history.Call
	for range 3 {
		l.Send(t.Context(), echo, func(c history.Call) { calls = append(calls, c) })
	}
	look := func() { require.NoError(t, l.Wait(t.Context(), 0, nil)) }
	look()
	f.ask(t, 3)
	go io.Copy(io.Discard, f.in)
	for _, p := range pieces {
		for len(p) > 0 {
			part := p[:min(len(p), 32<<10)] // less than a pipe holds
			p = p[len(part):]
			_, err := f.out.WriteString(part)
			require.NoError(t, err)
			look()
		}
	}
	f.end()
	for !l.pipes[0].over || len(calls) < 3 {
		look()
		runtime.Gosched() // to whoever learns of the child's end
	}
	return f.said(t, calls)
}

// TestPipeTakesAnyPieces: every stream, cut in two at every byte, comes to the
// same as on the plain path.
func TestPipeTakesAnyPieces(t *testing.T) {
	require.Greater(t, len(lineStreams), 30)
	for name, text := range lineStreams {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := plainly(t, text)
			require.Equal(t, want, fast(t, text))
			for cut := 1; cut < len(text) && len(text) < 1000; cut++ {
				require.Equal(t, want, fast(t, text[:cut], text[cut:]), "cut at %d", cut)
			}
			if len(text) < 300 {
				require.Equal(t, want, fast(t, strings.Split(text, "")...), "byte for byte")
			}
		})
	}
}

// FuzzPipe: whatever a child writes, and in whatever pieces, the loop says of it
// what the plain path says.
func FuzzPipe(f *testing.F) {
	for _, text := range lineStreams {
		if len(text) < 2000 {
			f.Add([]byte(text), uint16(0), uint16(7))
			f.Add([]byte(text), uint16(len(text)/2), uint16(40))
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte, a, b uint16) {
		if len(stream) > 8<<10 {
			return
		}
		text := string(stream)
		i := int(a) % (len(text) + 1)
		j := i + int(b)%(len(text)-i+1)
		require.Equal(t, plainly(t, text), fast(t, text[:i], text[i:j], text[j:]))
	})
}

// TestLineCutter: lines are what splitting the whole text makes them.
func TestLineCutter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOf(rapid.StringOf(rapid.RuneFrom([]rune{'a', 'b', '\r', '\n', '\n'}))).Draw(t, "pieces")
		var c lineCutter
		got := []string{}
		for _, p := range pieces {
			for data := []byte(p); len(data) > 0; {
				line, rest, whole := c.next(data)
				if data = rest; whole {
					require.NotNil(t, line)
					got = append(got, string(line))
				}
			}
		}
		got = append(got, string(c.end()))
		want := strings.Split(strings.Join(pieces, ""), "\n")
		for i := range want {
			want[i] = strings.TrimRight(want[i], "\r")
		}
		require.Equal(t, want, got)
	})
	// One byte more than a message may have, with its end, is too long.
	for _, cut := range []int{0, 5, MaxMessage} {
		for size, long := range map[int]bool{MaxMessage - 1: false, MaxMessage: true} {
			var c lineCutter
			text := append([]byte(strings.Repeat("x", size)), "\nnext\nrest"...)
			if cut > 0 {
				_, _, whole := c.next(text[:min(cut, size)])
				require.False(t, whole)
			}
			line, rest, whole := c.next(text[min(cut, size)*min(cut, 1):])
			require.True(t, whole)
			require.Equal(t, long, line == nil)
			require.Equal(t, "next\nrest", string(rest))
			line, _, whole = c.next(rest)
			require.True(t, whole)
			require.Equal(t, "next", string(line))
		}
	}
}

// TestPipeFull: a child that reads slowly, and talks a lot before that, gets
// every line whole, those of the plain path between them.
func TestPipeFull(t *testing.T) {
	f := feign(t, 20*time.Second)
	l := newLoop(t, LoopConfig{}, f.s)
	defer l.Hold()()
	const calls = 300
	big := echo
	big.Arguments = []byte(`{"text":"` + strings.Repeat("x", 3000) + `"}`)
	go func() {
		defer f.end()
		for range 2000 { // more than a pipe holds
			fmt.Fprintln(f.out,
				`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"hello"}}`)
		}
		for range calls + 10 {
			line, err := f.in.ReadString('\n')
			id, _, ok := strings.Cut(strings.TrimPrefix(line, `{"jsonrpc":"2.0","id":`), ",")
			if err != nil || !ok || !strings.HasSuffix(line, "}}}\n") {
				t.Errorf("a broken line: %v: %.80q", err, line)
				return
			}
			fmt.Fprintf(f.out, `{"jsonrpc":"2.0","id":%s,"result":%s}`+"\n", id, okResult)
		}
	}()
	var aside [10]history.Call
	var wg sync.WaitGroup
	for i := range aside {
		wg.Go(func() { aside[i] = f.s.Exchange(t.Context(), echo) })
	}
	wake, ended := make(chan struct{}, 1), 0
	for range calls {
		l.Send(t.Context(), big, func(c history.Call) {
			require.Equal(t, history.OK, c.Outcome, c.Detail)
			require.Less(t, c.Sent, c.Received)
			if ended++; ended == calls {
				wake <- struct{}{}
			}
		})
	}
	for ended < calls {
		require.NoError(t, l.Wait(t.Context(), math.MaxInt64, wake))
	}
	go func() { wg.Wait(); wake <- struct{}{} }()
	require.NoError(t, l.Wait(t.Context(), l.Now()+20*time.Second, wake))
	for _, c := range aside {
		require.Equal(t, history.OK, c.Outcome, c.Detail)
	}
	require.Empty(t, f.s.Strays())
}

// TestPipeDeaf: where the child reads nothing, what no byte of was written is
// told apart, as on the plain path, and the line that was begun is ended by
// whoever writes next.
func TestPipeDeaf(t *testing.T) {
	f := feign(t, 150*time.Millisecond)
	size, err := unix.FcntlInt(f.pipe.Fd(), unix.F_GETPIPE_SZ, 0)
	require.NoError(t, err)
	require.NoError(t, unix.SetNonblock(int(f.pipe.Fd()), true))
	l, err := NewLoop([]*Session{f.s}, LoopConfig{})
	require.NoError(t, err)
	big := echo
	big.Arguments = []byte(`{"text":"` + strings.Repeat("x", size) + `"}`)
	calls := byLoop(t.Context(), t, l, big, echo, echo)
	for i, detail := range []string{"no reply in time", neverWritten, neverWritten} {
		require.Equal(t, history.TimedOut, calls[i].Outcome)
		require.Equal(t, detail, calls[i].Detail, "call %d", i)
	}
	l.Close()
	read := make(chan string, 10)
	go func() {
		for {
			line, err := f.in.ReadString('\n')
			if err != nil {
				return
			}
			if read <- line; strings.Contains(line, `"id":4,`) {
				io.WriteString(f.out, answered(4))
			}
		}
	}()
	f.s.o.Timeout = 10 * time.Second
	c := f.s.Exchange(t.Context(), echo)
	require.Equal(t, history.OK, c.Outcome, c.Detail)
	first := <-read
	require.True(t, strings.HasPrefix(first, `{"jsonrpc":"2.0","id":1,`))
	require.True(t, strings.HasSuffix(first, "xx\"}}}\n"))
}

// TestPipeLent: only once, and given back in a state in which the plain path
// goes on.
func TestPipeLent(t *testing.T) {
	f := feign(t, 10*time.Second)
	go func() {
		for {
			line, err := f.in.ReadString('\n')
			if err != nil {
				return
			}
			id, _, _ := strings.Cut(strings.TrimPrefix(line, `{"jsonrpc":"2.0","id":`), ",")
			// In two pieces, so that a line is cut where the loan ends.
			io.WriteString(f.out, `{"jsonrpc":"2.0","id":`+id)
			io.WriteString(f.out, `,"result":`+okResult+"}\n")
		}
	}()
	for range 20 {
		l, err := NewLoop([]*Session{f.s}, LoopConfig{})
		require.NoError(t, err)
		_, err = NewLoop([]*Session{f.s}, LoopConfig{})
		require.ErrorContains(t, err, "lent already")
		require.Equal(t, history.OK, byLoop(t.Context(), t, l, echo)[0].Outcome)
		l.Close()
		c := f.s.Exchange(t.Context(), echo)
		require.Equal(t, history.OK, c.Outcome, c.Detail)
	}
	require.Empty(t, f.s.Strays())
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	f.end()
	<-f.link.loan.ended
	_, err := NewLoop([]*Session{f.s}, LoopConfig{})
	require.ErrorContains(t, err, "can't be borrowed")
	require.Equal(t, history.Broken, f.s.Exchange(ctx, echo).Outcome)
}

// TestPipeAllocatesNothing for a call, once buffers are there.
func TestPipeAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	l, carry := steadyPipe(t)
	defer l.Hold()()
	carry(2000)
	const calls = 1000
	total := testing.AllocsPerRun(5, func() { carry(calls) })
	require.Less(t, total/calls, 0.02, "allocations a call")
}

// steadyPipe returns a loop with a child that costs no allocation either, and
// what carries calls, 16 at a time.
func steadyPipe(t testing.TB) (*Loop, func(n int)) {
	f := feign(t, 30*time.Second)
	go func() {
		var out []byte
		for {
			line, err := f.in.ReadSlice('\n')
			if err != nil {
				return
			}
			line = line[len(`{"jsonrpc":"2.0","id":`):]
			out = append(out[:0], `{"jsonrpc":"2.0","id":`...)
			out = append(out, line[:slices.Index(line, ',')]...)
			out = append(append(append(out, `,"result":`...), okResult...), "}\n"...)
			if _, err := f.out.Write(out); err != nil {
				return
			}
		}
	}()
	l, err := NewLoop([]*Session{f.s}, LoopConfig{})
	require.NoError(t, err)
	t.Cleanup(l.Close)
	return l, carrier(t, l)
}

// BenchmarkPipe: 0 allocations a call. The time holds the child's as well.
func BenchmarkPipe(b *testing.B) {
	l, carry := steadyPipe(b)
	defer l.Hold()()
	carry(1000)
	b.ReportAllocs()
	b.ResetTimer()
	carry(b.N)
}
