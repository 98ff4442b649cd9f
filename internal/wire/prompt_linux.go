package wire

import (
	"net"
	"syscall"
)

// A promptConn is quickAck on the plain path. There nobody knows which piece is a
// reply's last, so that each read asks for it.
type promptConn struct {
	*net.TCPConn
	raw syscall.RawConn
}

// prompt is a connection that acknowledges at once, where it is one of TCP.
func prompt(c net.Conn) net.Conn {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return c
	}
	return &promptConn{tcp, raw}
}

func (c *promptConn) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	if n > 0 {
		_ = c.raw.Control(acknowledge) // what the connection's state is, the next read says
	}
	return n, err
}

func acknowledge(fd uintptr) { quickAck(int(fd)) }
