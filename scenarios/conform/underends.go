package conform

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// EndKill ends a process at once.
const EndKill = "kill"

// LineEndRows are tried under load over stdio, on a process of their own.
func LineEndRows() []Row {
	return []Row{
		{ID: "U08", Area: Transport, Level: Practice, On: []string{Stdio}, Section: "basic/lifecycle §Shutdown, " +
			"basic/transports §stdio", Effect: Sessions,
			Says:  "ends, with eight calls under way, when its stdin is closed, or at the latest by SIGTERM",
			Check: endsMeanwhile},
	}
}

// EndingRows restart the server, or end it, so that they are tried once, behind all
// others.
func EndingRows() []Row {
	remote := []string{HTTP}
	return []Row{
		{ID: "U09", Area: Transport, Level: Practice, On: remote, Section: "none: what users need", Effect: Sessions,
			Says: "serves again within 60 s of a restart under load", Check: recovers},
		{ID: "U09-sessions", Area: Transport, Level: Practice, From: R2503, To: R2511, On: []string{HTTP},
			Section: "basic/transports §Session Management", Effect: Sessions,
			Says: "serves the sessions of before a restart, or answers them with 404", Check: sessionsAfterRestart},
		{ID: "U10", Area: Tools, Level: Practice, On: remote, Section: "none: what users need", Effect: Many,
			Needs: "tools",
			Says:  "carries out what it answered once, and nothing twice, when it is restarted under load",
			Check: losesNothing},
		{ID: "U08-http", Area: Transport, Level: Practice, On: []string{HTTP}, Section: "none: what users need",
			Effect: Sessions,
			Says:   "answers the calls that are under way when it gets SIGTERM, and ends", Check: drains},
	}
}

// underWay are calls to be ended in the middle of: of the slowest tool, where one takes
// long, or requests that do nothing.
func (t *Trial) underWay(s *session) (requests []Request, what string, lasts time.Duration) {
	c, none := t.slowest()
	home := t.main
	defer func() { t.main = home }()
	t.main = s
	if none == nil {
		return t.copies(c, atOnce), "calls of " + c.name(), c.Reply.Took
	}
	for range atOnce {
		requests = append(requests, once(t.harmless(s)))
	}
	return requests, "requests", 0
}

func endsMeanwhile(t *Trial) Answer {
	s, l, none := t.ender()
	if none != nil {
		return *none
	}
	defer s.line.Close()
	requests, what, _ := t.underWay(s)
	wanted := map[string]bool{}
	var last *Exchange
	for _, r := range requests {
		wanted[r.Await] = true
		r.Await = ""
		last = t.send(s, r)
	}
	var told []string
	for _, how := range []string{EndInput, EndSignal, EndKill} {
		end, err := l.End(how, t.Timeout)
		switch {
		case err != nil:
			return unaccused(skip("it could not be ended so: %v", err))
		case !end.Done:
			told = append(told, fmt.Sprintf("runs on %s after %s", t.Timeout, ways[how]))
			continue
		}
		told = append(told, fmt.Sprintf("ends %s after %s (%s)", end.Took.Round(time.Millisecond), ways[how],
			end.Status))
		said := fmt.Sprintf("with %d %s under way it %s", atOnce, what, strings.Join(told, ", "))
		if how == EndKill {
			return unaccused(fail(last, "%s", said))
		}
		n := 0
		for _, e := range []*Exchange{last, {Reply: s.line.Do(Request{Within: time.Millisecond})}} {
			for _, m := range e.Reply.Messages {
				if m.Answers() && wanted[string(m.ID)] {
					n++
				}
			}
		}
		return unaccused(pass("%s; %d are answered", said, n))
	}
	return unaccused(skip("it can't be ended at all"))
}

// ways are the ways to end a process in words.
var ways = map[string]string{EndInput: "its stdin is closed", EndSignal: "SIGTERM", EndKill: "SIGKILL"}

func drains(t *Trial) Answer {
	if t.Serving == nil {
		return needs("a server over HTTP that mcpload starts, such as --server NAME --live", "it was not started here")
	}
	c, none := t.slowest()
	if none != nil {
		return *none
	}
	requests := t.copies(c, atOnce)
	for k := range requests {
		requests[k].Within = t.Timeout + c.Reply.Took
	}
	var end Ended
	var err error
	got := t.meanwhile(requests, func() {
		t.pause(c.Reply.Took / 4)
		end, err = t.Serving.End(EndSignal, t.Timeout+c.Reply.Took)
	})
	n, lost := 0, got[0]
	for _, e := range got {
		if e.OK() {
			n++
		} else {
			lost = e
		}
	}
	switch {
	case err != nil:
		return unaccused(skip("it could not be ended so: %v", err))
	case !end.Done:
		return unaccused(fail(lost, "it still runs %s after SIGTERM",
			(t.Timeout + c.Reply.Took).Round(time.Millisecond)))
	case n < atOnce:
		return unaccused(fail(lost, "of %d calls of %s under way when it got SIGTERM %d have a result: %s", atOnce,
			c.name(), n, lost.words()))
	}
	return unaccused(pass("each of %d calls under way is answered, and it ends %s after SIGTERM (%s)", atOnce,
		end.Took.Round(time.Millisecond), end.Status))
}

// A restarted is what was seen of a restart, once for all rows.
type restarted struct {
	none *Answer

	took       time.Duration // from the command's end until a request was answered again
	recovered  bool
	last       *Exchange // the last that was tried
	old        *Exchange // a request of a session from before; nil: there was none
	sent, done int       // calls, and those that were answered with a result
	idle       int       // calls that found no server, or no session, and so came to nothing
	ran        int       // how far the counter moved
	uncounted  string    // why it wasn't counted
}

// firstNumber is what a counting tool tells.
var firstNumber = regexp.MustCompile(`\d{1,15}`)

// recovery is how long the server may take to serve again.
func (t *Trial) recovery() time.Duration {
	if t.Recovery > 0 {
		return t.Recovery
	}
	return time.Minute
}

// restart has the server restarted while calls go on, once for all rows.
func (t *Trial) restart() *restarted {
	if t.again != nil {
		return t.again
	}
	r := &restarted{}
	t.again = r
	if t.Restart == nil {
		r.none = new(needs("--restart CMD", "nothing restarts it"))
		return r
	}
	if r.none = t.works(t.main); r.none != nil {
		return r
	}
	request, before := t.counted(r)
	stop := t.keepAsking(request, r)
	t.pause(5 * slow / 2)
	began := t.now()
	if err := t.Restart(); err != nil {
		stop()
		r.none = new(skip("the server could not be restarted: %v", err))
		return r
	}
	var s *session
	for t.now().Sub(began) < t.recovery() {
		if s = t.reopened(r); s != nil {
			break
		}
		t.pause(slow / 4)
	}
	r.took, r.recovered = t.now().Sub(began), s != nil
	stop()
	if s == nil {
		return r
	}
	defer s.line.Close()
	if t.main.id != "" {
		r.old = t.Send(once(t.Harmless()))
	}
	if r.uncounted == "" {
		var after int
		if after, r.uncounted = t.count(s); r.uncounted == "" && after < before {
			r.uncounted = "the counter began anew"
		}
		r.ran = after - before
	}
	return r
}

// counted is what goes on while the server is restarted, and where the counter stands
// before. Where there is no such counter, or a call doesn't move it by one, r says so.
func (t *Trial) counted(r *restarted) (request func() Request, before int) {
	list, _ := t.calls()
	k := slices.IndexFunc(list, func(c call) bool {
		return c.OK() && !c.toolFailed() && !c.asksInput() && c.name() != t.Counter
	})
	if k < 0 {
		r.uncounted = "no tool may be called"
		return func() Request { return once(t.Harmless()) }, 0
	}
	request = func() Request { return once(t.callOf(list[k].tool, list[k].arguments, nil)) }
	var control int
	if control, r.uncounted = t.count(t.main); r.uncounted != "" {
		return request, 0
	}
	one := t.Send(request())
	if before, r.uncounted = t.count(t.main); r.uncounted == "" && (!one.OK() || before != control+1) {
		r.uncounted = fmt.Sprintf("one call moves the counter from %d to %d", control, before)
	}
	return request, before
}

// reopened is a session that serves; nil where there is none yet.
func (t *Trial) reopened(r *restarted) *session {
	s, none := t.fresh()
	r.last = t.exchanges[len(t.exchanges)-1]
	if none != nil {
		return nil
	}
	e := t.send(s, t.harmless(s))
	if r.last = e; !e.OK() {
		s.line.Close()
		return nil
	}
	return s
}

// keepAsking sends a request after the other, four at a time, until it is stopped.
func (t *Trial) keepAsking(request func() Request, r *restarted) (stop func()) {
	var mu sync.Mutex
	var all sync.WaitGroup
	line, done := t.main.line, make(chan struct{})
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				mu.Lock()
				q := request()
				r.sent++
				mu.Unlock()
				q.Within = t.Timeout
				e := Exchange{Request: q, Reply: line.Do(q)}
				mu.Lock()
				switch {
				case e.OK() && !e.toolFailed():
					r.done++
				case e.forgotten() || e.Request.Once && strings.Contains(e.Reply.Broken, "connection refused"):
					r.idle++
				}
				mu.Unlock()
				t.pause(4 * t.beat())
			}
		})
	}
	return func() { close(done); all.Wait() }
}

// count asks the counting tool; why says that it has no number.
func (t *Trial) count(s *session) (n int, why string) {
	if t.Counter == "" {
		return 0, "no tool counts"
	}
	e := t.send(s, once(s.request("tools/call", map[string]any{"name": t.Counter, "arguments": map[string]any{}})))
	if !e.OK() || e.toolFailed() {
		return 0, "the counting tool has no result: " + e.words()
	}
	if _, err := fmt.Sscanf(firstNumber.FindString(e.texts()), "%d", &n); err != nil {
		return 0, "the counting tool tells no number: " + e.words()
	}
	return n, ""
}

func recovers(t *Trial) Answer {
	r := t.restart()
	switch {
	case r.none != nil:
		return *r.none
	case !r.recovered:
		return unaccused(fail(r.last, "%s after the restart it doesn't serve: %s", t.recovery(), r.last.words()))
	}
	return unaccused(pass("it serves %s after the restart began; of %d requests meanwhile %d have a result",
		r.took.Round(time.Millisecond), r.sent, r.done))
}

func sessionsAfterRestart(t *Trial) Answer {
	r := t.restart()
	switch {
	case r.none != nil:
		return *r.none
	case r.old == nil:
		return skip("there was no session to ask in again")
	case r.old.OK():
		return unaccused(pass("a session of before serves on"))
	case r.old.Reply.Status == http.StatusNotFound:
		return unaccused(pass("a session of before is answered with 404"))
	}
	return unaccused(fail(r.old, "a session of before is neither served nor answered with 404: %s", r.old.words()))
}

func losesNothing(t *Trial) Answer {
	r := t.restart()
	switch {
	case r.none != nil:
		return *r.none
	case !r.recovered:
		return skip("it doesn't serve again")
	case r.uncounted != "":
		return needs("--executions-from TOOL, which counts across restarts", "%s", r.uncounted)
	case r.ran < r.done:
		return unaccused(fail(r.last, "%d calls were answered with a result, and %d carried out", r.done, r.ran))
	case r.ran > r.sent-r.idle:
		return unaccused(fail(r.last, "%d calls came to the server, and %d were carried out", r.sent-r.idle, r.ran))
	}
	return unaccused(pass("%d calls were sent, of which %d found no server or session; %d were answered with a "+
		"result, and %d carried out", r.sent, r.idle, r.done, r.ran))
}
