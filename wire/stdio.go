package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// How long a stdio link waits for what should follow at once.
const (
	exitAfterEOF = time.Second            // the exit of a child that closed its stdout
	eofAfterExit = 500 * time.Millisecond // the end of stdout, which a grandchild may hold open
)

// neverWritten is the detail of a call that timed out before it was written.
const neverWritten = "no chance to be written: the server does not read its stdin"

// A stdioLink speaks with a child process, one message a line. Requests are
// pipelined: a single writer writes them in the order that they come.
type stdioLink struct {
	process *Process
	box     *mailbox
	now     func() time.Duration
	tap     io.Writer // gets a copy of the child's stdout; nil: nobody
	respond func(*message) (request, bool)

	out  chan frame    // to the writer; unbuffered, so that what is handed over is written
	pile pile          // to the writer too: lines to be written together
	quit chan struct{} // closed when the link closes

	plain atomic.Pointer[plainLook] // set once a pipeline uses the link
	scan  hotScan                   // the reader's
	once  sync.Once
	wg    sync.WaitGroup
}

// A frame is one line to be written.
type frame struct {
	line []byte
	sent *stamp
}

// newStdioLink starts talking to a process that has pipes.
func newStdioLink(p *Process, box *mailbox, now func() time.Duration, tap io.Writer,
	respond func(*message) (request, bool)) *stdioLink {
	l := &stdioLink{process: p, box: box, now: now, tap: tap, respond: respond,
		out: make(chan frame), quit: make(chan struct{}), pile: newPile()}
	box.respond = l.answerServer
	l.wg.Go(l.write)
	l.wg.Go(l.read)
	l.wg.Go(l.watch)
	return l
}

// exchange writes a request and waits for the line that answers it.
func (l *stdioLink) exchange(ctx context.Context, q request) answer {
	begin := l.now()
	slot, down := l.box.expect(q.id)
	if down != nil {
		return answer{sent: begin, received: begin, fault: down}
	}
	var sent stamp
	a := l.await(ctx, q, slot, &sent)
	a.sent, _ = sent.or(begin)
	return a
}

// await hands a request to the writer and waits for its response.
func (l *stdioLink) await(ctx context.Context, q request, slot <-chan delivery, sent *stamp) answer {
	out := l.out
	a := answer{}
	for {
		select {
		case out <- frame{q.body, sent}:
			// From here on the child may get it, even if it isn't stamped yet.
			a.wrote, out = true, nil
		case d := <-slot:
			a.reply, a.received, a.fault = d.reply, d.at, d.fault
			return a
		case <-ctx.Done():
			l.box.forget(q.id)
			a.received, a.fault = l.now(), gaveUp(ctx)
			if a.fault.kind == TimedOut && !a.wrote {
				a.fault.detail = neverWritten
			}
			if a.wrote && q.method != methodInitialize { // which must not be cancelled
				l.hand(cancelledLine(q.id))
			}
			return a
		}
	}
}

// notify writes a message.
func (l *stdioLink) notify(ctx context.Context, q request) answer {
	begin := l.now()
	var sent stamp
	a := answer{}
	select {
	case l.out <- frame{q.body, &sent}:
		a.wrote = true
	case <-ctx.Done():
		a.fault = gaveUp(ctx)
	case <-l.quit:
		a.fault = &fault{kind: Lost, detail: "the session is closed"}
	}
	a.sent, _ = sent.or(begin)
	a.received = l.now()
	return a
}

// hand gives the writer a line that nobody waits for, unless it is stuck.
func (l *stdioLink) hand(line []byte) {
	select {
	case l.out <- frame{line, &stamp{}}:
	case <-l.quit:
	case <-time.After(100 * time.Millisecond):
		// The child reads nothing, so that it need not read this either.
	}
}

// answerServer answers a request by the server.
func (l *stdioLink) answerServer(m *message) {
	if q, ok := l.respond(m); ok {
		// Not on the reader's goroutine: a child that waits for us to read
		// before it reads on would never read this.
		l.wg.Go(func() { l.hand(q.body) })
	}
}

// write writes lines until the link closes.
func (l *stdioLink) write() {
	for {
		select {
		case <-l.quit:
			return
		case <-l.pile.ready:
			if err := l.writePile(); err != nil {
				l.shut(&fault{Lost, "the server closed its stdin", err})
				l.discard()
				return
			}
		case f := <-l.out:
			f.sent.set(l.now())
			if _, err := l.process.stdin.Write(append(f.line, '\n')); err != nil {
				l.shut(&fault{Lost, "the server closed its stdin", err})
				l.discard()
				return
			}
		}
	}
}

// discard takes lines and drops them until the link closes, so that whoever
// hands one over learns from the mailbox that it is in vain.
func (l *stdioLink) discard() {
	for {
		select {
		case <-l.quit:
			return
		case <-l.out:
		case <-l.pile.ready:
		}
	}
}

// read reads lines until stdout ends. A line's stamp is the instant of the
// read that brought its last byte, however long earlier lines took to parse.
func (l *stdioLink) read() {
	var out io.Reader = l.process.stdout
	if l.tap != nil {
		out = io.TeeReader(out, l.tap)
	}
	in := &stampedReader{in: out, now: l.now}
	lines := bufio.NewReaderSize(in, 64<<10)
	for {
		if l.readPlain(lines, in) {
			continue
		}
		line, err := readLine(lines)
		if len(line) > 0 {
			l.box.text(line, in.last)
		}
		switch {
		case err == nil:
		case errors.Is(err, errLong):
			l.box.strays.add(NotMCP, in.last, 0, []byte(err.Error()))
		default:
			l.shut(&fault{Lost, "the server closed its stdout", err})
			return
		}
	}
}

// readPlain reads a line that is there whole, and that answers a call of a
// pipeline in the way that nearly all are answered. It reports if it did.
func (l *stdioLink) readPlain(lines *bufio.Reader, in *stampedReader) bool {
	look := l.plain.Load()
	if look == nil {
		return false
	}
	there, err := lines.Peek(max(lines.Buffered(), 1))
	end := bytes.IndexByte(there, '\n')
	if err != nil || end < 0 {
		return false
	}
	id, result, ok := l.scan.anySuccess(there[:end], look.modern, look.soft)
	if !ok {
		return false
	}
	w, ok := l.box.pick(id)
	if !ok {
		return false
	}
	w.take(delivery{at: in.last, plain: true, result: result})
	_, err = lines.Discard(end + 1)
	return err == nil // it can't fail: they are there
}

// A plainLook is what tells a plain reply in a session.
type plainLook struct{ modern, soft bool }

// watch fails all calls once the child is gone.
func (l *stdioLink) watch() {
	select {
	case <-l.quit:
		return
	case <-l.process.done:
	}
	// What it wrote before it died may still be in the pipe.
	select {
	case <-l.quit:
	case <-time.After(eofAfterExit):
	}
	l.shut(&fault{kind: Lost, detail: "the server is gone"})
}

// shut fails all calls for the given reason, or for a better one: that the
// child has exited.
func (l *stdioLink) shut(f *fault) {
	select {
	case <-l.process.done:
		status, _ := l.process.Exited()
		f = &fault{Exited, "server exited: " + status, f.err}
	case <-l.quit:
		f = &fault{kind: Lost, detail: "the session is closed"}
	case <-time.After(exitAfterEOF):
	}
	l.box.shut(f, l.now())
}

// close stops the child.
func (l *stdioLink) close(ctx context.Context) error {
	l.once.Do(func() { close(l.quit) })
	err := l.process.Stop(ctx)
	// Before waiting for the reader: a grandchild that left the group may
	// still hold the other end of stdout.
	l.process.closePipes()
	l.wg.Wait()
	return err
}

// A stampedReader notes when the last bytes came.
type stampedReader struct {
	in   io.Reader
	now  func() time.Duration
	last time.Duration
}

// Read implements io.Reader.
func (r *stampedReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if n > 0 {
		r.last = r.now()
	}
	return n, err
}

var errLong = fmt.Errorf("a line longer than %d bytes", MaxMessage)

// readLine reads one line into new memory, without its end. It skips a line
// that is longer than MaxMessage and returns errLong.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	long := false
	for {
		part, err := in.ReadSlice('\n')
		if !long {
			line = append(line, part...)
			long = len(line) > MaxMessage
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case long && err == nil:
			return nil, errLong
		case long:
			return nil, err
		}
		for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
			line = line[:len(line)-1]
		}
		return line, err
	}
}
