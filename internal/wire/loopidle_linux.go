package wire

import "time"

// takeIdle returns a connection that can be used, the one used last.
func (l *Loop) takeIdle(now time.Duration) *conn {
	for n := len(l.idle); n > 0; n = len(l.idle) {
		c := l.idle[n-1]
		l.idle = l.idle[:n-1]
		switch {
		case now-c.since >= idleConn:
			l.drop(c)
		case l.parts && hungUp(c.fd):
			l.ends(c, now)
		default:
			return c
		}
	}
	return nil
}

// ends drops an idle connection that the server has ended, or is about to.
func (l *Loop) ends(c *conn, now time.Duration) {
	if c.used {
		l.parts = true
		l.partings.note(now - c.since)
	}
	l.drop(c)
}

// idleOf is where a connection belongs when it is idle.
func (l *Loop) idleOf(c *conn) *[]*conn {
	if c.beside {
		return &l.beside
	}
	return &l.idle
}

// release takes a connection from its call, for another one or for good.
func (l *Loop) release(c *conn, reuse bool, at time.Duration) {
	switch {
	case reuse && c.parted:
		c.since, c.used = at, true
		l.ends(c, at)
		return
	case !reuse:
		l.drop(c)
		return
	}
	l.leave(c)
	if c.call != nil {
		c.call.conn, c.call = nil, nil
	}
	c.hold.free()
	if c.used = true; cap(c.kept) > readBuffer {
		c.kept = nil
	}
	c.since = at
	*l.idleOf(c) = append(*l.idleOf(c), c)
}
