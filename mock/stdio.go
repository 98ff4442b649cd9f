package mock

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// stdioClient is the one client of a process, and its connection.
const stdioClient = "stdio"

// stdioGrace is how long requests may still take once the client has closed
// its end.
const stdioGrace = 2 * time.Second

// ServeStdio serves one client, which writes a message a line to in and reads
// replies from out. Requests are decided in the order of their lines and
// answered side by side. It returns nil once in has ended and the replies are
// written, the context's error where that ends first, ErrDied or ErrClosed
// where the server does, and what reading or writing failed with.
//
// A read from in that is under way when it returns stays behind: the caller
// closes in, or ends the process.
func (s *Server) ServeStdio(ctx context.Context, in io.Reader, out io.Writer) error {
	if s.config.Embedded {
		return errEmbedded
	}
	session := server.NewInProcessSession(stdioClient, nil)
	if err := s.mcp.RegisterSession(ctx, session); err != nil {
		return fmt.Errorf("mock: stdio: %w", err)
	}
	defer s.mcp.UnregisterSession(ctx, stdioClient)
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(s.life, func() { cancel(s.ended()) })
	defer stop()

	l := &lineLink{server: s, session: session, out: out, fail: cancel, told: make(chan chan struct{})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.forward(work)
	}()
	if s.config.ConformFault == "ignores-term" || s.config.ConformFault == outlivesBoth {
		signal.Ignore(syscall.SIGTERM)
	}
	err := l.serve(work, in)
	if s.config.ConformFault == "outlives-stdin" || s.config.ConformFault == outlivesBoth {
		<-work.Done()
	}
	grace := time.AfterFunc(stdioGrace, func() { cancel(nil) })
	defer grace.Stop()
	l.replies.Wait()
	if work.Err() != nil && grace.Stop() {
		err = context.Cause(work)
	}
	cancel(nil)
	<-ended
	if err == nil {
		err = s.ended()
	}
	return err
}

// A lineLink is one client over lines.
type lineLink struct {
	server  *Server
	session *server.InProcessSession
	fail    context.CancelCauseFunc // ends the link

	told     chan chan struct{} // asks forward to write all that there is, and is closed then
	revision string             // that the client has asked for; of serve's goroutine
	replies  sync.WaitGroup

	mu  sync.Mutex
	out io.Writer
}

// serve reads lines until they end, or the context does.
func (l *lineLink) serve(ctx context.Context, in io.Reader) error {
	lines := make(chan []byte)
	failed := make(chan error, 1)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(in)
		scanner.Buffer(nil, maxMessage)
		for scanner.Scan() {
			select {
			case lines <- slices.Clone(scanner.Bytes()):
			case <-ctx.Done():
				return
			}
		}
		failed <- scanner.Err()
	}()
	for {
		select {
		case <-ctx.Done():
			return nil // the caller knows the cause
		case line, ok := <-lines:
			if ok {
				for _, one := range l.messages(line) {
					l.take(ctx, one)
				}
				continue
			}
			if err := <-failed; err != nil {
				return fmt.Errorf("mock: stdio: %w", err)
			}
			return nil
		}
	}
}

// take decides a line at once, and answers it on the side.
func (l *lineLink) take(ctx context.Context, line []byte) {
	m, request := parse(line)
	l.began(m, line)
	if !request {
		l.server.cancels(stdioClient, m, line)
		l.write(l.server.breachLine(line, func(line []byte) []byte { return l.server.pass(ctx, l.session, line) }))
		return
	}
	a := l.server.decide(m, origin{client: stdioClient, conn: stdioClient})
	l.replies.Go(func() {
		for _, reply := range l.server.answer(ctx, l.session, line, m, a) {
			l.tell(ctx)
			l.write(reply)
		}
	})
}

// forward writes what the server says of its own accord.
func (l *lineLink) forward(ctx context.Context) {
	for {
		select {
		case n := <-l.session.ClientNotifications():
			l.write(marshal(n))
		case done := <-l.told:
			for more := true; more; {
				select {
				case n := <-l.session.ClientNotifications():
					l.write(marshal(n))
				default:
					more = false
				}
			}
			close(done)
		case <-ctx.Done():
			return
		}
	}
}

// tell has all that a request had to say written, before its reply is.
func (l *lineLink) tell(ctx context.Context) {
	done := make(chan struct{})
	select {
	case l.told <- done:
		<-done
	case <-ctx.Done():
	}
}

// write writes one message, if there is one, as a line.
func (l *lineLink) write(text []byte) {
	if text == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.out.Write(append(text, '\n')); err != nil {
		l.fail(fmt.Errorf("mock: stdio: %w", err))
	}
}

// pass hands a message to mcp-go and returns its reply, nil where there is
// none.
func (s *Server) pass(ctx context.Context, session server.ClientSession, raw []byte) []byte {
	if m, request := parse(raw); request && unknownRevision(raw) {
		return refuseRevision(m, raw)
	}
	reply := s.mcp.HandleMessage(s.mcp.WithContext(ctx, session), raw)
	if reply == nil {
		return nil
	}
	return reveal(marshal(reply), s.config.Reveal)
}

// answer returns the replies to a request that was decided: one from an honest
// server, none from one that is mute or dead or has no time left.
func (s *Server) answer(ctx context.Context, session server.ClientSession, raw []byte, m message, a Answer) [][]byte {
	var reply []byte
	switch {
	case a.Dead, a.Mute:
		return nil
	case a.Limited:
		reply = s.refuse(m, a).body
	default:
		own, end := s.cancellable(ctx, session.SessionID(), m, a.Delay+s.config.Latency)
		defer end()
		if !pause(own, s.life, a.Delay+s.config.Latency) {
			return nil
		}
		ctx = own
		if a.WrongID {
			raw = withID(raw, wrongID(m.ID))
		}
		reply = s.breachLine(raw, func(line []byte) []byte { return s.pass(ctx, session, line) })
	}
	if a.Duplicate {
		return [][]byte{reply, slices.Clone(reply)} // whoever writes them may append to them
	}
	return [][]byte{reply}
}

// marshal returns the text of a message that mcp-go made.
func marshal(m mcp.JSONRPCMessage) []byte {
	text, err := json.Marshal(m)
	if err != nil {
		panic("mock: internal error: a message of mcp-go doesn't marshal: " + err.Error())
	}
	return text
}
