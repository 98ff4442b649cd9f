package wire

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A promptConn is quickAck on the plain path. There nobody knows which piece is a
// reply's last, so that each read asks for it. It is a witness, too.
type promptConn struct {
	*net.TCPConn
	raw      syscall.RawConn
	partings *partings
	written  atomic.Int64 // bytes
	begun    atomic.Int64 // how many were before the request that it carries
	got      atomic.Int64 // how many the other side had when it sent what was read last
	rested   atomic.Int64 // since when it carries none, in Unix time; 0: it does
	reused   atomic.Bool  // that request isn't its first one
	stirred  atomic.Bool  // something came while it carried none
	reset    atomic.Bool
}

// prompt is a connection that acknowledges at once, where it is one of TCP.
func prompt(c net.Conn, p *partings) net.Conn {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return c
	}
	return &promptConn{TCPConn: tcp, raw: raw, partings: p}
}

func (c *promptConn) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	if c.rested.Load() != 0 {
		c.stirred.Store(true)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		c.reset.Store(true)
		return n, err
	}
	// What the connection's state is, the next read says.
	_ = c.raw.Control(func(fd uintptr) {
		if n > 0 {
			quickAck(int(fd))
		}
		c.got.Store(c.written.Load() - int64(unacknowledged(int(fd))))
	})
	return n, err
}

// Write writes nothing of a request on a connection that has ended: net/http takes
// another one for it then.
func (c *promptConn) Write(b []byte) (int, error) {
	if c.untouched() && c.hungUp() {
		return 0, unix.EPIPE
	}
	c.written.Add(int64(len(b))) // before, as the reply may come before this goes on
	n, err := c.TCPConn.Write(b)
	c.written.Add(int64(n - len(b)))
	return n, err
}

// Close notes it if the other side has ended the connection while it carried nothing.
func (c *promptConn) Close() error {
	if since := c.rested.Swap(0); since != 0 && (c.stirred.Load() || c.hungUp()) {
		c.partings.note(time.Duration(time.Now().UnixNano() - since))
	}
	return c.TCPConn.Close()
}

// begin implements witness.
func (c *promptConn) begin(reused bool) {
	c.begun.Store(c.written.Load())
	c.rested.Store(0)
	c.reused.Store(reused)
}

// rest implements witness.
func (c *promptConn) rest() {
	c.stirred.Store(false)
	c.rested.Store(time.Now().UnixNano())
}

// untouched implements witness.
func (c *promptConn) untouched() bool { return c.reused.Load() && c.written.Load() == c.begun.Load() }

// unseen implements witness.
func (c *promptConn) unseen() bool {
	return c.reused.Load() && (!c.reset.Load() && c.got.Load() <= c.begun.Load() || c.partings.explain())
}

// hungUp reports if the other side has ended the connection.
func (c *promptConn) hungUp() (over bool) {
	err := c.raw.Control(func(fd uintptr) { over = hungUp(int(fd)) })
	return err == nil && over
}

// hungUp reports if the other side has ended a connection.
func hungUp(fd int) bool {
	p := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	n, err := unix.Poll(p[:], 0)
	return err == nil && n > 0
}

// unacknowledged is how many bytes that were written on a connection of TCP the other
// side has not confirmed to have.
func unacknowledged(fd int) int {
	n, err := unix.IoctlGetInt(fd, unix.TIOCOUTQ)
	if err != nil {
		return 0 // nothing is known
	}
	return n
}
