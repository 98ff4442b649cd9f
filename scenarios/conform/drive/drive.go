// Package drive carries what package conform asks to a server and back: over
// streamable HTTP, over the event streams of 2024-11-05, and over stdio.
//
// Most users want Run. It sends what it is given byte for byte, with any header, as
// no client would: nothing is repaired, followed, decompressed or asked again, but
// what a rate limit refused.
//
// The package deliberately judges nothing.
package drive

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/scenarios/conform"
)

// A Config says which server to try, and how.
type Config struct {
	URL       string      // http and sse
	Transport string      // conform.HTTP or conform.SSE with a URL; empty: HTTP
	Header    http.Header // added to every request that isn't bare, such as a credential
	Other     http.Header // in place of it in requests that somebody else sends; nil: there is nobody else

	Bearer Bearer // has a token for every request that isn't bare; nil: none

	Command []string // stdio, where there is no URL
	Env     []string // its whole environment
	Dir     string

	Revisions []string      // to try; empty: every one
	Timeout   time.Duration // of one request; 0: 5 s
	Start     time.Duration // how long the server may take to answer the first; 0: 30 s
	Tool      string        // that may be called; empty: one that says that it only reads
	Arguments []byte
	Rows      []conform.Row // empty: all
	Under     float64       // right requests a second that are sent beside the rows; 0: none
	Fuzz      time.Duration // how long odd arguments are tried on tools, in the newest revision; 0: they aren't
	Seed      uint64        // of the odd arguments

	claimed bool                    // the revisions are the caller's
	closing *sync.WaitGroup         // of processes that are being ended
	died    *atomic.Pointer[[]byte] // what the process that ended last had written on stderr
	fuzzed  bool                    // odd arguments were tried
	Watch   func(revision, row string)
}

// A Found is what came of a server: a report a revision that it speaks.
type Found struct {
	Transport string
	Reports   []conform.Report
	Unspoken  map[string]string // the revisions that it doesn't speak, and how it said so
	Beside    []string          // revisions that none of the rows is about, which were not tried
}

// ErrNothing says that the server spoke no revision that was tried.
var ErrNothing = errors.New("drive: the server speaks none of the revisions that were tried")

// ErrNoRow says that none of the rows is about any of the revisions and the transport.
var ErrNoRow = errors.New("drive: none of the rows is about these revisions over this transport")

func (c *Config) fill() error {
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	if c.Start == 0 {
		c.Start = 30 * time.Second
	}
	if c.claimed = len(c.Revisions) == 1; len(c.Revisions) == 0 {
		c.Revisions = conform.Revisions()
	}
	if len(c.Rows) == 0 {
		c.Rows = conform.Rows()
	}
	switch {
	case c.URL == "" && len(c.Command) == 0:
		return errors.New("drive: neither a URL nor a command")
	case c.URL == "":
		c.Transport = conform.Stdio
	case c.Transport == "":
		c.Transport = conform.HTTP
	}
	return nil
}

// Run tries every revision that the server speaks, the newest first, each over a
// line of its own. The error says that nothing could be tried. What was found until
// ctx ended is returned.
func Run(ctx context.Context, c Config) (Found, error) {
	if err := c.fill(); err != nil {
		return Found{}, err
	}
	c.closing, c.died = &sync.WaitGroup{}, &atomic.Pointer[[]byte]{}
	defer c.closing.Wait()
	found := Found{Transport: c.Transport, Unspoken: map[string]string{}}
	var last error
	var locked *conform.Report
	patience := max(c.Timeout, c.Start)
	for _, revision := range c.Revisions {
		if ctx.Err() != nil {
			break
		}
		if conform.Stateless(revision) && c.Transport == conform.SSE {
			continue // it never had this transport
		}
		if !c.demands(revision) {
			found.Beside = append(found.Beside, revision)
			continue
		}
		r, err := c.try(ctx, revision, patience)
		patience = c.Timeout // it has started
		switch {
		case err == nil:
			found.Reports = append(found.Reports, r)
		case errors.Is(err, conform.ErrLocked):
			found.Unspoken[revision] = err.Error()
			if last = err; locked == nil {
				locked = &r
			}
		case errors.Is(err, conform.ErrOtherRevision):
			found.Unspoken[revision] = strings.TrimPrefix(err.Error(), conform.ErrOtherRevision.Error()+": ")
		default:
			found.Unspoken[revision] = err.Error()
			last = err
		}
	}
	switch {
	case len(found.Reports) > 0:
		return found, nil
	case locked != nil: // which revision it would speak is not known
		maps.DeleteFunc(found.Unspoken, func(_, why string) bool { return strings.HasPrefix(why, conform.ErrLocked.Error()) })
		found.Reports = append(found.Reports, *locked)
		return found, nil
	case last != nil:
		if stderr := c.died.Load(); stderr != nil {
			last = target.Died(last, *stderr)
		}
		return found, last
	case ctx.Err() != nil:
		return found, fmt.Errorf("drive: %w", ctx.Err())
	case len(found.Unspoken) == 0:
		return found, ErrNoRow
	}
	return found, ErrNothing
}

// demands reports if any row is about a revision; what load and odd arguments show is
// about all of them.
func (c *Config) demands(revision string) bool {
	return c.Under > 0 || c.Fuzz > 0 || slices.ContainsFunc(c.Rows, func(r conform.Row) bool {
		return r.Applies(revision, c.Transport)
	})
}

// try tries one revision.
func (c *Config) try(ctx context.Context, revision string, patience time.Duration) (conform.Report, error) {
	line, err := c.open(ctx, patience)
	if err != nil {
		return conform.Report{}, err
	}
	defer line.Close()
	o := conform.Options{
		Revision: revision, Transport: c.Transport, Timeout: c.Timeout, Patience: patience,
		Tool: c.Tool, Arguments: c.Arguments, Bearer: c.Header.Get("Authorization") != "" || c.Bearer != nil, Loopback: loopback(c.URL),
		Other: c.Other != nil, URL: public(c.URL), Claimed: c.claimed,
	}
	if c.Watch != nil {
		o.Watch = func(row string) { c.Watch(revision, row) }
	}
	t, err := conform.NewTrial(line, o)
	if err != nil {
		if errors.Is(err, conform.ErrLocked) {
			return t.Run(c.Rows), err
		}
		return conform.Report{}, err
	}
	rows := slices.Clone(c.Rows)
	if c.Under > 0 {
		l, err := c.load(ctx, o)
		if err != nil {
			return conform.Report{}, fmt.Errorf("drive: the load beside the rows: %w", err)
		}
		defer l.end()
		rows = append(rows, l.sum.Rows(l.end)...)
	}
	if c.Fuzz > 0 && !c.fuzzed {
		c.fuzzed = true
		f := &conform.Fuzz{Seed: c.Seed, More: lasting(ctx, c.Fuzz)}
		rows = append(rows, f.Rows()...)
	}
	return t.Run(rows), nil
}

func (c *Config) open(ctx context.Context, patience time.Duration) (conform.Line, error) {
	switch c.Transport {
	case conform.HTTP:
		return newHTTPLine(ctx, c), nil
	case conform.SSE:
		return newSSELine(ctx, c, patience)
	case conform.Stdio:
		return newStdioLine(ctx, c)
	}
	return nil, fmt.Errorf("drive: transport %q is none of http, sse and stdio", c.Transport)
}

// loopback reports if a URL is of this machine; so is what has none.
func loopback(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || raw == "" {
		return err == nil
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
