package wire

import (
	"context"
	"errors"
	"net"
	"net/url"
	"time"
)

// readyPoll is how often WaitReady looks.
const readyPoll = 25 * time.Millisecond

// WaitReady waits until something accepts connections at the URL of the
// options, the process has exited, or ctx has ended. It connects and says
// nothing, since a server charges every request, and Dial asks the real ones
// next. Over stdio and in process there is nothing to wait for.
//
// The process may be nil, where somebody else started the server. Where it
// isn't, call Listening before it is started: a connection can't tell it from
// another server that holds the port.
//
// The error is a *DialError of kind Exited, TimedOut, Cancelled or BadOptions.
func WaitReady(ctx context.Context, o Options, p *Process) error {
	o, err := o.checked()
	if err != nil {
		return err
	}
	if o.Transport == Stdio || o.Transport == InProcess {
		return nil
	}
	begin := time.Now()
	fail := func(kind DialKind, detail string, err error) error {
		e := &DialError{Kind: kind, Target: o.target(), Detail: detail, Err: err}
		if p != nil {
			_, e.Stderr = p.Output()
		}
		e.Hint = hint(e, o)
		return e
	}
	for {
		if p != nil {
			if status, gone := p.Exited(); gone {
				return fail(Exited, status, nil)
			}
		}
		if Listening(ctx, o) {
			return nil
		}
		select {
		case <-time.After(readyPoll):
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
				return fail(TimedOut, "nothing accepts connections after "+
					time.Since(begin).Round(time.Millisecond).String(), ctx.Err())
			}
			return fail(Cancelled, "while waiting for it to accept connections", context.Cause(ctx))
		}
	}
}

// Listening reports if something accepts connections now at the host and port of
// the options' URL, or at their socket. It hangs up at once. Before a server is
// started, true means that its place is taken.
func Listening(ctx context.Context, o Options) bool {
	u, err := url.Parse(o.URL)
	if err != nil {
		return false
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	d := net.Dialer{Timeout: time.Second}
	network, address := "tcp", net.JoinHostPort(u.Hostname(), port)
	if o.Socket != "" {
		network, address = "unix", o.Socket
	}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return false
	}
	_ = conn.Close() // nothing was said, so nothing can be lost
	return true
}
