package load

import (
	"fmt"
	"time"

	"github.com/mcpload/mcpload/internal/words"
)

// A Flight is how the calls of a closed loop spent their time. So many were to
// be under way at all times; by Little's law, what the server had of them at a
// time is results a second times what each took.
type Flight struct {
	Asked   int           // calls to be in flight
	Span    time.Duration // of the run
	Calls   int64         // that were sent
	Service time.Duration // from sent to the response, of all calls together
	Queued  time.Duration // from handed over to sent: waiting for a connection, or for one to be opened
	Ending  time.Duration // from the response to the reply's end
	Think   bool          // callers think between two calls
}

// flightShare is how much of what was asked for must be with the server for a
// closed loop to say how much that can do.
const flightShare = 0.5

// Mean is how many calls the server had at a time.
func (f Flight) Mean() float64 {
	if f.Span <= 0 {
		return 0
	}
	return float64(f.Service) / float64(f.Span)
}

// Short says what was waited for, where the server had far fewer calls at a
// time than were asked for; empty where it had them.
func (f Flight) Short() string {
	if f.Calls == 0 || f.Mean() >= flightShare*float64(f.Asked) {
		return ""
	}
	each := func(d time.Duration) string { return words.Span(d / time.Duration(f.Calls)) }
	rest := time.Duration(float64(f.Asked)*float64(f.Span)) - f.Service - f.Queued - f.Ending
	text := fmt.Sprintf("the server had only %.1f of %d calls at a time; ", f.Mean(), f.Asked)
	switch {
	case f.Ending >= f.Queued && f.Ending >= rest:
		return text + fmt.Sprintf("most of the time, %s a call, went by between the response and the end of its "+
			"reply, which the next one waits for", each(f.Ending))
	case f.Queued >= rest:
		return text + fmt.Sprintf("most of the time, %s a call, went by waiting for a connection", each(f.Queued))
	case f.Think:
		return text + fmt.Sprintf("most of the time, %s a call, callers were thinking", each(rest))
	}
	return text + fmt.Sprintf("most of the time, %s a call, it waited for this machine to send the next one",
		each(rest))
}

// Flight is how the calls spent their time, but for what only their sender
// knows.
func (m *Metrics) Flight(span time.Duration) Flight {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := Flight{Span: span, Service: m.service, Queued: m.queued}
	for _, t := range m.tools {
		f.Calls += t.Sent()
	}
	return f
}
