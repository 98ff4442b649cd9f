package conform

// Loaded is what became of requests that were sent beside the rows, to see if the
// server keeps the protocol under load.
type Loaded struct {
	Rate     float64 // that was asked for, requests a second
	Sent     int
	Unsent   int // were due, and not sent, as too many were under way
	Answered int // once, by their own id
	Limited  int // refused for their rate
	Lost     int // not answered in time, or broken off
	Worst    *Exchange
	Twice    *Exchange // the first that was answered twice, or by another's id; nil: none
	Failed   *Exchange // the first right request that was answered by an error; nil: none

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
		if !e.OK() && l.Failed == nil {
			l.Failed = e
		}
	}
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
				case l.Answered == 0:
					return skip("of %d requests none was answered", l.Sent)
				}
				return pass("%d of %d requests beside the rows, asked for at %g/s, were answered once; %d refused "+
					"for their rate, %d lost, %d due and not sent",
					l.Answered, l.Sent, l.Rate, l.Limited, l.Lost, l.Unsent)
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
