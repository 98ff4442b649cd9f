package promise

import (
	"maps"
	"path"
	"slices"
)

// Any stands in a list of methods for every method that no list names.
const Any = "*"

// An Outcomes says which requests keep what they took.
type Outcomes string

// The outcomes.
const (
	All       Outcomes = ""          // whatever comes of a request
	Failures  Outcomes = "failures"  // only a request that fails is charged
	Successes Outcomes = "successes" // only one that succeeds
)

// A Charge is what a request costs. The zero Charge takes one unit for every request
// whatever comes of it, unless it is refused; a notification may cost one.
type Charge struct {
	// that are charged; "*" is every request that no list names; nil with nil May: the same, or tools/call alone
	// where tools are named
	Methods []string
	May     []string // that cost nothing or one unit, nobody knows which; "*" covers notifications too
	Free    []string // that cost nothing, whatever "*" says

	Tools    []string       // of tools/call: the tools that are charged, as patterns of path.Match; nil: all
	Units    map[string]int // units of a call of these tools, as patterns; others cost 1
	Outcomes Outcomes
	Refused  bool // a refused request is charged as well
	Presumed bool // nobody said what is charged: what a run loads with surely is, the rest may be
}

// call is the method that has a tool.
const call = "tools/call"

// opens is the method that opens a session.
const opens = "initialize"

// SessionCharge is the charge of laws of sessions.
func SessionCharge() Charge { return Charge{Methods: []string{opens}} }

// Cost returns the least and the most units that one message takes if it is
// admitted. A list that names the method wins over "*". A method that no list covers,
// and a tool that no pattern names, costs nothing. Whether a notification is a request
// that "*" names depends on where a server counts: it may cost a unit.
func (c Charge) Cost(method, tool string) (least, most int) {
	least, most = c.method(method)
	switch {
	case most == 0:
		return 0, 0
	case method != call && tool == "": // a history may name the tool alone
		if c.onlyTools() {
			return 0, 0
		}
		return least, most
	}
	if c.Tools != nil && !matches(c.Tools, tool) {
		return 0, 0
	}
	units := c.units(tool)
	return least * units, most * units
}

// onlyTools reports if calls of some tools are charged, and nobody said that anything else is.
func (c Charge) onlyTools() bool { return c.Tools != nil && c.Methods == nil && c.May == nil }

func (c Charge) method(method string) (least, most int) {
	methods := c.Methods
	if c.Methods == nil && c.May == nil {
		methods = every
	}
	return costOf(method, methods, c.May, c.Free)
}

var every = []string{Any}

// costOf is what lists of methods say that a message of one costs: those that are charged, those
// that may be, and those that aren't.
func costOf(method string, charged, may, free []string) (least, most int) {
	switch {
	case slices.Contains(may, method):
		return 0, 1
	case slices.Contains(free, method):
		return 0, 0
	case slices.Contains(charged, method):
		return 1, 1
	case slices.Contains(may, Any):
		return 0, 1
	case !slices.Contains(charged, Any):
		return 0, 0
	case IsNotification(method):
		return 0, 1
	}
	return 1, 1
}

// Aside returns what a message costs that is no request and has no method: an answer to
// the server, a stream, the end of a session. Where everything is charged it may be.
func (c Charge) Aside() (least, most int) {
	switch {
	case c.onlyTools():
		return 0, 0
	case c.Methods == nil && c.May == nil, slices.Contains(c.Methods, Any), slices.Contains(c.May, Any):
		return 0, 1
	}
	return 0, 0
}

// units is what a call of a tool costs: the exact name wins over patterns, and of
// those the longest.
func (c Charge) units(tool string) int {
	if len(c.Units) == 0 {
		return 1
	}
	if n, ok := c.Units[tool]; ok {
		return n
	}
	n, longest := 1, -1
	for _, pattern := range slices.Sorted(maps.Keys(c.Units)) {
		if len(pattern) > longest && matches([]string{pattern}, tool) {
			n, longest = c.Units[pattern], len(pattern)
		}
	}
	return n
}

// matches reports if one of the patterns names the tool. Validate has refused those
// that path.Match can't read.
func matches(patterns []string, tool string) bool {
	for _, p := range patterns {
		if ok, err := path.Match(p, tool); ok && err == nil {
			return true
		}
	}
	return false
}
