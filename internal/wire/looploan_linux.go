package wire

import (
	"io"
	"net/url"
	"time"

	"golang.org/x/sys/unix"
)

// addPipes makes a lane of each session, and borrows its pipes.
func (l *Loop) addPipes(sessions []*Session) error {
	for _, s := range sessions {
		link := s.link.(*stdioLink)
		p := &pipe{loop: l, link: link, stdin: -1}
		p.lane = &lane{s: s, pipe: p, modern: s.era.Load().stateless, soft: s.o.Refusal.softness(),
			template: newTemplate(s, &url.URL{Path: "/"}, nil)}
		p.room.pipe = p
		if err := link.lend(p); err != nil {
			return err
		}
		l.pipes = append(l.pipes, p)
		l.lanes[s.o.Client] = p.lane
		stdout, err := duplicate(link.process.stdout)
		if err == nil {
			if err = l.enrol(p, &p.watched, stdout, unix.EPOLLIN); err != nil {
				_ = unix.Close(stdout) // nothing was read
			}
		}
		p.over = err != nil
		if err == nil {
			p.stdin, err = duplicate(link.process.stdin)
		}
		if err != nil {
			return unsuited("no pipe: " + err.Error())
		}
	}
	return nil
}

// lend has the reader and the writer stand back.
func (l *stdioLink) lend(to borrower) error {
	if l.tap != nil {
		return unsuited("what comes is copied elsewhere")
	}
	// The reply to what was written last may be faster than the writer.
	for tries := 0; !l.loan.pen.TryLock(); tries++ {
		if tries == 50 {
			return unsuited("the server does not read its stdin")
		}
		time.Sleep(time.Millisecond)
	}
	if l.loan.to != nil {
		l.loan.pen.Unlock()
		return unsuited("the pipes are lent already")
	}
	l.loan.to = to
	l.loan.pen.Unlock()
	err := l.process.stdout.SetReadDeadline(time.Unix(1, 0))
	if err == nil {
		select {
		case <-l.loan.aside:
			return nil
		case <-l.loan.ended:
			err = io.EOF
		}
	}
	l.loan.pen.Lock()
	l.loan.to = nil
	l.loan.pen.Unlock()
	return unsuited("the pipes can't be borrowed: " + err.Error())
}

// takeBack has them go on. The rest of a line, if any, is written first.
func (l *stdioLink) takeBack(rest []byte) {
	l.loan.pen.Lock()
	l.loan.to, l.loan.rest = nil, rest
	l.loan.pen.Unlock()
	// Where it fails, the pipe is closed, and reading says so.
	_ = l.process.stdout.SetReadDeadline(time.Time{})
	select {
	case l.loan.back <- struct{}{}:
	case <-l.loan.ended:
	}
}

// giveBack ends the loan. What the pipe has no room for by then is dropped.
func (p *pipe) giveBack() {
	p.write()
	p.dropQueue()
	p.roomed()
	p.stop()
	if p.stdin >= 0 {
		_ = unix.Close(p.stdin) // a duplicate
		p.stdin = -1
	}
	p.link.takeBack(p.rest)
}

// stop reads no more.
func (p *pipe) stop() {
	if !p.over {
		p.over = true
		p.loop.strike(&p.watched)
		_ = unix.Close(p.fd) // a duplicate
	}
}

// carry implements borrower.
func (p *pipe) carry(f frame) bool {
	c := &carried{frame: f, gone: make(chan struct{})}
	c.line = append(c.line[:len(c.line):len(c.line)], '\n')
	if !p.loop.ring(func() { p.push(outgoing{frame: c}) }) {
		return false
	}
	select {
	case <-c.gone:
		return !c.refused
	case <-p.link.quit:
		return true
	}
}
