package drive

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/shard"
)

// A Worker is one of the machines that send a plan together, as it sees itself.
type Worker struct {
	Base  string // where the coordinator is: https://host:port
	Token string // that it asks for
	Name  string // a name of its own
	// Version is its program's: the parts of two versions may not be those of one plan.
	Version string
	Client  *http.Client // nil: the default
	Drift   float64      // how far its clock may drift from the coordinator's, such as 200e-6
	Say     func(string) // is told what happens; nil: nobody

	// For how long it asks again where nobody answers: a coordinator may be started
	// again meanwhile. 0: a minute.
	Stays time.Duration

	Clean func(string) string // takes secrets out of what the coordinator is told; nil: nothing does

	Part shard.Part // set by Join
	Plan Plan

	told  sync.Map     // texts that the coordinator was told, without their secrets
	tells atomic.Int64 // how many

	mu      sync.Mutex
	zero    time.Time    // of the worker's own clock
	met     []*met       // the coordinators' clocks, the last one's at the end
	epoch   [2]time.Time // when the run's clock began, as bounds; zero: it hasn't
	shard   results.Shard
	pending []history.Call // on their way to the coordinator
	under   int            // so many of them were sent as a batch that isn't acknowledged; 0: none
	ended   int64
	next    int64     // batch
	away    time.Time // since when the coordinator hasn't answered; zero: it does
	left    bool      // it was given up
	stop    func()
	quit    context.CancelFunc
	work    sync.WaitGroup
}

// How a worker speaks to its coordinator.
const (
	every     = time.Second      // it says how far it is, and measures the clock
	exchanges = 5                // at the beginning, of which the shortest counts most
	patience  = 10 * time.Second // for one message
	stays     = time.Minute      // it asks again, where nobody answers
	batch     = 4096             // calls at a time
)

func (w *Worker) say(format string, args ...any) {
	if w.Say != nil {
		w.Say(fmt.Sprintf(format, args...))
	}
}

// post sends one message and reads the answer into v.
func (w *Worker) post(ctx context.Context, path string, body []byte, v any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.Base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+w.Token)
	client := w.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) { // whose text has the whole address
			err = u.Err
		}
		return fmt.Errorf("the coordinator can't be reached: %w", err)
	}
	defer resp.Body.Close() // it is read to its end below
	if resp.StatusCode != http.StatusOK {
		return &refusal{resp.StatusCode, explained(resp)}
	}
	return json.NewDecoder(io.LimitReader(resp.Body, mostMessage)).Decode(v)
}

// A refusal is an answer that is none. From 500 on it may be that of a proxy whose
// coordinator is gone, or of a disk that is full, and asking again may change it.
type refusal struct {
	status int
	error
}

// final reports if asking again changes nothing.
func final(err error) bool {
	var no *refusal
	return errors.As(err, &no) && no.status < 500
}

func (w *Worker) ask(ctx context.Context, path string, m, v any) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return w.post(ctx, path, body, v)
}

// insist asks again where nobody answers.
func (w *Worker) insist(ctx context.Context, do func() error) error {
	began, last := time.Now(), w.Stays
	if last == 0 {
		last = stays
	}
	for n := 1; ; n++ {
		err := do()
		if err == nil || final(err) || ctx.Err() != nil {
			return err
		}
		w.mu.Lock()
		left := w.left
		w.mu.Unlock()
		if left || time.Since(began) > last {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(time.Duration(n)*500*time.Millisecond, 2*time.Second)):
		}
	}
}

// Join asks for a part until the coordinator is there, or within is over. Want is the
// part where somebody says which one this is, else 0.
func (w *Worker) Join(ctx context.Context, want int, within time.Duration) error {
	host, err := os.Hostname()
	if err != nil {
		host = "somewhere" // for people only
	}
	began := time.Now()
	var got joined
	for {
		err := w.ask(ctx, "/v1/join", joining{w.Name, want, host, w.Version}, &got)
		switch {
		case err == nil:
		case final(err) || ctx.Err() != nil || time.Since(began) > within:
			return err
		default:
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
			continue
		}
		break
	}
	w.Part, w.Plan, w.zero = shard.Part{Nth: got.Part, Of: got.Of}, got.Plan, time.Now()
	return w.meet(ctx)
}

// Begin is the runner.Start of the worker's run: it says that it is ready, and waits
// until all are.
func (w *Worker) Begin(planned func() int) runner.Start {
	return func(ctx context.Context, c runner.Clock, earliest time.Duration) (time.Duration, error) {
		lo, hi := runner.Epoch(c)
		w.mu.Lock()
		w.epoch = [2]time.Time{lo, hi}
		w.mu.Unlock()
		if err := runner.WaitUntil(ctx, c, earliest); err != nil { // such as until every bucket is full
			return 0, err
		}
		var got starts
		for !got.Begun {
			err := w.insist(ctx, func() error { return w.ask(ctx, "/v1/ready", ready{w.Name, planned()}, &got) })
			if err != nil {
				return 0, err
			}
			if got.Stopped {
				return 0, errors.New("the coordinator called it off before it began")
			}
		}
		if err := w.meetNamed(ctx, got.Clock); err != nil {
			return 0, err
		}
		begin, err := w.local(time.Duration(got.AtNS), got.Clock, c)
		if err != nil {
			return 0, err
		}
		w.mu.Lock()
		w.shard = results.Shard{Part: w.Part.Nth, Of: w.Part.Of, BeganNS: int64(begin)}
		w.mu.Unlock()
		return max(begin, c.Now()), nil
	}
}

// Saw takes in a call that has ended, for the coordinator.
func (w *Worker) Saw(c history.Call) {
	c.Arguments = nil
	w.redact(&c)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended++
	if !w.left {
		w.pending = append(w.pending, c)
	}
}

// redact takes the secrets out of a call. The same few texts come again and again, so each
// is looked at once.
func (w *Worker) redact(c *history.Call) {
	if w.Clean == nil {
		return
	}
	for _, text := range []*string{&c.Client, &c.Method, &c.Tool, &c.Label, &c.Detail, &c.Media, &c.Hints} {
		if *text == "" {
			continue
		}
		if known, ok := w.told.Load(*text); ok {
			*text = known.(string)
			continue
		}
		clean := w.Clean(*text)
		if w.tells.Add(1) < 1<<14 {
			w.told.Store(*text, clean)
		}
		*text = clean
	}
}

// Keep begins to tell the coordinator how far the run is. Stop is called where the
// coordinator wants no more to be sent. Leave ends it.
func (w *Worker) Keep(ctx context.Context, stop func()) {
	ctx, w.quit = context.WithCancel(ctx)
	w.stop = sync.OnceFunc(stop)
	w.work.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				w.tell(ctx)
			}
		}
	})
}

// tell measures the clock, and says how far the run is.
func (w *Worker) tell(ctx context.Context) {
	err := w.measure(ctx)
	if err == nil {
		err = w.beat(ctx, "")
	}
	for more := true; err == nil && more; {
		more, err = w.stream(ctx)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case ctx.Err() != nil:
	case err == nil:
		if !w.away.IsZero() {
			w.say("the coordinator answers again")
		}
		w.away = time.Time{}
	case w.away.IsZero():
		w.away = time.Now()
		w.say("%v; the run goes on", err)
	case time.Since(w.away) > time.Minute && !w.left:
		w.left, w.pending = true, nil
		w.say("the coordinator has not answered for a minute: the run goes on to its end, and is kept for " +
			"mcpload merge")
	}
}

func (w *Worker) beat(ctx context.Context, over string) error {
	w.mu.Lock()
	m := beat{Worker: w.Name, Ended: w.ended, Over: over}
	if w.shard.Of > 0 {
		s := w.shard
		s.Clocks = w.clocks()
		for i := range s.Clocks {
			s.Clocks[i].Bounds = thinned(s.Clocks[i].Bounds)
		}
		m.Shard = &s
	}
	w.mu.Unlock()
	var got beaten
	if err := w.ask(ctx, "/v1/beat", m, &got); err != nil {
		return err
	}
	if got.Stop && w.stop != nil {
		w.stop()
	}
	return nil
}

// stream sends a batch of calls, and reports if there is another one.
func (w *Worker) stream(ctx context.Context) (more bool, err error) {
	w.mu.Lock()
	// A batch that wasn't acknowledged may be there: told again, it is the same batch.
	calls, number := w.pending[:min(len(w.pending), cmp.Or(w.under, batch))], w.next
	w.under = len(calls)
	w.mu.Unlock()
	if len(calls) == 0 {
		return false, nil
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if err := errors.Join(history.Write(z, calls), z.Close()); err != nil {
		return false, err
	}
	var got acked
	path := "/v1/calls?worker=" + url.QueryEscape(w.Name) + "&batch=" + strconv.FormatInt(number, 10)
	if err := w.post(ctx, path, packed.Bytes(), &got); err != nil {
		return false, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if got.Next != number+1 {
		return false, fmt.Errorf("the coordinator has %d batches of calls, and was told of %d", got.Next, number)
	}
	w.next, w.pending, w.under = got.Next, w.pending[len(calls):], 0
	return len(w.pending) > 0, nil
}

// Leave ends telling. Over says why there will be no result; empty where one follows.
func (w *Worker) Leave(ctx context.Context, over string) {
	if w.quit != nil {
		w.quit()
		w.work.Wait()
	}
	if over != "" {
		_ = w.beat(ctx, over) // where nobody hears it, silence says the same later
	}
}

// Deliver sends the result, piece by piece, and goes on where it was interrupted.
func (w *Worker) Deliver(ctx context.Context, result io.ReaderAt, size int64) error {
	if err := w.insist(ctx, func() error { return w.beat(ctx, "") }); err != nil {
		return err
	}
	for from := int64(0); from < size; {
		piece := make([]byte, min(chunk, size-from))
		if _, err := result.ReadAt(piece, from); err != nil && err != io.EOF {
			return err
		}
		var got acked
		path := fmt.Sprintf("/v1/result?worker=%s&from=%d&of=%d", url.QueryEscape(w.Name), from, size)
		err := w.insist(ctx, func() error {
			err := w.post(ctx, path, piece, &got)
			if err == nil && got.Next == from {
				err = errors.New("the coordinator got nothing of a piece of the result")
			}
			return err
		})
		if err != nil {
			return err
		}
		from = got.Next
	}
	return nil
}
