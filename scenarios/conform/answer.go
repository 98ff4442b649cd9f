package conform

import "fmt"

// A State is what came of a row.
type State string

// The states. The zero value is no pass.
const (
	NotTestable State = ""
	Pass        State = "pass"
	Fail        State = "fail"
)

// An Answer is what a check says.
type Answer struct {
	State State
	Saw   string      // what was seen; of a row that isn't testable, why
	Need  string      // what would make it testable, such as "--tool NAME"
	Shows []*Exchange // of a fail: the exchanges that show it

	// Hung says that a reply which never came, or a connection that broke, is itself
	// the breach. Elsewhere such an exchange makes a fail not testable.
	Hung bool
	// Refused says the same of refusals for asking too often.
	Refused bool
}

func pass(format string, args ...any) Answer {
	return Answer{State: Pass, Saw: fmt.Sprintf(format, args...)}
}

func fail(e *Exchange, format string, args ...any) Answer {
	a := Answer{State: Fail, Saw: fmt.Sprintf(format, args...)}
	if e != nil {
		a.Shows = []*Exchange{e}
	}
	return a
}

// hung is a fail of which a reply that never came is the breach itself.
func (a Answer) hung() Answer {
	a.Hung = true
	return a
}

// showing is a fail that several exchanges show together.
func (a Answer) showing(list ...*Exchange) Answer {
	a.Shows = list
	return a
}

func skip(format string, args ...any) Answer { return Answer{Saw: fmt.Sprintf(format, args...)} }

// needs is a skip that says what would end it.
func needs(need, format string, args ...any) Answer {
	return Answer{Saw: fmt.Sprintf(format, args...), Need: need}
}

// A Line carries what is sent to one server and back, as it is. Its methods may be
// called from several goroutines.
type Line interface {
	// Do sends a request and waits for its reply. What can't be sent or isn't
	// answered is in the reply.
	Do(r Request) Reply
	// Open makes another one to the same server: over stdio a process of its own,
	// over HTTP connections of its own. Nil where that can't be done.
	Open() (Line, error)
	// Repeat is a shell line that sends a request once more.
	Repeat(r Request) string
	Close()
}
