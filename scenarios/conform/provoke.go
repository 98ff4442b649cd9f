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

// neverAnswers is the first of a row's requests that had no answer in time, where it has none
// when it is sent again, and no late one, though others have theirs before and behind; nil
// where that isn't so.
func (t *Trial) neverAnswers(sent []*Exchange) *Exchange {
	k := slices.IndexFunc(sent, func(e *Exchange) bool {
		return e.Reply.Silent && e.Reply.Broken != "" && e.Request.Await != "" && e.method() != ""
	})
	if k < 0 {
		return nil
	}
	first, control := sent[k], t.main
	again := t.renumbered(first.Request)
	s, none := t.likewise(first)
	if none != nil {
		return nil
	}
	if s != t.main {
		defer s.line.Close()
		if again = again.With("Mcp-Session-Id", s.id); first.method() != "initialize" {
			control = s
		}
	}
	if t.works(control) != nil || !t.send(s, again).Reply.Silent || t.works(control) != nil {
		return nil
	}
	for _, e := range t.exchanges {
		if e.session == first.session && e.Reply.Answer(first.Request.Await) != nil ||
			e.session == s && e.Reply.Answer(again.Await) != nil {
			return nil
		}
	}
	return first
}

// likewise is a session such as the one that a request was sent in: the trial's own, another one,
// or one that isn't begun, for what begins one.
func (t *Trial) likewise(e *Exchange) (*session, *Answer) {
	if e.session == t.main {
		return t.main, nil
	}
	if e.method() != "initialize" {
		return t.fresh()
	}
	line, none := t.anotherLine()
	return &session{line: line, transport: t.Transport, revision: t.Revision}, none
}
