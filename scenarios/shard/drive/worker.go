package drive

import (
	"bytes"
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
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/shard"
)

// A Worker is one of the machines that send a plan together, as it sees itself.
type Worker struct {
	Base   string       // where the coordinator is: https://host:port
	Token  string       // that it asks for
	Name   string       // a name of its own
	Client *http.Client // nil: the default
	Drift  float64      // how far its clock may drift from the coordinator's, such as 200e-6
	Say    func(string) // is told what happens; nil: nobody

	Part  shard.Part // set by Join
	Plan  Plan
	clock string

	mu      sync.Mutex
	zero    time.Time // of the worker's own clock
	bounds  []shard.Bound
	epoch   [2]time.Time // when the run's clock began, as bounds; zero: it hasn't
	shard   results.Shard
	pending []history.Call // on their way to the coordinator
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
	tries     = 5                // of a message that matters
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

// A refusal is an answer that asking again won't change.
type refusal struct {
	status int
	error
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
	for n := 1; ; n++ {
		err := do()
		var no *refusal
		if err == nil || errors.As(err, &no) || n == tries || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(n) * 500 * time.Millisecond):
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
		err := w.ask(ctx, "/v1/join", joining{w.Name, want, host}, &got)
		var no *refusal
		switch {
		case err == nil:
		case errors.As(err, &no) || ctx.Err() != nil || time.Since(began) > within:
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
	w.Part, w.Plan, w.clock, w.zero = shard.Part{Nth: got.Part, Of: got.Of}, got.Plan, got.Clock, time.Now()
	for range exchanges {
		if err := w.insist(ctx, func() error { return w.measure(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

// measure has one exchange about the time.
func (w *Worker) measure(ctx context.Context) error {
	var says clockSays
	e := shard.Exchange{Sent: time.Since(w.zero)}
	if err := w.post(ctx, "/v1/clock", []byte("{}"), &says); err != nil {
		return err
	}
	e.Received, e.Seen = time.Since(w.zero), time.Duration(says.NowNS)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bounds = append(w.bounds, e.Bound(w.Drift))
	return nil
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
			if err := w.insist(ctx, func() error { return w.ask(ctx, "/v1/ready", ready{w.Name, planned()}, &got) }); err != nil {
				return 0, err
			}
			if got.Stopped {
				return 0, errors.New("the coordinator called it off before it began")
			}
		}
		begin, err := w.local(time.Duration(got.AtNS), c)
		if err != nil {
			return 0, err
		}
		w.mu.Lock()
		w.shard = results.Shard{Part: w.Part.Nth, Of: w.Part.Of, BeganNS: int64(begin)}
		w.mu.Unlock()
		return max(begin, c.Now()), nil
	}
}

// local is what the run's clock shows when the coordinator's shows an instant, as well
// as that is known.
func (w *Worker) local(at time.Duration, c runner.Clock) (time.Duration, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, err := shard.NewOffsets(w.bounds, w.Drift)
	if err != nil {
		return 0, err
	}
	lo, hi := o.At(time.Since(w.zero))
	own := at - (lo + (hi-lo)/2) // since zero
	return c.Now() + own - time.Since(w.zero), nil
}

// Clocks are how the run's clock is led to the coordinator's, beside those that it is
// led to anyway.
func (w *Worker) Clocks() []results.ShardClock {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clocks()
}

// clocks needs mu.
func (w *Worker) clocks() []results.ShardClock {
	if w.epoch[0].IsZero() {
		return nil
	}
	c := results.ShardClock{Name: w.clock, DriftPPM: w.Drift * 1e6}
	early, late := w.epoch[0].Sub(w.zero), w.epoch[1].Sub(w.zero) // the run's instant 0, by ours
	for _, b := range w.bounds {
		c.Bounds = append(c.Bounds, results.ClockBound{AtNS: int64(b.At - early), LoNS: int64(b.Lo + early), HiNS: int64(b.Hi + late)})
	}
	return []results.ShardClock{c}
}

// Saw takes in a call that has ended, for the coordinator.
func (w *Worker) Saw(c history.Call) {
	c.Arguments = nil
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended++
	if !w.left {
		w.pending = append(w.pending, c)
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
		w.away = time.Time{}
	case w.away.IsZero():
		w.away = time.Now()
		w.say("%v; the run goes on", err)
	case time.Since(w.away) > time.Minute && !w.left:
		w.left, w.pending = true, nil
		w.say("the coordinator has not answered for a minute: the run goes on to its end, and is kept for mcpload merge")
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

// thinned are about a hundred of a list's bounds, the last of them among these: fewer
// bounds are wider, and no less true.
func thinned(list []results.ClockBound) []results.ClockBound {
	step := 1 + len(list)/100
	var some []results.ClockBound
	for i := len(list) - 1; i >= 0; i -= step {
		some = append(some, list[i])
	}
	return some
}

// stream sends a batch of calls, and reports if there is another one.
func (w *Worker) stream(ctx context.Context) (more bool, err error) {
	w.mu.Lock()
	calls, number := w.pending[:min(len(w.pending), batch)], w.next
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
	if got.Next == number+1 {
		w.next, w.pending = got.Next, w.pending[len(calls):]
	}
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
		if err := w.insist(ctx, func() error { return w.post(ctx, path, piece, &got) }); err != nil {
			return err
		}
		from = got.Next
	}
	return nil
}
