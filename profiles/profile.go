// Package profiles holds what servers promise. A Profile is one server's
// promise: its rate limit, what is charged, how it is started, which
// credentials it needs, and which call is safe to load it with.
//
// Most users want Load, which reads the nine embedded profiles and the user's
// own files into a Catalog.
//
// The package deliberately starts nothing, reads no environment variable and
// judges nothing: a profile names a variable, never its value.
package profiles

import (
	"encoding/json"
	"time"
)

// A Scope says who shares a bucket.
type Scope string

// The scopes.
const (
	Global Scope = "global" // one bucket for everybody
	Client Scope = "client" // one bucket a client identity
)

// A Limit is a token bucket that a server promises: Rate tokens a second flow
// into a bucket that holds Burst, full at first use; a charged request takes
// one token, a refused one takes none.
type Limit struct {
	Rate      float64  // tokens a second; finite, > 0
	Burst     int      // tokens; >= 1
	Scope     Scope    // Global or Client
	Charges   []string // methods that cost exactly one token; "*" is every request not named in MayCharge or Free
	MayCharge []string // methods that cost nothing or one token: nobody knows which
	Free      []string // methods that cost nothing, although Charges says "*"
	Tier      string   // the tier it was taken from; empty where given in numbers
	Inherited string   // the parent profile it was taken from; empty where the profile's own
}

// Cost returns the least and the most tokens that one request of this method
// takes when it is admitted. A method that the limit doesn't name costs
// nothing.
func (l Limit) Cost(method string) (least, most int) {
	has := func(list []string) bool {
		for _, m := range list {
			if m == method {
				return true
			}
		}
		return false
	}
	switch {
	case has(l.MayCharge):
		return 0, 1
	case has(l.Free):
		return 0, 0
	case has(l.Charges):
		return 1, 1
	}
	for _, m := range l.Charges {
		if m == "*" {
			return 1, 1
		}
	}
	return 0, 0
}

// A Profile is what one server promises, and what a harness must know to hold
// it to that.
type Profile struct {
	Name        string
	Doc         string // one sentence
	Pattern     string // "external-api", "local-framework" or "plugin"
	Parent      string // the profile it inherits from; empty if none
	Source      string // the file that it was read from, or "embedded"
	Limit       Limit
	Observed    *Observed // what the server's own code sets; nil where nobody read it
	Launch      Launch
	Credentials []Credential
	Call        LoadCall
	Refusal     Refusal
}

// Observed is what reading the server's own code found, which may differ from
// what the profile promises. Rate 0 means that no limiter was found.
type Observed struct {
	Rate   float64 // tokens a second; 0 = unlimited
	Burst  int     // tokens; 0 = unlimited
	Scope  Scope
	Source string // where it was read
	Note   string // one sentence
}

// Launch says how a live server is started.
type Launch struct {
	Command   []string      // argv; empty where there is no usable one
	Env       []string      // names of the environment variables to pass on
	Transport string        // "http", "sse" or "stdio"
	Host      string        // for http and sse; default 127.0.0.1
	Port      int           // for http and sse, 1 to 65535
	Path      string        // for http and sse, such as /mcp
	Ready     time.Duration // how long it may take to answer; default 30 s
	Note      string        // what a maintainer should know
}

// A Credential names an environment variable and who issues what is in it.
type Credential struct {
	Env      string
	Provider string
	Required bool
}

// LoadCall is the request to load a server with: the cheapest one that is
// safe.
type LoadCall struct {
	Method    string          // "tools/call" where Tool is set, else such as "tools/list"
	Tool      string          // empty for methods without one
	Arguments json.RawMessage // a JSON object; nil means {}
	Never     []string        // tools that must never be called
}

// Refusal says how a server signals that it refused a request for its rate.
type Refusal struct {
	Codes    []int  // JSON-RPC error codes
	Statuses []int  // HTTP statuses that are refusals whatever the body says
	Text     string // RE2 pattern, matched without case against isError texts, error messages and soft failures
}
