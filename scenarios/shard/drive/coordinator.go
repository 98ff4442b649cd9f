package drive

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results"
)

// A Coordinator hands out the parts of a plan, has them begin together, and takes in
// what comes of them. It is an http.Handler.
type Coordinator struct {
	Plan    Plan
	Shards  int
	Version string          // of the program: workers of another one are refused
	Token   string          // every request must bear it; empty refuses all
	Folder  string          // where results are kept meanwhile
	Keep    bool            // the folder keeps all else too, so that another Coordinator goes on with it
	LostFor time.Duration   // a worker that wasn't heard of for so long is lost; above 0
	Drain   <-chan struct{} // once it is closed the workers send no more; nil: it never is
	Aside   func() bool     // asked once Drain is closed: the workers go on, and Wait returns ErrAside; nil: no
	Say     func(string)    // is told what happens; nil: nobody
	// Watch is told that the plan begins (part 0, and how many calls are planned), and of a
	// part's calls as they come, one at a time; nil: nobody is.
	Watch func(part, planned int, calls []history.Call)

	mu      sync.Mutex
	clock   string
	base    time.Time
	workers []*worker // by part
	begun   time.Duration
	began   string // the clock that begun is of
	stop    bool
	journal *os.File      // nil: nothing is kept
	changed chan struct{} // closed, and made anew, whenever anything changes
	looked  time.Time     // when it last looked for who is lost
}

// A worker is one machine, as the coordinator knows it.
type worker struct {
	part       int
	name, host string
	heard      time.Time
	ready      bool
	planned    int
	ended      int64
	shard      *results.Shard
	next       int64 // of the stream's batches
	calls      []history.Call
	file       string // its result
	size       int64  // of that so far
	whole      bool   // it is all there
	lost       string // why there will be none
	kept       int64  // bytes of its calls' file
	shardKept  time.Time
}

// Open makes the coordinator ready to be served, and names its clock, as nobody else's
// is. With Keep it goes on where one before it on the same folder, with the same plan,
// ended; of that one's clock it takes nothing over.
func (c *Coordinator) Open(clock string) error {
	c.clock, c.base, c.changed = clock, time.Now(), make(chan struct{})
	c.workers = make([]*worker, c.Shards)
	if !c.Keep {
		return nil
	}
	if err := os.MkdirAll(c.Folder, 0o700); err != nil {
		return fmt.Errorf("--state: %w", err)
	}
	err := c.resume()
	if errors.Is(err, ErrOtherPlan) {
		err = hint.New(fmt.Errorf("--state %s: %w", c.Folder, err), "give the arguments that it began with, or "+
			"another folder")
	}
	return err
}

// Close lets the folder go.
func (c *Coordinator) Close() error {
	if c.journal == nil {
		return nil
	}
	return c.journal.Close()
}

// now is the coordinator's clock: the calendar as it was at first, and the time since.
func (c *Coordinator) now() time.Duration {
	return time.Duration(c.base.UnixNano()) + time.Since(c.base)
}

func (c *Coordinator) say(format string, args ...any) {
	if c.Say != nil {
		c.Say(fmt.Sprintf(format, args...))
	}
}

// change wakes whoever waits. It needs mu.
func (c *Coordinator) change() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// ServeHTTP implements http.Handler.
func (c *Coordinator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !authorized(r, c.Token) {
		http.Error(w, "the token is missing, or another one", http.StatusUnauthorized)
		return
	}
	if r.Method != http.MethodPost {
		http.Error(w, "every message is a POST", http.StatusMethodNotAllowed)
		return
	}
	switch r.URL.Path {
	case "/v1/clock":
		answer(w, clockSays{int64(c.now()), c.clock})
	case "/v1/join":
		c.join(w, r)
	case "/v1/ready":
		c.isReady(w, r)
	case "/v1/beat":
		c.beats(w, r)
	case "/v1/calls":
		c.takeCalls(w, r)
	case "/v1/result":
		c.takeResult(w, r)
	default:
		http.NotFound(w, r)
	}
}

// join gives a worker its part: the one that it wants or had, else the next that is free.
func (c *Coordinator) join(w http.ResponseWriter, r *http.Request) {
	m, ok := read[joining](w, r)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	at := slices.IndexFunc(c.workers, func(w *worker) bool { return w != nil && w.name == m.Worker })
	if at < 0 {
		at = c.free(m.Want)
	}
	switch {
	case m.Worker == "" || m.Want < 0 || m.Want > c.Shards:
		http.Error(w, fmt.Sprintf("there is no shard %d of %d", m.Want, c.Shards), http.StatusBadRequest)
		return
	case m.Version != c.Version:
		http.Error(w, fmt.Sprintf("the worker is mcpload %s, and the coordinator %s: what they send may differ",
			cmp.Or(m.Version, "of an older version"), c.Version), http.StatusConflict)
		return
	case at < 0 && c.begun > 0:
		http.Error(w, "the plan has begun without this worker", http.StatusConflict)
		return
	case at < 0:
		http.Error(w, fmt.Sprintf("all %d shards have their workers", c.Shards), http.StatusConflict)
		return
	}
	if c.workers[at] == nil || c.workers[at].name != m.Worker {
		if !c.noted(w, note{Part: at + 1, Worker: m.Worker, Host: m.Host}) {
			return
		}
		instead := ""
		if before := c.workers[at]; before != nil {
			instead = ", in place of the one from " + before.host
		}
		c.workers[at] = &worker{part: at + 1, name: m.Worker, host: m.Host}
		c.say("shard %d/%d joined from %s%s", at+1, c.Shards, m.Host, instead)
	}
	c.workers[at].heard = time.Now()
	c.change()
	answer(w, joined{Part: at + 1, Of: c.Shards, Plan: c.Plan})
}

// free is a part that nobody has, or that whoever had it is gone from before anything
// was sent; -1: there is none. It needs mu.
func (c *Coordinator) free(want int) int {
	if c.begun > 0 {
		return -1
	}
	open := func(w *worker) bool { return w == nil || time.Since(w.heard) > c.LostFor }
	if want > 0 {
		return want - 1 // it is whoever says so: the one before was started anew
	}
	return slices.IndexFunc(c.workers, open)
}

// known is the worker of a name. It needs mu, and says where there is none.
func (c *Coordinator) known(w http.ResponseWriter, name string) *worker {
	i := slices.IndexFunc(c.workers, func(w *worker) bool { return w != nil && w.name == name })
	if i < 0 {
		http.Error(w, "this worker has not joined, or another took its place", http.StatusGone)
		return nil
	}
	c.workers[i].heard = time.Now()
	return c.workers[i]
}

// enter takes mu, and is the worker of a name; nil where there is none, which was said.
func (c *Coordinator) enter(w http.ResponseWriter, name string) (me *worker, leave func()) {
	c.mu.Lock()
	return c.known(w, name), c.mu.Unlock
}

// heard reads a worker's message, and enters for it.
func heard[M interface{ from() string }](c *Coordinator, w http.ResponseWriter, r *http.Request) (m M, me *worker,
	leave func()) {
	m, ok := read[M](w, r)
	if !ok {
		return m, nil, func() {}
	}
	me, leave = c.enter(w, m.from())
	return m, me, leave
}

// begins tells whoever watches. It needs mu.
func (c *Coordinator) begins() {
	planned := 0
	for _, w := range c.workers {
		planned += w.planned
	}
	if c.Watch != nil {
		c.Watch(0, planned, nil)
	}
}

// present is for how long a worker that is ready is taken to be there: it asks every
// second when the plan begins, and no plan begins without one that died since.
const present = 3 * time.Second

// isReady answers when the plan begins, or after a while that nobody knows yet.
func (c *Coordinator) isReady(w http.ResponseWriter, r *http.Request) {
	m, me, leave := heard[ready](c, w, r)
	defer leave()
	if me == nil {
		return
	}
	if !me.ready {
		if !c.noted(w, note{Part: me.part, Ready: true, Planned: m.Planned}) {
			return
		}
		me.ready, me.planned = true, m.Planned
		c.change()
	}
	absent := func(w *worker) bool { return w == nil || !w.ready || time.Since(w.heard) > present }
	if c.begun == 0 && !slices.ContainsFunc(c.workers, absent) {
		begun := c.now() + Lead
		if !c.noted(w, note{BegunNS: int64(begun), Clock: c.clock}) {
			return
		}
		c.begun, c.began = begun, c.clock
		c.say("all %d shards are ready, and begin in %s", c.Shards, Lead)
		c.begins()
		c.change()
	}
	deadline := time.NewTimer(time.Second)
	defer deadline.Stop()
	for c.begun == 0 && !c.stop {
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
			c.mu.Lock()
			continue
		case <-deadline.C:
		case <-r.Context().Done():
		}
		c.mu.Lock()
		break
	}
	if c.known(w, m.Worker) == nil { // another took its place meanwhile, and sends its part
		return
	}
	answer(w, starts{Begun: c.begun > 0, AtNS: int64(c.begun), Clock: c.began, Stopped: c.stop})
}

// beats hears of a worker.
func (c *Coordinator) beats(w http.ResponseWriter, r *http.Request) {
	m, me, leave := heard[beat](c, w, r)
	defer leave()
	if me == nil {
		return
	}
	me.ended = m.Ended
	if m.Shard != nil {
		me.shard = m.Shard
		if err := c.keepShard(me); err != nil {
			c.say("cannot keep what happens: %v", err)
		}
	}
	if m.Over != "" && me.lost == "" && c.noted(w, note{Part: me.part, Lost: m.Over}) {
		me.lost = m.Over
		c.say("shard %d/%d ends without a result: %s", me.part, c.Shards, me.lost)
		c.change()
	}
	answer(w, beaten{Stop: c.stop})
}

// takeCalls takes a batch of a worker's calls in, unless it is there already.
func (c *Coordinator) takeCalls(w http.ResponseWriter, r *http.Request) {
	seq, err := strconv.ParseInt(r.URL.Query().Get("batch"), 10, 64)
	if err != nil {
		http.Error(w, "the batch has no number", http.StatusBadRequest)
		return
	}
	var calls []history.Call
	packed, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostMessage))
	if err == nil {
		calls, err = unpacked(bytes.NewReader(packed))
	}
	if err != nil {
		http.Error(w, "the batch can't be read", http.StatusBadRequest)
		return
	}
	me, leave := c.enter(w, r.URL.Query().Get("worker"))
	defer leave()
	if me == nil {
		return
	}
	if seq == me.next {
		if err := c.keepBatch(me, packed); err != nil {
			http.Error(w, "the coordinator can't write", http.StatusServiceUnavailable)
			c.say("cannot keep calls: %v", err)
			return
		}
		if me.calls = append(me.calls, calls...); c.Watch != nil {
			c.Watch(me.part, 0, calls)
		}
		me.next++
	}
	answer(w, acked{me.next})
}

// takeResult takes a piece of a worker's result in, where it goes on from what is there.
func (c *Coordinator) takeResult(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	from, err := strconv.ParseInt(q.Get("from"), 10, 64)
	total, err2 := strconv.ParseInt(q.Get("of"), 10, 64)
	if errors.Join(err, err2) != nil || from < 0 || total < 1 || total > mostResult {
		http.Error(w, "the piece has no place", http.StatusBadRequest)
		return
	}
	piece := make([]byte, 0, chunk)
	body := http.MaxBytesReader(w, r.Body, 2*chunk)
	for {
		buf := make([]byte, 64<<10)
		n, err := body.Read(buf)
		if piece = append(piece, buf[:n]...); err != nil {
			break // a piece that is cut short is as good as a shorter one
		}
	}
	me, leave := c.enter(w, q.Get("worker"))
	defer leave()
	if me == nil {
		return
	}
	if from == me.size && from+int64(len(piece)) <= total && !me.whole {
		if err := c.store(me, piece); err != nil {
			http.Error(w, "the coordinator can't write", http.StatusInsufficientStorage)
			c.say("cannot keep a result: %v", err)
			return
		}
	}
	if me.size == total && !me.whole {
		if !c.noted(w, note{Part: me.part, Whole: true}) {
			return
		}
		me.whole, me.calls = true, nil
		calls := fmt.Sprintf(": %d calls", me.ended)
		if me.ended == 0 { // such as of a conform, which tells of none
			calls = ""
		}
		c.say("shard %d/%d is done%s", me.part, c.Shards, calls)
		c.change()
	}
	answer(w, acked{me.size})
}

// store writes a piece behind those that are there. It needs mu.
func (c *Coordinator) store(me *worker, piece []byte) error {
	me.file = c.path(me, "tar.gz")
	n, err := writeAt(me.file, piece, me.size)
	if err == nil {
		me.size += int64(n)
	}
	return err
}
