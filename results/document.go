// Package results holds what a run found: the result document (schema
// mcpload.run/v1), the statistics in it, and the screen that people read.
//
// Most users want Table, which renders a Document for a terminal, or
// Document.JSON and Decode, which write and read it. A run fills in a Document,
// one Server each with NewScenario for every scenario, and calls Finish.
//
// The package deliberately sends nothing, judges nothing and reads no clock and
// no environment variable: whatever is rendered comes out of the document (and,
// for the timelines only, the stored calls), so that a stored run looks exactly
// like a fresh one.
package results

import (
	"io"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/verdict"
)

// Schema names the format of a result document. Fields may be added to it;
// renaming or removing one needs a new name.
const Schema = "mcpload.run/v1"

// A Document is what one run found of one or more servers.
type Document struct {
	Schema  string          `json:"schema"`
	Version string          `json:"version"` // of the program that made it
	Started string          `json:"started"` // RFC 3339
	Seed    uint64          `json:"seed"`
	Verdict verdict.Verdict `json:"verdict"` // worst of the servers'; Finish sets it
	Servers []Server        `json:"servers"`
	// of a fail: the command that repeats it, quoted for a shell, without secrets
	Repeat string `json:"repeat,omitempty"`
	Again  *Again `json:"again,omitempty"` // of a kept run that was judged again

	// What verbs say that run no servers: one of these stands in place of Servers, and is a
	// document of a schema of its own, which JSON and Table write.
	Probed   *Probed       `json:"-"`
	Verified *Verification `json:"-"`
	Compared Part          `json:"-"` // a *compare.Report
}

// A Part is a document of a form of its own.
type Part interface {
	JSON(w io.Writer) error  // writes it, and nothing else, as indented JSON that ends in a newline
	Table(w io.Writer) error // writes it for people
}

// part is what stands in place of servers; nil where servers do.
func (d *Document) part() Part {
	switch {
	case d.Probed != nil:
		return d.Probed
	case d.Verified != nil:
		return d.Verified
	}
	return d.Compared
}

// A Server is what a run found of one server.
type Server struct {
	Server  string `json:"server"`
	Target  Target `json:"target"`
	Limit   Limit  `json:"limit"`             // zero where laws are promised
	Promise string `json:"promise,omitempty"` // laws, where it isn't one bucket: "; " stands between them
	Laws    []Law  `json:"laws,omitempty"`    // what was found of each

	// where the laws were read from: a file and line, or "--promise"
	PromiseSource string `json:"promise_source,omitempty"`
	// of broken laws: what may be kept in their place, likeliest first
	LawCauses []string `json:"law_causes,omitempty"`

	Verdict verdict.Verdict `json:"verdict"` // worst of the scenarios'; Finish sets it
	// nil where no token bucket explains the calls, or there were none
	Measured *Measured `json:"measured,omitempty"`
	// what was taken for granted of clocks; nil where nothing was judged
	Clocks *Clocks `json:"clocks,omitempty"`
	// what else the verdicts rest on; nil where it is that of most runs
	Setting   *Setting   `json:"setting,omitempty"`
	Scenarios []Scenario `json:"scenarios"`
	Latency   *Latencies `json:"latency,omitempty"`  // over all scenarios; nil where nobody computed it
	Observed  *Observed  `json:"observed,omitempty"` // what the server's own code sets, where somebody read it
	Notes     []string   `json:"notes,omitempty"`    // what a reader should know, and what changes no verdict
	// why it could not be judged, or not to the end; empty if it was
	Error   string   `json:"error,omitempty"`
	Hint    string   `json:"hint,omitempty"`    // what to do about Error
	Launch  *Launch  `json:"launch,omitempty"`  // how it was started, where a run installed and started it
	Repeats []Repeat `json:"repeats,omitempty"` // what every run said, where there were several
	Flaky   bool     `json:"flaky,omitempty"`   // the repeats disagree; the rest is the worst of them
	Shard   *Shard   `json:"shard,omitempty"`   // which part of a plan was sent; nil: the whole
}

// A Target is what was sent to, and how.
type Target struct {
	Kind      string `json:"kind"`               // "mock", "url" or "command"
	Transport string `json:"transport"`          // "http", "sse", "stdio" or "inprocess"
	Protocol  string `json:"protocol,omitempty"` // the negotiated MCP revision, such as 2025-11-25
	Address   string `json:"address,omitempty"`  // where, in words for people; never with a secret in it
	// what it is known by from run to run; empty: by the server's name alone
	Label string `json:"label,omitempty"`
	Call  *Call  `json:"call,omitempty"` // what it was loaded with; nil where nobody recorded it
}

// A Launch is how a run started a real server.
type Launch struct {
	Runtime  string   `json:"runtime,omitempty"`  // such as "Python 3.13.0"
	Packages []string `json:"packages,omitempty"` // at their versions; the server's own first
	Command  []string `json:"command"`            // as the recipe has it
	ReadyMS  float64  `json:"ready_ms"`           // until something listened, or until it was given up
	Exit     string   `json:"exit,omitempty"`     // how it ended, where it did so by itself
	Output   []string `json:"output,omitempty"`   // the last lines of what it printed, credentials taken out
}

// A Limit is what the server was held to.
type Limit struct {
	Rate      float64  `json:"rate"`    // tokens a second
	Burst     int      `json:"burst"`   // tokens
	Scope     string   `json:"scope"`   // "global" or "client"
	Charges   []string `json:"charges"` // methods that cost a token; "*" is every request
	MayCharge []string `json:"may_charge,omitempty"`
	Free      []string `json:"free,omitempty"`
	Tier      string   `json:"tier,omitempty"`      // the tier that it was taken from
	Inherited string   `json:"inherited,omitempty"` // the parent profile that it was taken from
}

// LimitOf is a profile's limit as documents spell it.
func LimitOf(l profiles.Limit) Limit {
	return Limit{
		Rate: l.Rate, Burst: l.Burst, Scope: string(l.Scope),
		Charges: l.Charges, MayCharge: l.MayCharge, Free: l.Free,
		Tier: l.Tier, Inherited: l.Inherited,
	}
}

// Observed is what reading a server's own code found. Rate 0 means that no
// limiter was found.
type Observed struct {
	Rate   float64 `json:"rate"`  // tokens a second; 0 = unlimited
	Burst  int     `json:"burst"` // tokens; 0 = unlimited
	Scope  string  `json:"scope,omitempty"`
	Source string  `json:"source,omitempty"` // where it was read
	Note   string  `json:"note,omitempty"`

	Promise string `json:"promise,omitempty"` // laws, where it is no single bucket
}

// ObservedOf is a profile's observation as documents spell it; nil for nil.
func ObservedOf(o *profiles.Observed) *Observed {
	if o == nil {
		return nil
	}
	out := &Observed{Rate: o.Rate, Burst: o.Burst, Scope: string(o.Scope), Source: o.Source, Note: o.Note}
	if out.Rate == 0 {
		out.Promise = PromiseText(o.Promise)
	}
	return out
}

// Measured is the certified box of rate and burst: no token bucket outside it
// can have given the answers.
type Measured struct {
	Rate  Range     `json:"rate"`         // tokens a second
	Burst Range     `json:"burst"`        // tokens
	Or    *Measured `json:"or,omitempty"` // faster buckets that can't be excluded either
}

// Box is the verdict's measurement as documents spell it.
func Box(m verdict.Measured) *Measured {
	out := &Measured{Rate: Range(m.Rate), Burst: Range(m.Burst)}
	if m.Or != nil {
		out.Or = Box(*m.Or)
	}
	return out
}
