package wire

import (
	"errors"
	"time"
)

// idleLeast is how long a connection has been idle at least for its end to be
// taken as that of an idle one. Servers wait for a second or more before they
// close one. Over busy connections nothing is excused: there, one that is closed
// in place of a reply is a call that the server lost.
const idleLeast = 500 * time.Millisecond

// errClosedIdle says that a request was written on a connection that had been
// idle, and that it ended without a byte of a reply. The server closed it before
// it saw the request, as far as anybody can tell from here: a request and the end
// of a connection cross each other, and no client can rule that out. Some servers close each
// connection behind a reply and don't say so: of a handshake, any kept one may be lost so.
var errClosedIdle = errors.New("the connection was closed by the server while idle")

// crossed is the fault of a request whose connection was lost before a byte of
// the reply had come, and had been idle before, or not.
func (f *fault) crossed(idled bool) *fault {
	if f.kind == Lost && idled {
		return &fault{Lost, errClosedIdle.Error(), errors.Join(errClosedIdle, f.err)}
	}
	return f
}
