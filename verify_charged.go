package mcpload

import (
	"fmt"
	"slices"

	"github.com/mcpload/mcpload/history"
)

// nobodySaid is what a verdict rests on where nobody said what is charged.
func nobodySaid(load, say string) string {
	return fmt.Sprintf("nobody said what is charged: if each message is, the promise is broken; if %s surely is, and "+
		"the rest may be, it isn't (say %s)", load, say)
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

// beside are the lines of all methods but the one that the history has most of, which is what its
// load was made of.
func (m *methodLines) beside() (load string, others []int32) {
	for method, lines := range m.lines {
		if n := len(lines) - len(m.lines[load]); load == "" || n > 0 || n == 0 && method < load {
			load = method
		}
	}
	for method, lines := range m.lines {
		if method != load {
			others = append(others, lines...)
		}
	}
	slices.Sort(others)
	return load, others
}
