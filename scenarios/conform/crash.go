package conform

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// unavailable reports if a server behind something else isn't reached, and not for its
// rate: what starts crashed servers again says so.
func (e *Exchange) unavailable() bool {
	return e.Reply.Status == http.StatusServiceUnavailable && e.Reply.Header.Get("Retry-After") == "" &&
		!speaksOfLimits(string(e.Reply.Body))
}

// forgotten reports if a session isn't known any more, as where a server has begun anew.
func (e *Exchange) forgotten() bool {
	return e.Reply.Status == http.StatusNotFound && e.Request.Header.Get("Mcp-Session-Id") != "" && e.answer() == nil
}

// taken reports if a call came to the tool, or to who looks at its arguments.
func (e *Exchange) taken() bool {
	switch e.Reply.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
		return false
	}
	return !e.Reply.Limited() && (e.answer() != nil || e.Reply.Status/100 == 4)
}

// doubtful reports if something else than the arguments of a call may have broken it off:
// a connection that was lost on its way, a gateway, or sessions that are given up.
func (t *Trial) doubtful(e *Exchange) bool {
	return t.Transport != Stdio && e.Reply.Broken != "" && !e.Reply.Silent || e.unavailable() || e.forgotten() ||
		e.Reply.Status == http.StatusBadGateway
}

// longArguments is how long a request is that a server may refuse for that, in bytes.
const longArguments = 8 << 10

// breaks reports if arguments break a server each time, and right ones don't: each turn is
// in a session of its own, as is the control of a long request, that is as long, and right.
func (t *Trial) breaks(s **session, tool map[string]json.RawMessage, args map[string]any, e *Exchange) bool {
	for range 3 {
		next, none := t.fresh()
		if none != nil { // it is gone, or it lets nobody in for now
			last := t.exchanges[len(t.exchanges)-1]
			return last.Reply.Broken != "" && last.Reply.Broken != Interrupted
		}
		(*s).line.Close()
		*s = next
		if n := len(e.Request.Body); n > longArguments && !t.takesLong(next, n) {
			return false
		}
		if right := t.unkept(next, tool, t.invented(tool), t.Timeout); right.answer() == nil {
			return false
		}
		if again := t.unkept(next, tool, args, t.Timeout); complaint(again) != fuzzBreaks {
			return false
		}
	}
	return true
}

// takesLong reports if a right request of so many bytes is served.
func (t *Trial) takesLong(s *session, n int) bool {
	home := t.main
	t.main = s
	r := t.varied(func(m map[string]any) { m["org.example/mcpload"] = strings.Repeat("x", n) })
	t.main = home
	r.Within = t.Timeout
	e := Exchange{Request: r, Reply: s.line.Do(r)}
	return e.OK()
}

// bury goes on in a new process, or stream, where the trial's has ended while it was spoken
// to, so that one bad request doesn't hide what comes of others. What a process ended at is
// tried once more, in one of its own that has served before; the first of it is returned
// where that one has ended too.
func (t *Trial) bury(sent []*Exchange) (death *Exchange) {
	ours := slices.DeleteFunc(slices.Clone(sent), func(e *Exchange) bool { return e.session != t.main })
	k := slices.IndexFunc(ours, func(e *Exchange) bool { return e.Reply.Ended })
	if most := map[string]int{Stdio: giveUp, SSE: mostStreams}; k < 0 || t.buried >= most[t.Transport] {
		return nil
	}
	from := k // the first of those that nothing was answered to
	for from > 0 && !ours[from-1].OK() {
		from--
	}
	if t.Transport == Stdio && t.diesAgain(ours[from:k+1]) {
		death = ours[from]
		t.deaths = append(t.deaths, death)
	}
	next, none := t.fresh()
	if none != nil {
		return death // it can't be begun any more, which is seen by what follows
	}
	if t.buried++; t.buried > 1 {
		t.main.line.Close()
	}
	t.main = next
	return death
}

// mostStreams is how many event streams may end on us. Another one takes no time, as a process
// may.
const mostStreams = 8

// diesAgain reports if another process ends at what one has ended at, and one that is asked
// as much, and rightly, doesn't.
func (t *Trial) diesAgain(sent []*Exchange) bool {
	again, none := t.fresh()
	if none != nil {
		return false // it lets nobody in
	}
	defer again.line.Close()
	if t.works(again) != nil || !t.endsAt(again, sent) {
		return false
	}
	right, none := t.fresh()
	if none != nil {
		return false
	}
	defer right.line.Close()
	for range 1 + len(sent) {
		if t.works(right) != nil {
			return false
		}
	}
	return true
}

// endsAt reports if a session's process ends while requests are sent.
func (t *Trial) endsAt(s *session, list []*Exchange) bool {
	for _, e := range list {
		if t.send(s, e.Request).Reply.Ended {
			return true
		}
	}
	return false
}
