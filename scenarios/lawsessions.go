package scenarios

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/verdict"
)

// never is when a session is over that nobody ends.
const never = time.Duration(math.MaxInt64)

// An openSession is one that a plan has opened.
type openSession struct {
	client int
	name   string
}

// ExtraSession reports if a session is one that a plan opens for a law that counts them: the
// call that opens it is its first, and an arrival whose method is DELETE ends it.
func ExtraSession(name string) bool { return strings.HasPrefix(name, verdict.ExtraSession) }

// openFor is how long it takes to open them, about: as long as the other laws take to grant it.
func (w *lawPlanner) openFor(l promise.Law) time.Duration {
	return w.fillFor(l) + time.Duration(l.N+2)*w.between() + atEnd
}

// between is how long the opening of a session may take, about.
func (w *lawPlanner) between() time.Duration { return 20*time.Millisecond + w.set.Lasts }

// atEnd is how long after its end a session may still count.
const atEnd = 2 * time.Second

// besideForgotten is when every other law has forgotten what was sent before the plan, where
// that is soon: this one is asked first, and its sessions must not be refused for that.
func (w *lawPlanner) besideForgotten(x int) (at time.Duration) {
	for y, l := range w.promise {
		charged := slices.ContainsFunc(w.set.Beside, func(a history.Arrival) bool { return w.charges(y, &a) > 0 })
		if over := l.Refilled() + margin(l.Refilled()); y != x && charged && over < w.set.Budget/4 {
			at = max(at, over)
		}
	}
	return at
}

// openSessions opens two more sessions than there is room for, and calls in all of them, and
// in the clients' own: what is called in was open all the time. A call in one that wasn't
// opened isn't sent.
func (w *lawPlanner) openSessions(x int) {
	c := w.counter(x, 0, &w.load)
	w.own = len(c.busy)
	for range int(c.left(w.now)) + 2 {
		if !w.openSession(x) {
			w.cut = true
			return
		}
		w.now += w.between()
	}
	w.now += w.held()
	all := slices.Clone(w.opened)
	for client := range min(w.set.Open, len(w.set.Clients)) {
		if w.whose(x, client, &w.load) == w.whose(x, 0, &w.load) {
			all = append(all, openSession{client: client})
		}
	}
	for _, s := range all {
		w.inSession(x, s, w.set.Load)
		w.now += 2 * time.Millisecond
	}
	w.now += w.held()
}

// endSessions ends one session, opens two more, of which there is room for one, and ends all.
func (w *lawPlanner) endSessions(x int) {
	c := w.counter(x, 0, &w.load)
	switch {
	case w.set.Endless:
		w.leave(x, "if a session that has ended makes room isn't shown: by this transport none can be ended alone")
		return
	case len(c.busy) == w.own:
		w.leave(x, "if a session that has ended makes room isn't shown: the run's own clients take them all")
		return
	}
	w.inSession(x, w.opened[0], ending)
	w.now += atEnd
	c.busy = c.busy[:len(c.busy)-1]
	if w.openSession(x) {
		w.now += w.between()
		w.openSession(x)
	}
	w.now += w.held()
	for _, s := range w.opened[1:] {
		w.inSession(x, s, ending)
		w.now += 2 * time.Millisecond
	}
	w.opened, c.busy = nil, c.busy[:w.own]
}

// ending is the call that ends the session that it is sent in.
var ending = history.Arrival{Method: http.MethodDelete}

// openSession opens one more session of those that share a law's counter, once the other laws
// grant it, and reports if they do.
func (w *lawPlanner) openSession(x int) bool {
	if !w.clear(x) {
		return false
	}
	s := openSession{w.way.client, fmt.Sprintf("%s%d", verdict.ExtraSession, len(w.plan.Arrivals)+1)}
	w.way.load.Session = s.name
	w.sendWay()
	w.take(s.client, &history.Arrival{Method: "notifications/initialized"})
	w.opened = append(w.opened, s)
	return true
}

// inSession sends a call in a session, once all laws grant it.
func (w *lawPlanner) inSession(x int, s openSession, a history.Arrival) {
	if w.clearFor(x, []lawWay{{s.client, a}}) {
		w.way.load.Session = s.name
		w.sendWay()
	}
}
