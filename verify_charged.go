package mcpload

import (
	"fmt"
	"slices"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/verdict"
)

// nobodySaid is what a verdict rests on where nobody said what is charged.
func nobodySaid(load, say string) string {
	return fmt.Sprintf("nobody said what is charged: if each message is, the promise is broken; if %s surely is, and "+
		"the rest may be, it isn't (say %s)", load, say)
}

// commonest is the method that a history has most of, which is what its load was made of.
func commonest(count map[string]int) (load string) {
	most := 0
	for method, n := range count {
		if n > most || n == most && method < load {
			load, most = method, n
		}
	}
	return load
}

// methodLines are the lines of a history's calls, by the method that they name, as long as each does.
type methodLines struct {
	lines   map[string][]int32
	unnamed bool
}

func (m *methodLines) add(line int, call *history.Call) {
	switch {
	case m.unnamed:
	case call.Method == "" && call.Kind == history.Request:
		m.lines, m.unnamed = nil, true
	default:
		m.lines[call.Method] = append(m.lines[call.Method], int32(line))
	}
}

// beside are the lines of all methods but the commonest.
func (m *methodLines) beside() (load string, others []int32) {
	count := make(map[string]int, len(m.lines))
	for method, lines := range m.lines {
		count[method] = len(lines)
	}
	load = commonest(count)
	for method, lines := range m.lines {
		if method != load {
			others = append(others, lines...)
		}
	}
	slices.Sort(others)
	return load, others
}

// mostHeard is how long a history may be for its headers to be read beside a bucket, whose calls
// needn't be kept.
const mostHeard = 50_000

// saidByHeaders keeps a history's calls as long as it is short, where any of them has headers.
type saidByHeaders struct {
	calls []history.Call
	lines []int
	any   bool
	long  bool
}

func (s *saidByHeaders) add(line int, call *history.Call) {
	if s.long {
		return
	}
	if s.calls, s.lines = append(s.calls, *call), append(s.lines, line); len(s.calls) > mostHeard {
		s.calls, s.lines, s.long = nil, nil, true
		return
	}
	s.any = s.any || call.Hints != ""
}

// claims are what the headers say, beside what is promised, and the lines of the calls.
func (s *saidByHeaders) claims(p promise.Promise) (verdict.Claims, []int) {
	if s.long || !s.any {
		return verdict.Claims{}, nil
	}
	return verdict.ReadClaims(s.calls).Beside(p, s.calls), s.lines
}
