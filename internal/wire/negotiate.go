package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
)

// probeTimeout bounds how long a server may take to answer server/discover
// where we don't know if it understands it: older servers may keep silent.
const probeTimeout = 10 * time.Second

// Errors by which a server of the stateless era shows that it is one.
const (
	codeHeaderMismatch    = -32020
	codeMissingCapability = -32021
	codeUnsupported       = -32022
)

// negotiate settles the protocol as the options ask for.
func (s *Session) negotiate(ctx context.Context) *DialError {
	switch p := s.o.Protocol; {
	case p == autoProtocol && (s.transport == SSE || s.o.Known):
		// The stateless era never had this transport, or isn't this server's:
		// asking for it would only cost a token.
		return s.initialize(ctx, sessionRevisions[0], false)
	case p == autoProtocol:
		return s.discover(ctx)
	case isStateless(p):
		return s.insist(ctx, p)
	default:
		return s.initialize(ctx, p, true)
	}
}

// A discovery is what server/discover found.
type discovery struct {
	call history.Call
	got  answer
	// versions that the server says it supports; nil where it says nothing
	// that a server of the stateless era would say.
	versions []string
}

// probe sends server/discover in the given revision. The error means that
// nothing else is worth trying.
func (s *Session) probe(ctx context.Context, revision string, timeout time.Duration) (discovery, *DialError) {
	e := statelessEra(revision, s.o)
	e.trace = s.trace
	s.era.Store(&e)
	call, got, failed := s.ask(ctx, methodDiscover, nil, timeout)
	d := discovery{call: call, got: got}
	if failed != nil {
		return d, failed
	}
	if f := got.fault; f != nil && (f.kind == Refused || f.kind == TLS || f.kind == Cancelled) {
		return d, s.failure(methodDiscover, call, got)
	}
	switch call.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return d, s.failure(methodDiscover, call, got)
	}
	m := got.reply
	switch {
	case m == nil:
	case call.Outcome == history.OK:
		var result struct {
			Versions []string `json:"supportedVersions"`
			Meta     struct {
				Info serverInfo `json:"io.modelcontextprotocol/serverInfo"`
			} `json:"_meta"`
		}
		if json.Unmarshal(m.result, &result) == nil { // else it is no discovery
			d.versions, s.server = result.Versions, result.Meta.Info.Name
			s.versions = result.Versions
		}
	case m.failed && m.code == codeUnsupported:
		var data struct {
			Supported []string `json:"supported"`
		}
		// Without a list, it is still a server of the stateless era.
		d.versions = []string{}
		if json.Unmarshal(m.data, &data) == nil && data.Supported != nil {
			d.versions = data.Supported
		}
	case m.failed && (m.code == codeHeaderMismatch || m.code == codeMissingCapability):
		return d, s.failure(methodDiscover, call, got)
	}
	return d, nil
}

// serverInfo is how a server introduces itself.
type serverInfo struct {
	Name string `json:"name"`
}

// insist settles on one revision of the stateless era.
func (s *Session) insist(ctx context.Context, revision string) *DialError {
	d, e := s.probe(ctx, revision, s.o.Patience)
	switch {
	case e != nil:
		return e
	case d.call.Outcome == history.OK && slices.Contains(d.versions, revision):
		return nil
	case d.versions != nil:
		return s.unspoken(d)
	}
	return s.failure(methodDiscover, d.call, d.got)
}

// unspoken says that the server speaks no revision that will do.
func (s *Session) unspoken(d discovery) *DialError {
	e := s.failure(methodDiscover, d.call, d.got)
	e.Kind = Protocol
	e.Detail = "it speaks none of our revisions and names none of its own"
	if len(d.versions) > 0 {
		e.Detail = "it speaks only " + excerpt([]byte(strings.Join(d.versions, ", ")))
	}
	return e
}

// discover finds out which era the server is of (revision 2026-07-28,
// Versioning, section Backward Compatibility): one that answers
// server/discover, or rejects it as only a server of the stateless era would,
// is of that era. Anything else, silence too, means the session era.
func (s *Session) discover(ctx context.Context) *DialError {
	d, e := s.probe(ctx, statelessRevisions[0], min(s.o.Patience, probeTimeout))
	if e != nil {
		return e
	}
	if d.versions != nil {
		return s.choose(ctx, d)
	}
	if f := d.got.fault; f != nil && f.kind == Exited && s.transport == Stdio {
		// Some older servers die of a request before initialize.
		if e := s.restart(ctx); e != nil {
			return e
		}
	}
	if f := d.got.fault; f != nil && errors.Is(f.err, errOldTransport) {
		return s.failure(methodDiscover, d.call, d.got)
	}
	e = s.initialize(ctx, sessionRevisions[0], false)
	if e == nil || d.call.Outcome != history.TimedOut || e.Kind != Protocol {
		return e
	}
	// It was slow to start, and is of the stateless era after all.
	d, again := s.probe(ctx, statelessRevisions[0], s.o.Patience)
	if again != nil || d.versions == nil {
		return e
	}
	return s.choose(ctx, d)
}

// choose settles on one of the revisions that the server supports. One that rejects
// a revision, and names it among those that it supports, is asked once more.
func (s *Session) choose(ctx context.Context, d discovery) *DialError {
	tried := s.Protocol()
	sessions := slices.ContainsFunc(sessionRevisions, func(r string) bool { return slices.Contains(d.versions, r) })
	if sessions && s.o.Sessions {
		d.versions = slices.DeleteFunc(slices.Clone(d.versions), isStateless)
	}
	if d.call.Outcome == history.OK && slices.Contains(d.versions, tried) {
		return nil
	}
	for _, r := range statelessRevisions {
		if slices.Contains(d.versions, r) {
			return s.insist(ctx, r)
		}
	}
	for _, r := range sessionRevisions {
		if slices.Contains(d.versions, r) {
			return s.initialize(ctx, r, false)
		}
	}
	return s.unspoken(d)
}

// restart starts the command again.
func (s *Session) restart(ctx context.Context) *DialError {
	if e := s.closeLink(ctx); e != nil {
		return e
	}
	return s.useStdio(ctx)
}

// initialize begins a session. Where exact is set the server must agree to
// the revision; else it may counter with another one that we speak.
func (s *Session) initialize(ctx context.Context, revision string, exact bool) *DialError {
	s.era.Store(&era{trace: s.trace})
	call, got, failed := s.ask(ctx, methodInitialize, s.greeting(revision), s.o.Patience)
	if failed != nil {
		return failed
	}
	if e := s.greeted(call, got, revision, exact); e != nil {
		return e
	}
	return s.initialized(ctx)
}

// greeting is what begins a session.
func (s *Session) greeting(revision string) []byte {
	params, err := json.Marshal(map[string]any{
		"protocolVersion": revision,
		"capabilities":    s.o.Answers.capabilities(),
		"clientInfo":      map[string]string{"name": s.o.Name, "version": s.o.Version},
	})
	if err != nil {
		panic("internal error: wire: strings do not marshal: " + err.Error())
	}
	return params
}

// greeted takes in what came of that.
func (s *Session) greeted(call history.Call, got answer, revision string, exact bool) *DialError {
	if call.Outcome != history.OK {
		return s.failure(methodInitialize, call, got)
	}
	var result struct {
		Version string     `json:"protocolVersion"`
		Info    serverInfo `json:"serverInfo"`
	}
	if err := json.Unmarshal(got.reply.result, &result); err != nil || result.Version == "" {
		return &DialError{Kind: Protocol, Status: call.Status, Err: err, Detail: "its answer to initialize names no " +
			"protocol version"}
	}
	if result.Version != revision && (exact || !slices.Contains(sessionRevisions, result.Version)) {
		return &DialError{Kind: Protocol, Status: call.Status,
			Detail: fmt.Sprintf("asked to speak %s, it speaks %s", revision, excerpt([]byte(result.Version)))}
	}
	s.server = result.Info.Name
	s.era.Store(&era{trace: s.trace, revision: result.Version, sessionID: got.header.Get("Mcp-Session-Id")})
	return nil
}

// initialized tells the server that the session is set up.
func (s *Session) initialized(ctx context.Context) *DialError {
	for attempt := 1; ; attempt++ {
		a := history.Arrival{Due: s.o.Now(), Client: s.o.Client, Method: methodInitialized, Label: handshakeLabel}
		call, got := s.do(ctx, a, s.o.Patience)
		s.calls = append(s.calls, call)
		again, e := s.introduced(call, got)
		if !again {
			return e
		}
		if e := s.pause(ctx, attempt, call, got); e != nil {
			return e
		}
	}
}

// introduced says what came of that, and if it is worth repeating.
func (s *Session) introduced(call history.Call, got answer) (again bool, e *DialError) {
	switch {
	case call.Outcome == history.Unknown && got.fault == nil:
		return false, nil
	case call.Outcome != history.Limited:
		return false, s.failure(methodInitialized, call, got)
	}
	return true, nil
}

// maxPages bounds how many pages of tools are asked for.
const maxPages = 100

// listTools asks for the server's tools. A server that has no such method has
// no list; one that breaks on it can't be used.
func (s *Session) listTools(ctx context.Context) *DialError {
	var (
		names     = []string{}
		same      []string
		described []json.RawMessage
		learnt    = paramHeaders{}
		cursor    json.RawMessage
	)
	for range maxPages {
		var params []byte
		if cursor != nil {
			params = slices.Concat([]byte(`{"cursor":`), cursor, []byte("}"))
		}
		call, got, failed := s.ask(ctx, methodList, params, s.o.Patience)
		if failed != nil {
			return failed
		}
		if call.Outcome == history.Rejected {
			return nil
		}
		if call.Outcome != history.OK {
			return s.failure(methodList, call, got)
		}
		var page struct {
			Tools []json.RawMessage `json:"tools"`
			Next  *string           `json:"nextCursor"`
		}
		if err := json.Unmarshal(got.reply.result, &page); err != nil {
			return &DialError{Kind: Garbage, Status: call.Status, Err: err, Detail: "its answer to tools/list is no " +
				"list of tools"}
		}
		for _, raw := range page.Tools {
			var t struct {
				Name   string          `json:"name"`
				Schema json.RawMessage `json:"inputSchema"`
			}
			if err := json.Unmarshal(raw, &t); err != nil {
				return &DialError{Kind: Garbage, Status: call.Status, Err: err, Detail: "its answer to tools/list is " +
					"no list of tools"}
			}
			names = append(names, t.Name)
			if saysIdempotent(raw) {
				same = append(same, t.Name)
			}
			learnt.learn(t.Name, t.Schema)
			described = append(described, raw)
		}
		if page.Next == nil || *page.Next == "" {
			slices.Sort(names)
			slices.Sort(same)
			s.tools, s.described, s.repeatable = slices.Compact(names), described, same
			now := *s.era.Load()
			now.params = learnt
			s.era.Store(&now)
			return nil
		}
		cursor = quote(*page.Next)
	}
	return &DialError{Kind: Protocol, Detail: fmt.Sprintf("its list of tools does not end within %d pages", maxPages)}
}
