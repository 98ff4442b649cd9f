package wire

import (
	"errors"
	"net"
	"strings"
	"syscall"

	"github.com/mcpload/mcpload/history"
)

// ranOut begins the detail of every call that failed for want of something of
// ours, and of nothing else.
const ranOut = "we ran out of "

// scarce is what we, or this machine, may run out of. None of these errors is
// ever a server's: the kernel gives them before anything is sent, or on our side
// of a connection.
var scarce = []struct {
	errno syscall.Errno
	what  string
	hint  string
}{
	{syscall.EMFILE, "open files", "raise the hard limit (ulimit -Hn), or use fewer connections"},
	{syscall.ENFILE, "open files on this machine", "raise fs.file-max, or end what holds the files"},
	{syscall.EADDRNOTAVAIL, "local ports or addresses", "widen net.ipv4.ip_local_port_range, or use fewer connections"},
	{syscall.ENOMEM, "memory", "give this machine or container more memory, or use fewer connections"},
	{syscall.ENOBUFS, "memory for sockets", "give this machine or container more memory, or use fewer connections"},
}

// ownFault says what we ran out of, if that is what an error means.
func ownFault(err error) (*fault, bool) {
	var dns *net.DNSError
	asked := errors.As(err, &dns) // it keeps the text of its cause only
	for _, s := range scarce {
		if errors.Is(err, s.errno) || asked && strings.HasSuffix(dns.Err, s.errno.Error()) {
			return &fault{RanOut, ranOut + s.what + " (" + s.errno.Error() + ")", err}, true
		}
	}
	return nil, false
}

// ranOutHint says what to do about it.
func ranOutHint(err error) string {
	f, ok := ownFault(err)
	switch {
	case !ok:
		return Remedy("")
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return Remedy(f.detail) + "; can this machine reach that address at all?"
	}
	return Remedy(f.detail)
}

// Remedy says what to do about what WeRanOut of.
func Remedy(what string) string {
	for _, s := range scarce {
		if what == ranOut+s.what+" ("+s.errno.Error()+")" {
			return s.hint
		}
	}
	return "raise the limits of this machine, or use fewer connections"
}

// WeRanOut reports if a call failed because we ran out of open files, local
// ports or memory, and says of what: that tells nothing of the server. Such a
// call is Unsent, or Unknown where some of it had left us.
func WeRanOut(c *history.Call) (what string, ok bool) {
	if c.Outcome != history.Unsent && c.Outcome != history.Unknown || !strings.HasPrefix(c.Detail, ranOut) {
		return "", false
	}
	return c.Detail, true
}

// Ours reports if a call failed for want of something of ours.
func Ours(c *history.Call) bool {
	_, lacked := WeRanOut(c)
	return lacked || c.Outcome == history.Unknown && strings.HasPrefix(c.Detail, OurLimit)
}
