package drive

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

// Outcome is what came of one part.
type Outcome struct {
	Part    int
	Archive string         // the file with what it kept; empty: it never came
	Shard   *results.Shard // as far as it told
	Calls   []history.Call // of a part that never came, as far as it told
	Planned int            // calls that it was to send, about; 0: nobody knows
	Lost    string         // why it never came
}

// Serve serves the coordinator on a listener, which it closes, and waits as Wait does.
// With a certificate it speaks TLS.
func (c *Coordinator) Serve(ctx context.Context, l net.Listener, cert *tls.Certificate,
	within time.Duration) ([]Outcome, error) {
	if cert != nil {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12})
	}
	srv := &http.Server{Handler: c, ReadHeaderTimeout: patience, IdleTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	list, err := c.Wait(ctx, within)
	const last = 500 * time.Millisecond // in which answers are still read
	closing, cancel := context.WithTimeout(context.Background(), last)
	defer cancel()
	if srv.Shutdown(closing) != nil {
		err = errors.Join(err, srv.Close())
	}
	if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return list, err
}

// Progress is how far all are, for people.
type Progress struct {
	Joined, Ready, Done, Lost int
	Begun                     bool
	Ended, Planned            int64 // calls
}

// Progress says how far all are.
func (c *Coordinator) Progress() (p Progress) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.Begun = c.begun > 0
	for _, w := range c.workers {
		if w == nil {
			continue
		}
		p.Joined++
		p.Ended, p.Planned = p.Ended+w.ended, p.Planned+int64(w.planned)
		for _, count := range []struct {
			is bool
			n  *int
		}{{w.ready, &p.Ready}, {w.whole, &p.Done}, {w.lost != "", &p.Lost}} {
			if count.is {
				*count.n++
			}
		}
	}
	return p
}

// Stop has all workers send no more. What they sent comes as it would have.
func (c *Coordinator) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stop = true
	if err := c.write(note{Stop: true}); err != nil {
		c.say("cannot keep what happens: %v", err)
	}
	c.change()
}

func (c *Coordinator) stopped() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stop
}

// tellEvery is how often people hear how far it is.
const tellEvery = 10 * time.Second

// tell says how far all are.
func (c *Coordinator) tell() {
	p := c.Progress()
	if !p.Begun {
		c.say("%d of %d shards joined, %d are ready", p.Joined, c.Shards, p.Ready)
		return
	}
	of := ""
	if p.Planned > 0 {
		of = fmt.Sprintf(" of about %d", p.Planned)
	}
	c.say("%d%s calls ended; %d of %d shards are done, %d lost", p.Ended, of, p.Done, c.Shards, p.Lost)
}

// ErrNobody is returned where not all workers were there in time.
var ErrNobody = errors.New("not all shards came")

// ErrAside is returned where the coordinator ends, and another is to go on with its
// folder.
var ErrAside = errors.New("put aside")

// Wait returns once every part's result is there, or its worker lost. It is an error
// where the parts haven't all been ready within a time, so that nothing was sent.
func (c *Coordinator) Wait(ctx context.Context, within time.Duration) ([]Outcome, error) {
	opened, drain, told := time.Now(), c.Drain, time.Now()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		done, begun := c.over()
		switch {
		case done:
			return c.outcomes(), nil
		case !begun && c.stopped():
			return nil, fmt.Errorf("%w: it was called off before it began", ErrNobody)
		case !begun && time.Since(opened) > within:
			c.Stop()
			p := c.Progress()
			return nil, fmt.Errorf("%w: %d of %d joined and %d were ready within %s", ErrNobody, p.Joined, c.Shards,
				p.Ready, within)
		}
		c.mu.Lock()
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-ctx.Done():
			return c.outcomes(), ctx.Err()
		case <-drain:
			if c.Aside != nil && c.Aside() {
				return nil, ErrAside
			}
			drain = nil
			c.Stop()
		case <-tick.C:
			if time.Since(told) > tellEvery {
				told = time.Now()
				c.tell()
			}
		case <-changed:
		}
	}
}

// over notes who is lost, and reports if nobody is waited for any more.
func (c *Coordinator) over() (done, begun bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun == 0 {
		failed := slices.IndexFunc(c.workers, func(w *worker) bool { return w != nil && w.lost != "" })
		return failed >= 0, false
	}
	done = true
	c.awake(time.Now())
	for i, w := range c.workers {
		if silent := time.Since(w.heard); !w.whole && w.lost == "" && silent > c.LostFor {
			w.lost = fmt.Sprintf("it was not heard of for %s", silent.Round(time.Second))
			if err := c.write(note{Part: i + 1, Lost: w.lost}); err != nil {
				c.say("cannot keep what happens: %v", err)
			}
			c.say("shard %d/%d is lost: %s", i+1, c.Shards, w.lost)
		}
		done = done && (w.whole || w.lost != "")
	}
	return done, true
}

// awake excuses the workers where we stood still ourselves, as a stopped process or a
// paused machine does: nobody was heard meanwhile. It needs mu.
func (c *Coordinator) awake(now time.Time) {
	const still = 2 * time.Second // it looks five times a second
	if gap := now.Sub(c.looked); !c.looked.IsZero() && gap > still {
		for _, w := range c.workers {
			if w.heard = w.heard.Add(gap); w.heard.After(now) {
				w.heard = now
			}
		}
	}
	c.looked = now
}

// outcomes are what came of all parts.
func (c *Coordinator) outcomes() []Outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]Outcome, len(c.workers))
	for i, w := range c.workers {
		list[i] = Outcome{Part: i + 1, Lost: "it never joined"}
		if w == nil {
			continue
		}
		o := Outcome{Part: i + 1, Planned: w.planned, Shard: w.shard}
		if w.whole {
			o.Archive = w.file
		} else {
			o.Calls, o.Lost = w.calls, w.lost
			if o.Lost == "" {
				o.Lost = "its result was not waited for"
			}
		}
		list[i] = o
	}
	return list
}
