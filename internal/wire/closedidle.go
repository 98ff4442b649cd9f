package wire

import (
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// idleLeast is how long a connection has been idle at least for its end to be
// taken as that of an idle one, whatever is known beside. Servers wait for a second or
// more before they close one. Over busy connections only what a witness says is excused:
// there, one that is closed in place of a reply is a call that the server lost.
const idleLeast = 500 * time.Millisecond

// errClosedIdle says that a request was written on a connection that had been
// idle, and that it ended without a byte of a reply. The server closed it before
// it saw the request, as far as anybody can tell from here: a request and the end
// of a connection cross each other, and no client can rule that out. Some servers close each
// connection behind a reply and don't say so: of a handshake, any kept one may be lost so.
var errClosedIdle = errors.New("the connection was closed by the server while idle")

// A witness is a connection that knows if the server had anything of a request when it
// closed it. Each segment of TCP confirms what its sender has by then, and so does the
// one that ends a connection: where it confirms no byte of a request that was written,
// the server had decided to close before there was one. What came a moment before the
// close, and nobody read, looks as what somebody read and lost: see partings.
type witness interface {
	begin(reused bool) // a request, on a connection that has carried others or not
	untouched() bool   // nothing of it was written, where it has
	unseen() bool      // the server had nothing of it, or may have had nothing; no reply has begun
	rest()             // its reply has come, and the connection is to carry others
}

// witnessOf is the connection that is below another one; nil where that knows nothing.
func witnessOf(c net.Conn) witness {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	w, _ := c.(witness)
	return w
}

// Partings are how often a server ended a connection soon after a reply, with nothing
// asked of it and nothing said before, less those that stand for a request that met one.
// Whoever ends connections so meets requests, too: where a connection ends in place of a
// reply, no more often than that, it isn't known to have lost the call.
type partings struct{ n atomic.Int64 }

// note notes one.
func (p *partings) note(since time.Duration) {
	if since < idleLeast {
		p.n.Add(1)
	}
}

// explain reports if one explains the end of a connection in place of a reply.
func (p *partings) explain() bool {
	if p.n.Add(-1) >= 0 {
		return true
	}
	p.n.Add(1)
	return false
}

// crossed is the fault of a request whose connection was lost before a byte of
// the reply had come, and had been idle before, or not.
func (f *fault) crossed(idled bool) *fault {
	if f.kind == Lost && idled {
		return &fault{Lost, errClosedIdle.Error(), errors.Join(errClosedIdle, f.err)}
	}
	return f
}
