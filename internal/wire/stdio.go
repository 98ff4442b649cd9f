package wire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
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
	tap     io.Writer      // gets a copy of the child's stdout; nil: nobody
	aside   func(a answer) // is told of a cancellation that was written

	out   chan frame    // to the writer; unbuffered, so that what is handed over is written
	quit  chan struct{} // closed when the link closes
	lines lineCutter    // of whoever reads: the reader, or the borrower

	unread atomic.Bool // a line came that was too long to be read
	eof    oneEnd      // of stdout: all that was said was taken

	loan loan
	once sync.Once
	wg   sync.WaitGroup
}

// An oneEnd says once that something has ended.
type oneEnd struct {
	once sync.Once
	seen chan struct{}
}

func (e *oneEnd) reached() { e.once.Do(func() { close(e.seen) }) }

// A loan is the state of a link whose pipes somebody else may read and write
// for a while, in place of its reader and its writer.
type loan struct {
	pen   sync.Mutex    // held while the writer writes; guards what is next
	to    borrower      // nil: nobody
	rest  []byte        // of a line that the borrower has begun to write
	aside chan struct{} // the reader says that it has stood back
	back  chan struct{} // and is told that it may go on
	ended chan struct{} // closed once the reader has ended
}

// A borrower writes frames in the writer's place. It may be called from any
// goroutine, and returns once the frame is written, or never will be. It is
// false where the loan has ended, so that the writer is to write the frame.
type borrower interface{ carry(f frame) bool }

// A frame is one line to be written.
type frame struct {
	line []byte
	sent *stamp
	note func(answer) // is told once it is written; nil: nobody
}

// newStdioLink starts talking to a process that has pipes.
func newStdioLink(p *Process, box *mailbox, o Options, answers *answerer, aside func(answer)) *stdioLink {
	l := &stdioLink{process: p, box: box, now: o.Now, tap: o.Tap, aside: aside,
		out: make(chan frame), quit: make(chan struct{}), eof: oneEnd{seen: make(chan struct{})},
		loan: loan{aside: make(chan struct{}), back: make(chan struct{}), ended: make(chan struct{})}}
	answers.carry, box.respond = l.reply, answers.answer
	l.lines.hold.of, l.lines.most = o.Memory, o.MaxMessage
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
		case out <- frame{line: q.body, sent: sent}:
			// From here on the child may get it, even if it isn't stamped yet.
			a.wrote, out = true, nil
		case d := <-slot:
			a.reply, a.received, a.fault = d.reply, d.at, d.fault
			return a
		case <-ctx.Done():
			l.box.forget(q.id)
			a.received, a.fault = l.now(), l.gaveUp(ctx, a.wrote)
			if a.wrote && q.method != methodInitialize { // which must not be cancelled
				l.hand(cancelledLine(q.id), l.aside)
			}
			return a
		}
	}
}

// gaveUp is the fault of a request that came to no response, with what is known of why.
func (l *stdioLink) gaveUp(ctx context.Context, wrote bool) *fault {
	f := gaveUp(ctx)
	switch {
	case f.kind != TimedOut:
	case !wrote:
		f.detail = neverWritten
	case l.lines.begun.Load():
		f.detail += ": a line has begun on its stdout, and has not ended"
	case l.unread.Load():
		f.detail += ": " + tooLong("a line", l.lines.bound()).detail + " came, which may have been it"
	}
	return f
}

// notify writes a message.
func (l *stdioLink) notify(ctx context.Context, q request) answer {
	begin := l.now()
	var sent stamp
	a := answer{}
	out, written := l.out, make(chan answer, 1)
	for {
		select {
		case out <- frame{q.body, &sent, func(a answer) { written <- a }}:
			a.wrote, out = true, nil
			continue
		case a := <-written:
			return a
		case <-ctx.Done():
			a.fault = gaveUp(ctx)
		case <-l.quit:
			a.fault = &fault{kind: Lost, detail: "the session is closed"}
		}
		a.sent, _ = sent.or(begin)
		a.received = l.now()
		return a
	}
}

// hand gives the writer a line, unless it is stuck, and reports if it did. The
// note is told once the line is written.
func (l *stdioLink) hand(line []byte, note func(answer)) bool {
	select {
	case l.out <- frame{line, &stamp{}, note}:
		return true
	case <-l.quit:
	case <-time.After(time.Second):
		// The child reads nothing, so that it need not read this either.
	}
	return false
}

// reply hands over an answer to a request by the server, and waits until it is
// written, or never will be. A server may be slow to read it, and waits for it.
func (l *stdioLink) reply(ctx context.Context, q request) answer {
	written := make(chan answer, 1)
	out := l.out
	for {
		select {
		case out <- frame{q.body, &stamp{}, func(a answer) { written <- a }}:
			out = nil
		case a := <-written:
			return a
		case <-ctx.Done():
			return answer{}
		case <-l.quit:
			return answer{}
		}
	}
}

// write writes lines until the link closes.
func (l *stdioLink) write() {
	for {
		select {
		case <-l.quit:
			return
		case f := <-l.out:
			if err := l.put(f); err != nil {
				l.unheard(err)
				l.discard()
				return
			}
			f.tell(l.now())
		}
	}
}

// tell tells of a line that was written.
func (f frame) tell(at time.Duration) {
	if sent, ok := f.sent.get(); ok && f.note != nil {
		f.note(answer{sent: sent, wrote: true, received: at})
	}
}

// put writes one line, or has the borrower do it.
func (l *stdioLink) put(f frame) error {
	l.loan.pen.Lock()
	for to := l.loan.to; to != nil; to = l.loan.to {
		l.loan.pen.Unlock()
		if to.carry(f) {
			return nil
		}
		l.loan.pen.Lock()
	}
	defer l.loan.pen.Unlock()
	if len(l.loan.rest) > 0 {
		if _, err := l.process.stdin.Write(l.loan.rest); err != nil {
			return err
		}
		l.loan.rest = nil
	}
	f.sent.set(l.now())
	_, err := l.process.stdin.Write(append(f.line, '\n'))
	return err
}

// discard takes lines and drops them until the link closes, so that whoever
// hands one over learns from the mailbox that it is in vain.
func (l *stdioLink) discard() {
	for {
		select {
		case <-l.quit:
			return
		case <-l.out:
		}
	}
}

// read reads lines until stdout ends.
func (l *stdioLink) read() {
	defer close(l.loan.ended)
	var out io.Reader = l.process.stdout
	if l.tap != nil {
		out = io.TeeReader(out, l.tap)
	}
	buf := make([]byte, readSize)
	for {
		n, err := out.Read(buf)
		l.take(buf[:n], l.now())
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded): // there is none but a borrower's
			if !l.standBack() {
				return
			}
		default:
			l.finish(err)
			return
		}
	}
}

// readSize is how much is read at a time.
const readSize = 64 << 10

// standBack leaves the pipes to a borrower, and reports if the link goes on
// after that.
func (l *stdioLink) standBack() bool {
	select {
	case l.loan.aside <- struct{}{}:
	case <-l.quit:
		return false
	}
	select {
	case <-l.loan.back:
		return true
	case <-l.quit:
		return false
	}
}

// take takes what was read. A line's stamp is the instant of the read that
// brought its last byte, however long earlier lines took to parse.
func (l *stdioLink) take(data []byte, at time.Duration) {
	for len(data) > 0 {
		var line []byte
		var whole bool
		if line, data, whole = l.lines.next(data); whole {
			l.line(line, at)
		}
	}
}

// line takes one line.
func (l *stdioLink) line(line []byte, at time.Duration) {
	switch {
	case line == nil && l.lines.full != nil:
		// Whose line it was nobody knows.
		l.box.fail(l.lines.full, at)
		l.lines.full = nil
	case line == nil:
		l.unread.Store(true)
		l.box.strays.add(NotMCP, at, 0, []byte(tooLong("a line", l.lines.bound()).detail))
	case len(line) > 0:
		l.box.text(bytes.Clone(line), at)
	}
}

// finish takes the end of stdout.
func (l *stdioLink) finish(err error) {
	l.line(l.lines.end(), l.now())
	l.eof.reached()
	l.shut(&fault{Lost, "the server closed its stdout", err})
}

// watch fails all calls once the child is gone.
func (l *stdioLink) watch() {
	select {
	case <-l.quit:
		return
	case <-l.process.done:
	}
	l.hearOut()
	l.shut(&fault{kind: Lost, detail: "the server is gone"})
}

// unheard fails all calls, as the child reads no more.
func (l *stdioLink) unheard(err error) {
	l.hearOut()
	l.shut(&fault{Lost, "the server closed its stdin", err})
}

// hearOut waits for what a child that is gone, or going, wrote before: it may still be in the pipe.
func (l *stdioLink) hearOut() {
	select {
	case <-l.eof.seen:
	case <-l.quit:
	case <-time.After(eofAfterExit):
	}
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
