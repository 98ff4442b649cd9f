package conform

import "time"

// listen is how long a line is listened to for an answer that may not come. What
// comes later is still seen, at the control that follows and at the end.
const listen = 300 * time.Millisecond

// provoke sends what is no right request. Over HTTP its response ends the waiting.
// Over lines an answer may never come, so it is waited for a little, and then looked
// for among what comes before the answer to a right request, which is in order
// behind it. works is that answer: nil where the server still serves.
func (t *Trial) provoke(s *session, r Request) (e *Exchange, works *Answer) {
	if t.Transport != HTTP {
		r.Within = min(listen, t.Timeout)
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
