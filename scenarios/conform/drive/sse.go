package drive

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/scenarios/conform"
)

// An sseLine is one event stream of 2024-11-05, and the address that it names for
// posting.
type sseLine struct {
	*httpLine
	all    context.Context // of all lines, whichever of them is closed
	config Config          // whose URL is for posting
	from   *Config
	box    *mailbox
	cancel context.CancelFunc
	one    sync.Mutex

	opening opening
	pager   pager
	within  time.Duration
	before  string // the first event, where it isn't the endpoint
}

// Before implements conform.Opener.
func (l *sseLine) Before() string { return l.before }

func newSSELine(ctx context.Context, c *Config, within time.Duration) (*sseLine, error) {
	l := &sseLine{all: ctx, from: c, config: *c, box: newMailbox(), within: within}
	life, cancel := context.WithCancel(ctx)
	l.cancel = cancel
	l.httpLine = newHTTPLine(life, &l.config)
	q, err := l.request(life, conform.Request{Verb: http.MethodGet,
		Header: http.Header{"Accept": {"text/event-stream"}}})
	if err != nil {
		cancel()
		return nil, err
	}
	late := time.AfterFunc(within, cancel)
	resp, err := l.client.Do(q)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("the event stream can't be opened: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close() // nothing follows from how it ends
		cancel()
		advice := wire.StatusHint(resp.StatusCode, c.URL)
		if resp.StatusCode == http.StatusUnauthorized {
			advice = wire.GiveCredentials
		}
		return nil, hint.New(fmt.Errorf("the event stream can't be opened: HTTP %s", resp.Status), advice)
	}
	l.pager.write = func(body []byte) {
		l.httpLine.once(conform.Request{Header: http.Header{"Content-Type": {"application/json"}}, Body: body,
			Within: answerWithin})
	}
	l.box.asked = l.pager.asked
	endpoint := make(chan string, 1)
	go l.read(resp, endpoint)
	select {
	case where := <-endpoint:
		late.Stop()
		if err := l.aim(where); err != nil {
			cancel()
			return nil, err
		}
		return l, nil
	case <-life.Done():
		return nil, errors.New("the event stream named no endpoint in time")
	}
}

// read reads the stream to its end.
func (l *sseLine) read(resp *http.Response, endpoint chan<- string) {
	defer resp.Body.Close() // nothing follows from how it ends
	named, first := false, true
	err := scanEvents(resp.Body, func(e conform.Event) bool {
		if e.Bare {
			return true
		}
		if first && e.Kind != "endpoint" {
			l.before = e.Kind + " " + e.Data
		}
		first = false
		switch {
		case e.Kind == "endpoint" && !named:
			named = true
			endpoint <- e.Data
		case e.Kind == "" || e.Kind == "message":
			l.box.event(e)
		}
		return true
	})
	l.box.end(fmt.Sprintf("the event stream has ended: %v", err))
	if !named {
		l.cancel()
	}
}

// aim takes the address that the stream named. It must stay with the same server:
// our headers may hold credentials.
func (l *sseLine) aim(where string) error {
	base, err := url.Parse(l.from.URL)
	if err != nil {
		return errors.New("the URL cannot be parsed")
	}
	to, err := base.Parse(where)
	if err != nil || to.Host != base.Host || to.Scheme != base.Scheme {
		return fmt.Errorf("the event stream names another server for posting: %.100q", where)
	}
	l.config.URL = to.String()
	return nil
}

// Do implements conform.Line: a post, and what comes by the stream.
func (l *sseLine) Do(r conform.Request) conform.Reply {
	l.one.Lock()
	defer l.one.Unlock()
	l.opening.note(&r)
	l.pager.note(r.Body)
	began := time.Now()
	reply := l.httpLine.Do(r)
	if reply.Status/100 == 2 && r.Verb == "" && r.Path == "" {
		reply.Messages = nil // messages come by the stream, and what accepts one is none
	}
	if reply.Broken != "" || reply.Status/100 != 2 || r.Verb != "" || r.Path != "" {
		l.box.take(&reply, "")
		return reply
	}
	l.box.wait(l.ctx, &reply, r)
	reply.Took = time.Since(began)
	return reply
}

// Open implements conform.Line.
func (l *sseLine) Open() (conform.Line, error) { return newSSELine(l.all, l.from, l.within) }

// Close implements conform.Line.
func (l *sseLine) Close() {
	l.cancel()
	l.client.CloseIdleConnections()
}
