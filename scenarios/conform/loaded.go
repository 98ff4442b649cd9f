package conform

import "time"

// Loaded is what became of requests that were sent beside the rows, to see if the
// server keeps the protocol under load.
type Loaded struct {
	Rate     float64 // that was asked for, requests a second
	Took     time.Duration
	Sent     int
	Unsent   int // were due, and not sent, as too many were under way
	Answered int // once, by their own id
	Limited  int // refused for their rate
	Lost     int // not answered in time, or broken off
	Worst    *Exchange
	Twice    *Exchange // the first that was answered twice, or by another's id; nil: none
	Failed   *Exchange // the first right request that was answered by an error; nil: none
	Crossed  *Exchange // the first with a result that is another request's; nil: none

	// Members are those that results of methods have, and of no others, by the methods.
	Members map[string]string

	// Shared says that all answers come by one stream, in which late ones follow others'.
	Shared  bool
	waiting map[string]bool // ids of requests that had no answer in time
}

// Note counts an exchange of a right request.
func (l *Loaded) Note(e *Exchange) {
	l.Sent++
	n := 0
	for _, m := range e.Reply.Messages {
		if !m.Answers() || nobodys(e, &m) {
			continue
		}
		switch {
		case sameJSON(m.ID, []byte(e.Request.Await)):
			n++
		case l.Shared && l.waiting[string(m.ID)]:
			delete(l.waiting, string(m.ID)) // it is late
		case l.Twice == nil:
			l.Twice = e
		}
	}
	switch {
	case e.Reply.Limited():
		l.Limited++
	case n > 1 && l.Twice == nil:
		l.Twice = e
	case n == 0:
		l.Lost++
		if l.waiting == nil {
			l.waiting = map[string]bool{}
		}
		l.waiting[e.Request.Await] = true
		if l.Worst == nil {
			l.Worst = e
		}
	case n == 1:
		l.Answered++
		switch {
		case !e.OK() && l.Failed == nil:
			l.Failed = e
		case e.OK() && !e.toolFailed() && l.Crossed == nil && l.crosses(e): // some limits answer as tools do
			l.Crossed = e
		}
	}
}

// crosses reports if a result lacks what its method's have, or has what another's has.
func (l *Loaded) crosses(e *Exchange) bool {
	for method, name := range l.Members {
		if (member(e.result(), name) != nil) != (method == e.method()) {
			return true
		}
	}
	return false
}

// quietMethod is that of what does nothing.
func (t *Trial) quietMethod() string { r := t.harmless(t.main); return r.method() }

// longestList is how long a list may be that is asked for many times a second, in bytes.
const longestList = 64 << 10

// Telling is a method whose results can be told from those of what does nothing, and the member
// that they have; empty where there is none that answers shortly.
func (t *Trial) Telling() (method, name string) {
	list := listers
	if Stateless(t.Revision) {
		list = []lister{{"server/discover", "supportedVersions", ""}}
	}
	for _, l := range list {
		if l.capability != "" && !t.declares(l.capability) || t.quietMethod() == l.method {
			continue
		}
		e := t.Ask(l.method, nil)
		if e.OK() && member(e.result(), l.member) != nil && len(e.result()) <= longestList {
			return l.method, l.member
		}
	}
	return "", ""
}

// nobodys reports if a response names no request, as of what refuses one unread: a limit,
// or a gateway.
func nobodys(e *Exchange, m *Message) bool {
	return len(m.ID) == 0 || string(m.ID) == "null" || e.Reply.foreign(m)
}

// Rows are the rows that only load can break. done ends the load.
func (l *Loaded) Rows(done func()) []Row {
	return []Row{
		{ID: "U01", Area: Messages, Level: Must, Section: "basic §Responses", Effect: Sends,
			Says: "answers each request under load once, by its own id",
			Check: func(*Trial) Answer {
				done()
				switch {
				case l.Twice != nil:
					return fail(l.Twice, "a request is answered twice, or by another's id: %s", l.Twice.words())
				case l.Crossed != nil:
					return fail(l.Crossed, "%s is answered with the result of another request: %s", l.Crossed.method(),
						excerpt(string(l.Crossed.result())))
				case l.Answered == 0:
					return skip("of %d requests none was answered", l.Sent)
				case l.Lost > l.Sent/10:
					return skip("%d of %d requests have no answer: %s", l.Lost, l.Sent, l.Worst.words())
				}
				return pass("%d of %d requests beside the rows, asked for at %g/s, were answered once in %s; "+
					"%d refused for their rate, %d lost, %d due and not sent",
					l.Answered, l.Sent, l.Rate, l.Took.Round(time.Millisecond), l.Limited, l.Lost, l.Unsent)
			}},
		{ID: "U02", Area: Messages, Level: Practice, Section: "basic §Responses", Effect: Sends,
			Says: "answers under load what it answers without",
			Check: func(*Trial) Answer {
				switch {
				case l.Answered == 0:
					return skip("of %d requests none was answered", l.Sent)
				case l.Failed != nil:
					return fail(l.Failed, "a right request fails: %s", l.Failed.words())
				case l.Lost > 0:
					return fail(l.Worst, "%d of %d requests have no answer: %s", l.Lost, l.Sent, l.Worst.words()).hung()
				}
				return pass("%d requests", l.Answered)
			}},
	}
}
