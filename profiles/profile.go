// Package profiles holds what servers promise. A Profile is one server's
// promise: its rate limit, what is charged, how it is started, which
// credentials it needs, and which call is safe to load it with.
//
// Most users want Load, which reads the nine embedded profiles and the user's
// own files into a Catalog.
//
// The package deliberately starts nothing, reads no environment variable and
// judges nothing: a profile names a variable, never its value.
//
// # Files
//
// A profile is one YAML document in a file of its own, named for the server.
// Only limit or promise must be there, or inherits:
//
//	name: my-server              # default: the file's name
//	inherits: acb                # whatever isn't given is acb's
//	doc: What the server does.
//	pattern: external-api        # or local-framework, plugin
//	limit:                       # or the text "8 req/sec, burst 16"
//	  rate: 12/s                 # tokens: 12, 300/1m, 0.5/s
//	  burst: 16                  # or tier: moderate, in place of both
//	  scope: global              # or client
//	  key: credential            # or session: what a client is to the limiter, where that is known
//	  charges: ["*"]             # methods that surely cost a token
//	  may_charge: [ping]         # methods of which nobody knows
//	  free: [initialize]         # methods that cost nothing
//	# promise: [100 per 15m fixed, {cap: 4, per: session}]   # in place of limit: laws, see docs/PROMISES.md
//	observed: {rate: 10, burst: 30, source: server.py:65, note: The code.}
//	launch:
//	  install:                   # what run --live installs first, in a folder of its own
//	    python: "3.13"           # the least version
//	    packages: [my-server==1.2.0]   # or npm: [my-server@1.2.0]
//	  command: [python, -m, my_server, --port, "{port}"]
//	  env: [API_KEY]             # names of variables to pass on
//	  logs: [logs/*.log]         # the log files that it writes, from its folder
//	  transport: http            # or sse, stdio
//	  host: 127.0.0.1
//	  port: 8000
//	  path: /mcp
//	  ready: 30s
//	  note: What a maintainer should know.
//	credentials:
//	  - {env: API_KEY, provider: openai, required: true}   # or optional: true, which is the default
//	  - {env: OTHER, provider: acme, one_of: auth}         # one of those with the same one_of is required
//	providers:                   # issuers that mcpload doesn't know
//	  - {name: acme, patterns: ["acme_<32 letters or digits>"], url: acme.example/keys}
//	call:
//	  tool: ping                 # or method: tools/list
//	  arguments: {}
//	  never: [send_message, "delete_*"]
//	refusal:
//	  codes: [-32000]
//	  statuses: [429]
//	  text: rate limit           # in errors
//	  plain: slow down           # in results that say no error, too
//	  resets: true               # the connection is closed in place of a reply
//	  not: {statuses: [503]}     # what is no refusal, though it looks like one
//	  status: 429                # promised of every refusal, as are the next three
//	  code: -32000
//	  retry_after: seconds       # or date, body, none
//	  headers: ratelimit-draft-8 # or -6, -7, -11, x-ratelimit, none
//
// A child takes over field by field; lists and observed are replaced whole,
// and what belongs to the parent's tool or transport goes with it. Where
// charges isn't given, the load call is presumed to cost a token, and nothing
// of any other.
package profiles

import (
	"encoding/json"
	"time"

	"github.com/mcpload/mcpload/promise"
)

// A Profile is what one server promises, and what a harness must know to hold
// it to that.
type Profile struct {
	Name        string
	Doc         string          // one sentence
	Pattern     string          // "external-api", "local-framework" or "plugin"
	Parent      string          // the profile it inherits from; empty if none
	Source      string          // the file that it was read from, or "embedded"
	Limit       Limit           // of nothing where the promise is no single bucket: see Lawful
	Promise     promise.Promise // what stands in place of a limit; nil where only a limit is given
	Promised    string          // the file and line that the promise was read from; empty if there is none
	Observed    *Observed       // what the server's own code sets; nil where nobody read it
	Launch      Launch
	Credentials []Credential
	Providers   []Provider // of the credentials, beside those that apikey knows
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

	Promise promise.Promise // in place of the numbers, where it is no single bucket or was given so
	Note    string          // one sentence
}

// Laws returns what was found as laws; nil where no limiter was.
func (o *Observed) Laws() promise.Promise {
	return Profile{Limit: Limit{Rate: o.Rate, Burst: o.Burst, Scope: o.Scope, Presumed: true},
		Promise: o.Promise}.Laws()
}

// Launch says how a live server is started.
type Launch struct {
	Install   *Install      // what to install first; nil where the command is there already
	Command   []string      // argv; empty where there is no usable one. See Argv for what may stand in it
	Env       []string      // names of the environment variables to pass on
	Logs      []string      // patterns of the log files that it writes, from its working directory
	Transport string        // "http", "sse" or "stdio"
	Host      string        // for http and sse; default 127.0.0.1
	Port      int           // for http and sse, 1 to 65535
	Path      string        // for http and sse, such as /mcp
	Ready     time.Duration // how long it may take to answer; default 30 s
	Note      string        // what a maintainer should know
}

// Install says which packages a server needs, each at one version.
type Install struct {
	Python   string   // the least version of Python, such as "3.13"; empty: any that makes environments
	Packages []string // from PyPI, such as my-server==1.2.0
	NPM      []string // from npm, such as @org/my-server@1.2.0
}

// A Credential names an environment variable and who issues what is in it.
type Credential struct {
	Env      string
	Provider string
	Required bool
	OneOf    string // the group of which the server needs one; empty: none
}

// LoadCall is the request to load a server with: the cheapest one that is
// safe.
type LoadCall struct {
	Method    string          // "tools/call" where Tool is set, else such as "tools/list"
	Tool      string          // empty for methods without one
	Arguments json.RawMessage // a JSON object; nil means {}
	Never     []string        // tools that must never be called; "*" stands for any run of characters, as in "delete_*"
	Unsaid    bool            // nobody named a call: Method is what every server has, for want of a better one
}

// Refusal says how a server signals that it refused a request for its rate.
type Refusal struct {
	Codes    []int  // JSON-RPC error codes
	Statuses []int  // HTTP statuses that are refusals whatever the body says
	Text     string // RE2 pattern, matched without case against isError texts, error messages and soft failures
	// the same, against every other text and structured content of a result: whatever
	// matches is a refusal, though it says no error
	Plain  string
	Resets bool // a connection that is closed in place of a reply is a refusal
	Not    NotRefusal
	Shape  RefusalShape
}

// The ways to say when to come back: the Retry-After header in seconds or as a date, a
// member of the reply's body, or not at all.
var retryForms = []string{"seconds", "date", "body", "none"}

// The sets of headers: of the IETF's drafts, by number, the older X-RateLimit-*, or none.
var headerForms = []string{"ratelimit-draft-6", "ratelimit-draft-7", "ratelimit-draft-8", "ratelimit-draft-11",
	"x-ratelimit", "none"}

// NotRefusal says what is no refusal, though it looks like one.
type NotRefusal struct {
	Codes    []int
	Statuses []int
	Text     string // RE2 pattern, without case
}
