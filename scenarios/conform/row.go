// Package conform asks if a server keeps the protocol, without fixtures of its own:
// a table of what the specification demands and what a stranger can see of it.
//
// Most users want Run, which goes through Rows for one revision over one Line; the
// drive package has the lines. A row is a value: who demands what, what it sends at
// most, and a check. Each varies one thing and has its control, the same request
// sent right, so that a server which refuses everything passes nothing.
//
// The package deliberately opens no connection and reads no clock, and answers "not
// testable" wherever a breach couldn't be told from a limit, a lost connection or a
// server that lacks the feature.
package conform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/internal/revision"
)

// A Level is how strongly something is demanded, in the specification's own word.
type Level string

// The levels. Practice is what the specification recommends without a keyword, or
// what another one says that it refers to.
const (
	Must     Level = "MUST"
	Should   Level = "SHOULD"
	Practice Level = "practice"
)

// An Effect is the most that a row does to a server.
type Effect string

// The effects, the mildest first.
const (
	Sends    Effect = "requests that are refused, or do nothing"
	Lists    Effect = "lists and discovery"
	Reads    Effect = "reads of resources and prompts"
	Sessions Effect = "sessions of our own"
	Calls    Effect = "calls of a tool"
	Many     Effect = "many calls of a tool"
	Tokens   Effect = "requests with credentials that you give"
)

// The revisions, the newest first.
const (
	R2026 = revision.R2026
	R2511 = revision.R2511
	R2506 = revision.R2506
	R2503 = revision.R2503
	R2411 = revision.R2411
)

// Revisions returns every revision that there are rows for, the newest first.
func Revisions() []string { return revision.All() }

// Stateless reports if a revision has no sessions.
func Stateless(r string) bool { return revision.Stateless(r) }

// The transports.
const (
	HTTP  = "http"
	SSE   = "sse"
	Stdio = "stdio"
)

// A Row is one thing that a server is held to.
type Row struct {
	ID      string
	Area    Area
	Level   Level
	From    string   // first revision that demands it; empty: the first of all
	To      string   // last one; empty: there is none yet
	On      []string // transports; empty: all
	Section string   // of the specification, without the revision
	Says    string   // what is demanded, in our words: "the server …"
	Effect  Effect
	Needs   string // a capability that the server must declare, such as "tools"; empty: none
	// Answered says that what the row sends has to be answered, so that a process which ends at
	// it each time breaks the row, and so does who leaves it unanswered each time.
	Answered bool
	// Settled reports if the row's answer is known already, so that it asks nothing more; nil: it isn't.
	Settled func() bool

	// Check asks, for rows that send. Watch looks at every exchange of the revision
	// once all others are done. Each row has one of the two.
	Check func(t *Trial) Answer
	Watch func(t *Trial) Answer
}

// An Area is a group of rows.
type Area string

// The areas, in the order of reports.
const (
	Messages      Area = "messages"
	Lifecycle     Area = "lifecycle"
	Transport     Area = "transport"
	Authorization Area = "authorization"
	Tools         Area = "tools"
	Resources     Area = "resources"
	Prompts       Area = "prompts"
	Utilities     Area = "utilities"
)

// Areas returns the areas in order.
func Areas() []Area {
	return []Area{Messages, Lifecycle, Transport, Authorization, Tools, Resources, Prompts, Utilities}
}

// Applies reports if the row is about a revision over a transport.
func (r *Row) Applies(revision, transport string) bool {
	return r.spans(revision) && (len(r.On) == 0 || slices.Contains(r.On, transport))
}

func (r *Row) spans(revision string) bool {
	return revision >= r.From && (r.To == "" || revision <= r.To)
}

// Rows is the whole table. Each file of rows has a function that returns its own.
func Rows() []Row {
	return slices.Concat(messageRows(), lifecycleRows(), featureRows(), utilityRows(), transportRows(), statelessRows(),
		shapeRows(), pageRows(), versionRows(), answerRows(), requestRows(), streamRows(), lineRows(), beginningRows(),
		callRows(), eventRows(), severalRows(), authorizationRows(), parameterRows())
}

// Known says why there is no row of an id, of the table or of what Fuzz and Loaded add to
// it, or none that is about a revision; an empty one is any.
func Known(id, revision string) error {
	all := slices.Concat(Rows(), (&Fuzz{}).Rows(), LoadRows())
	k := slices.IndexFunc(all, func(r Row) bool { return r.ID == id })
	switch {
	case k < 0:
		if near := slices.IndexFunc(all, func(r Row) bool { return strings.EqualFold(r.ID, id) }); near >= 0 {
			return fmt.Errorf("there is no row %q (did you mean %s?)", id, all[near].ID)
		}
		return fmt.Errorf("there is no row %q: mcpload list conform names them all", id)
	case revision != "" && !slices.Contains(Revisions(), revision):
		return fmt.Errorf("protocol: %q is none of %s", revision, strings.Join(Revisions(), ", "))
	case revision != "" && !all[k].spans(revision):
		return fmt.Errorf("row %s isn't about %s: it holds %s", id, revision, all[k].Span())
	}
	return nil
}

// Quiet are the ids of the rows that call no tool.
func Quiet() (ids []string) {
	for _, r := range Rows() {
		if r.Effect != Calls {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// LoadRows are all rows that are tried with load only.
func LoadRows() []Row {
	return slices.Concat((&Loaded{}).Rows(nil), UnderRows(), LineEndRows(), EndingRows())
}

// Span says in which revisions the row is demanded.
func (r *Row) Span() string {
	switch {
	case r.From == "" && r.To == "":
		return "every revision"
	case r.To == "":
		return "since " + r.From
	case r.From == "":
		return "until " + r.To
	case r.From == r.To:
		return r.From
	}
	return r.From + " to " + r.To
}
