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
	"cmp"
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

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/scenarios/conform"
)

// A Config says which server to try, and how.
type Config struct {
	URL       string      // http and sse
	Transport string      // conform.HTTP or conform.SSE with a URL; empty: HTTP
	Header    http.Header // added to every request that isn't bare, such as a credential
	Other     http.Header // in place of it in requests that somebody else sends; nil: there is nobody else

	Bearer Bearer // has a token for every request that isn't bare; nil: none

	// Wire says how connections are made: certificates, proxy, socket, address and
	// version of HTTP, and nothing else of it counts. Its zero value: as Go does, but
	// without the environment's proxies.
	Wire wire.Options

	Command []string // stdio, where there is no URL
	Env     []string // its whole environment
	Dir     string

	Revisions []string      // to try; empty: every one
	Timeout   time.Duration // of one request; 0: 5 s
	Start     time.Duration // how long the server may take to answer the first; 0: 30 s
	Tool      string        // that may be called; empty: one that says that it only reads
	Arguments []byte
	Rows      []conform.Row // nil: all
	Under     float64       // right requests a second that are sent beside the rows; 0: none
	// that are tried where Under isn't 0, beside those that judge the load itself; empty: none
	Loaded   []conform.Row
	Sessions int                         // how many are opened at most to compare their ids; 0: 5,000
	Restart  func(context.Context) error // restarts the server while calls go on; nil: nothing does
	Recovery time.Duration               // how long it may take to serve again; 0: 60 s
	Counter  string                      // a tool that tells how many calls of others were carried out; empty: none
	Serving  *wire.Process               // of a server over HTTP that was started for this; nil: it wasn't
	// how long odd arguments are tried on tools, in the newest revision; 0: they aren't
	Fuzz time.Duration
	Seed uint64 // of the odd arguments

	Again Again // how a shell reaches the server once more

	claimed bool                    // the revisions are the caller's
	closing *sync.WaitGroup         // of processes that are being ended
	died    *atomic.Pointer[[]byte] // what the process that ended last had written on stderr
	fell    *atomic.Pointer[[]byte] // what the first had written that ended by itself while it was asked
	hangsUp *atomic.Bool            // the server closes connections that it kept, and doesn't say so before
	fuzzed  bool                    // odd arguments were tried
	minted  bool                    // thousands of sessions were opened

	// about how long all may take; 0: 15 minutes, and as long as it does with Under and Fuzz
	Budget time.Duration
	Watch  func(Step) // hears which row is about to be tried; nil: nobody does
}

// A Found is what came of a server: a report a revision that it speaks.
type Found struct {
	Transport string
	Reports   []conform.Report
	Unspoken  map[string]string // the revisions that it doesn't speak, and how it said so
	Beside    []string          // revisions that none of the rows is about, which were not tried
	Untried   []string          // those that ctx ended before

	fell *atomic.Pointer[[]byte] // of Config
}

// ErrNothing says that the server spoke no revision that was tried.
var ErrNothing = errors.New("the server speaks none of the revisions that were tried")

// ErrNoRow says that none of the rows is about any of the revisions and the transport.
var ErrNoRow = errors.New("none of the rows is about these revisions over this transport")

// lastWords are notes of what the first process wrote on stderr last that ended by itself while
// it was asked something; none where none did.
func (f Found) lastWords(redact func(string) string) (notes []string) {
	if stderr := f.fell.Load(); stderr != nil {
		for _, line := range target.LastLines(*stderr) {
			notes = append(notes, "stderr of a process that ended by itself: "+cleaned(strings.TrimSpace(line), redact))
		}
	}
	return notes
}

func (c *Config) fill() error {
	c.fell = &atomic.Pointer[[]byte]{}
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	if c.Start == 0 {
		c.Start = 30 * time.Second
	}
	if c.claimed = len(c.Revisions) == 1; len(c.Revisions) == 0 {
		c.Revisions = conform.Revisions()
	}
	if c.Rows == nil {
		c.Rows = conform.Rows()
	}
	if c.Budget == 0 && c.Under == 0 && c.Fuzz == 0 {
		c.Budget = DefaultBudget
	}
	switch {
	case c.URL == "" && len(c.Command) == 0:
		return errors.New("neither a URL nor a command")
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
	c.closing, c.died, c.hangsUp = &sync.WaitGroup{}, &atomic.Pointer[[]byte]{}, &atomic.Bool{}
	defer c.closing.Wait()
	found := Found{Transport: c.Transport, fell: c.fell, Unspoken: map[string]string{}}
	var last error
	var locked *conform.Report
	patience := max(c.Timeout, c.Start)
	began := time.Now()
	for k, revision := range c.Revisions {
		after := len(c.Revisions) - 1 - k
		left := c.share(time.Since(began), after)
		switch {
		case ctx.Err() != nil, left != nil && left() <= 0 && k > 0:
			found.Untried = append(found.Untried, revision)
			continue
		case conform.Stateless(revision) && c.Transport == conform.SSE: // it never had this transport
			continue
		case !c.demands(revision):
			found.Beside = append(found.Beside, revision)
			continue
		}
		r, err := c.try(ctx, c.options(ctx, revision, patience, after, left))
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
			found.Unspoken[revision], last = err.Error(), err
		}
	}
	switch {
	case len(found.Reports) > 0:
		if ctx.Err() == nil {
			c.end(ctx, found.Reports)
		}
		return found, nil
	case locked != nil: // which revision it would speak is not known
		lock := conform.ErrLocked.Error()
		maps.DeleteFunc(found.Unspoken, func(_, why string) bool { return strings.HasPrefix(why, lock) })
		found.Reports = append(found.Reports, *locked)
		return found, nil
	case last != nil:
		return found, c.explained(last)
	case ctx.Err() != nil:
		return found, fmt.Errorf("%w", ctx.Err())
	case len(found.Unspoken) == 0:
		return found, ErrNoRow
	}
	return found, found.nothing()
}

// explained is an error with what the process had written that ended last.
func (c *Config) explained(err error) error {
	if stderr := c.died.Load(); stderr != nil {
		return target.Died(err, *stderr)
	}
	return err
}

// nothing is ErrNothing with how the server refused the revisions, the newest first.
func (f Found) nothing() error {
	said, alike := []string(nil), map[string]bool{}
	for _, revision := range slices.Backward(slices.Sorted(maps.Keys(f.Unspoken))) {
		said = append(said, revision+": "+f.Unspoken[revision])
		alike[f.Unspoken[revision]] = true
	}
	if len(alike) == 1 {
		return fmt.Errorf("%w (each: %s)", ErrNothing, slices.Collect(maps.Keys(alike))[0])
	}
	return fmt.Errorf("%w (%s)", ErrNothing, strings.Join(said, "; "))
}

// demands reports if any row is about a revision; what load and odd arguments show is
// about all of them.
func (c *Config) demands(revision string) bool {
	return c.Under > 0 || c.Fuzz > 0 || slices.ContainsFunc(c.Rows, func(r conform.Row) bool {
		return r.Applies(revision, c.Transport)
	})
}

// try tries one revision.
func (c *Config) try(ctx context.Context, o conform.Options) (conform.Report, error) {
	line, err := c.open(ctx, o.Patience)
	if err != nil {
		return conform.Report{}, c.unreached(ctx, err)
	}
	defer line.Close()
	t, err := conform.NewTrial(line, o)
	if err != nil {
		if errors.Is(err, conform.ErrLocked) {
			return t.Run(c.Rows), err
		}
		last := t.LastReply()
		if last.Cause != nil {
			err = c.unreached(ctx, last.Cause)
		}
		if errors.Is(err, conform.ErrNoAnswer) {
			err = hint.New(err, cmp.Or(elsewhere(&last, c.URL), wire.StatusHint(last.Status, c.URL),
				"what replies there speaks no MCP: is the path right, such as /mcp, and --transport?"))
		}
		return conform.Report{}, err
	}
	rows := slices.Clone(c.Rows)
	if c.Under > 0 {
		l, err := c.load(ctx, o)
		if err != nil {
			return conform.Report{}, fmt.Errorf("the load beside the rows: %w", err)
		}
		defer l.end()
		rows = slices.Concat(rows, c.underLoad(), l.sum.Rows(l.end))
	}
	if c.Fuzz > 0 && !c.fuzzed {
		c.fuzzed = true
		f := &conform.Fuzz{Seed: c.Seed, More: lasting(ctx, c.Fuzz)}
		rows = append(rows, f.Rows()...)
	}
	out := t.Run(rows)
	c.minted = c.minted || slices.ContainsFunc(out.Findings, func(f conform.Finding) bool {
		return f.ID == "U04" && f.State != conform.NotTestable
	})
	return out, nil
}

// unreached is an error of the network in the words of every other command.
func (c *Config) unreached(ctx context.Context, err error) error {
	if _, network := errors.AsType[*url.Error](err); !network || ctx.Err() != nil {
		return err
	}
	return target.Explained(wire.Unreachable(ctx, err, c.URL))
}

// elsewhere says where a reply sends us; empty: nowhere.
func elsewhere(r *conform.Reply, asked string) string {
	base, err := url.Parse(asked)
	if where := r.Header.Get("Location"); err == nil && r.Status/100 == 3 && where != "" {
		if to, err := base.Parse(where); err == nil {
			return "it redirects to " + public(to.String()) + ", which may be what --url should name"
		}
	}
	return ""
}

// options are those of a revision, behind which others may follow, and which may take what is left.
func (c *Config) options(ctx context.Context, revision string, patience time.Duration, after int,
	left func() time.Duration) conform.Options {
	o := conform.Options{
		Revision: revision, Transport: c.Transport, Timeout: c.Timeout, Patience: patience,
		Tool: c.Tool, Arguments: c.Arguments, Bearer: c.Header.Get("Authorization") != "" || c.Bearer != nil,
		Loopback: loopback(c.URL),
		Other:    c.Other != nil, URL: public(c.URL), Claimed: c.claimed,
		Rate: c.Under, Sessions: c.Sessions, Counter: c.Counter, Recovery: c.Recovery, Now: time.Now,
		Pause: func(d time.Duration) { sleep(ctx, d) }, Left: left,
	}
	if c.Watch != nil {
		began, most := sync.OnceValue(time.Now), 0
		o.Watch = func(s conform.Step) {
			most = max(most, s.Starts)
			step := Step{Step: s, Revision: revision, After: after, Took: time.Since(began()), Most: most}
			if left != nil {
				step.Bound, step.May = true, left()
			}
			c.Watch(step)
		}
	}
	return o
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
	return nil, fmt.Errorf("transport %q is none of http, sse and stdio", c.Transport)
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
