package mock

import (
	"context"
	"strconv"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
)

// Executions counts what a server carried out, for whoever holds that against its
// answers. Of a faulty server the number is what it did, and not what it said.
type Executions struct {
	Fault   string
	Counter string // the tool that tells the number, which doesn't count

	mu       sync.Mutex
	admitted int
	ran      int
}

// Note takes a decision into account.
func (e *Executions) Note(r Request, a Answer) {
	if r.Method != methodCall || r.Tool == e.Counter || a.Dead {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if a.Limited {
		if e.Fault == runsRefused {
			e.ran++
		}
		return
	}
	e.admitted++
	if e.Fault != skipsAdmitted || e.admitted%3 != 0 {
		e.ran++
	}
}

// Count is how many calls were carried out.
func (e *Executions) Count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ran
}

// addCounter offers the tool that tells the number, where there is to be one.
func (s *Server) addCounter() {
	name := s.config.Counter
	if name == "" {
		return
	}
	s.tools[name] = true
	s.mcp.AddTool(mcp.NewToolWithRawSchema(name, "Tells how many calls of other tools were carried out.", anything),
		func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText(strconv.Itoa(s.executions.Count())), nil
		})
}

const (
	runsRefused   = "runs-refused"
	skipsAdmitted = "skips-admitted"
)

// lyingFaults keep the limit in what they say, and do something else.
func lyingFaults() []Fault {
	return []Fault{
		{Name: runsRefused, Doc: "what is refused is carried out all the same", Cause: "beyond what was admitted",
			build: scoped(newHonest)},
		{Name: skipsAdmitted, Doc: "every third admitted call isn't carried out", Cause: "weren't carried out",
			build: scoped(newHonest)},
	}
}
