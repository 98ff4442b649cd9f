package conform

import (
	"slices"
	"time"
)

// listen is how long a line is listened to for an answer that may not come. What
// comes later is still seen, at the control that follows and at the end.
const listen = 300 * time.Millisecond

// soon is how long to wait for what may never come: longer where one of the last answers took
// its time, as some servers take now this long and now that. Beginnings and tools take what
// they take.
func (t *Trial) soon() time.Duration {
	long := []string{"initialize", "server/discover", "tools/call"}
	longest, last := time.Duration(0), lastAnswers
	for k := len(t.exchanges) - 1; k >= 0 && last > 0; k-- {
		if e := t.exchanges[k]; e.OK() && !slices.Contains(long, e.method()) {
			longest = max(longest, e.Reply.Took)
			last--
		}
	}
	return min(listen+3*longest, t.Timeout)
}

// lastAnswers is of how many answers the slowest counts.
const lastAnswers = 8

// provoke sends what is no right request. Over HTTP its response ends the waiting.
// Over lines an answer may never come, so it is waited for a little, and then looked
// for among what comes before the answer to a right request, which is in order
// behind it. works is that answer: nil where the server still serves.
func (t *Trial) provoke(s *session, r Request) (e *Exchange, works *Answer) {
	if t.Transport != HTTP {
		r.Within = t.soon()
	}
	e = t.send(s, r)
	if t.Transport == HTTP {
		return e, t.works(s)
	}
	before := len(t.exchanges)
	works = t.works(s)
	if e.Reply.Silent {
		for _, later := range t.exchanges[before:] {
			for _, m := range later.Reply.Messages {
				if m.Answers() && !sameJSON(m.ID, []byte(later.Request.Await)) {
					e.Reply.Messages = append(e.Reply.Messages, m)
				}
			}
		}
		e.Reply.Broken = "" // that nothing came is what was to be seen
	}
	return e, works
}

// unasked is an answer among an exchange's messages that answers none of our requests, as
// far as ids tell; nil where there is none. Over lines others' answers may come late.
func (t *Trial) unasked(e *Exchange) *Message {
	for i := range e.Reply.Messages {
		m := &e.Reply.Messages[i]
		if m.Answers() && !e.Reply.foreign(m) && !slices.ContainsFunc(t.exchanges, func(o *Exchange) bool {
			return o.Request.Await != "" && o.Request.Await != "null" && sameJSON(m.ID, []byte(o.Request.Await))
		}) {
			return m
		}
	}
	return nil
}

// answered is an answer to a notification, and the exchange that shows it. Over lines it
// has to come twice: one may be late, of what was sent before and was no JSON.
func (t *Trial) answered(method string, params map[string]any) (m *Message, e *Exchange, dead *Answer) {
	for range 2 {
		e, dead = t.provoke(t.main, t.listening(t.main.spelt("", method, params)))
		if m = e.Reply.FirstAnswer(); t.Transport != HTTP {
			m = t.unasked(e)
		}
		if dead != nil || m == nil || t.Transport == HTTP {
			break
		}
	}
	return m, e, dead
}

// silent reports if nothing was answered at all.
func (e *Exchange) silent() bool {
	return e.Reply.Broken == "" && e.Reply.Status == 0 && e.Reply.FirstAnswer() == nil
}

// listening is a notification with a wait for an answer, which there should be none of.
func (t *Trial) listening(r Request) Request {
	if t.Transport != HTTP {
		r.Await = "null"
	}
	return r
}
