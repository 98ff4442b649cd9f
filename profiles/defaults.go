package profiles

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

const defaultReady = 30 * time.Second

// DefaultRefusal returns the signals of a refusal that a profile without its
// own has:
//
//   - the JSON-RPC codes -32000 (FastMCP) and 429
//   - HTTP 429, whatever the body says
//   - the words "rate limit", and with any words "too many requests" and its kin, in a tool
//     result that says isError, in an error, or in a soft failure
//
// What else is known of such signals is the classifier's, not a profile's:
// HTTP 503 is a refusal only with a Retry-After, the code -32029 (seen in the wild) only
// beside any words of a limit, and the codes -32000 to
// -32019 carry no meaning of their own, so that they count only beside a text
// that matches.
func DefaultRefusal() Refusal {
	return Refusal{
		Codes:    []int{-32000, 429},
		Statuses: []int{429},
		Text:     "rate limit",
	}
}

// blank is what a document is read onto that inherits from nobody.
func blank() Profile {
	return Profile{
		Limit:   Limit{Scope: Global, Presumed: true},
		Launch:  Launch{Ready: defaultReady},
		Call:    LoadCall{Method: "tools/list", Unsaid: true},
		Refusal: DefaultRefusal(),
	}
}

// ForURL returns a profile for a server that has none: of its limit only the
// rate and the burst are taken. It is loaded with tools/list, which every server
// has; Loading names another call. It has no name yet. ForURL takes the numbers as
// they are: ParseLimit checks them.
func ForURL(l Limit) Profile {
	p := blank()
	p.Limit.Rate, p.Limit.Burst = l.Rate, l.Burst
	p.Launch.place()
	p.Limit.Presume(p.Call.Method)
	return p
}

// Loading returns the profile with another call to load the server with: a
// tool, with its arguments (nil means {}). Where nobody said what is charged,
// that call is now the one that surely is.
func (p Profile) Loading(tool string, arguments json.RawMessage) Profile {
	p = p.Clone()
	p.Call.Method, p.Call.Tool, p.Call.Arguments, p.Call.Unsaid = "tools/call", tool, slices.Clone(arguments), false
	p.Limit.Presume(p.Call.Method)
	return p
}

// Charged returns the profile with the call that it is loaded with charged, where nobody
// said what is: a limit that is put together by hand says nothing of it, and a call that
// costs nothing can break no promise.
func (p Profile) Charged() Profile {
	l := p.Limit
	if said := len(l.Charges)+len(l.MayCharge)+len(l.Free) > 0; said && !l.Presumed {
		return p
	}
	p = p.Clone()
	p.Limit.Presumed = true
	p.Limit.Presume(p.Call.Method)
	return p
}

// place fills in where a server is reached. A port or a path means a socket;
// so does the absence of a command, because nobody can attach to the pipes of
// somebody else's process.
func (l *Launch) place() {
	if l.Transport == "" {
		l.Transport = "stdio"
		if l.Port != 0 || l.Path != "" || len(l.Command) == 0 {
			l.Transport = "http"
		}
	}
	if l.Transport == "stdio" {
		return
	}
	if l.Host == "" {
		l.Host = "127.0.0.1"
	}
	if l.Path == "" {
		l.Path = map[string]string{"http": "/mcp", "sse": "/sse"}[l.Transport]
	}
}

// Forbids reports if a tool must never be called.
func (c LoadCall) Forbids(tool string) bool {
	return slices.ContainsFunc(c.Never, func(pattern string) bool { return matches(pattern, tool) })
}

// matches reports if a name is what a pattern says, in which "*" stands for
// any run of characters. path.Match won't do: tools may have a slash in their
// names, and its other signs would need escapes.
func matches(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(name) < len(first)+len(last) || !strings.HasPrefix(name, first) || !strings.HasSuffix(name, last) {
		return false
	}
	name = name[len(first) : len(name)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(name, part)
		if at < 0 {
			return false
		}
		name = name[at+len(part):]
	}
	return true
}

// Clone returns a copy that shares nothing with the original.
func (p Profile) Clone() Profile {
	p.Limit.Charges = slices.Clone(p.Limit.Charges)
	p.Limit.MayCharge = slices.Clone(p.Limit.MayCharge)
	p.Limit.Free = slices.Clone(p.Limit.Free)
	p.Promise = clonePromise(p.Promise)
	if p.Observed != nil {
		o := *p.Observed
		o.Promise = clonePromise(o.Promise)
		p.Observed = &o
	}
	if p.Launch.Install != nil {
		i := *p.Launch.Install
		i.Packages, i.NPM = slices.Clone(i.Packages), slices.Clone(i.NPM)
		p.Launch.Install = &i
	}
	p.Launch.Command = slices.Clone(p.Launch.Command)
	p.Launch.Env = slices.Clone(p.Launch.Env)
	p.Launch.Logs = slices.Clone(p.Launch.Logs)
	p.Credentials = slices.Clone(p.Credentials)
	p.Providers = slices.Clone(p.Providers)
	p.Call.Arguments = slices.Clone(p.Call.Arguments)
	p.Call.Never = slices.Clone(p.Call.Never)
	p.Refusal.Codes = slices.Clone(p.Refusal.Codes)
	p.Refusal.Statuses = slices.Clone(p.Refusal.Statuses)
	p.Refusal.Not.Codes = slices.Clone(p.Refusal.Not.Codes)
	p.Refusal.Not.Statuses = slices.Clone(p.Refusal.Not.Statuses)
	return p
}
