package drive

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/ratelimit"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/verdict"
)

// runVirtual takes the job through the line in virtual time: the same plan,
// runner and judge, a limiter's pure core for the server, and simulated delays
// for the network.
func (j Job) runVirtual(ctx context.Context, tell teller) Outcome {
	out := Outcome{Server: j.Describe()}
	out.Server.Target.Transport = "virtual"
	if !j.InTurn {
		out.Server.Target.Protocol = "" // which is none
	}
	if err := j.SessionsApart(j.Options.Protocol); err != nil { // a mock's own choice has them
		out.fail(err)
		out.unfit = j.InTurn
		return out
	}
	clock := virtual.NewClock()
	c := j.Mock
	c.Seed, c.IdentityHeader = j.Seed, j.Identity.Header
	server, err := VirtualServer(clock, c, j.Virtual, rand.New(rand.NewPCG(j.Seed, salt(j.Profile.Name))))
	if err != nil {
		out.fail(err)
		return out
	}
	if j.Laws != nil {
		j.Laws.epoch = virtualEpoch
	}
	server.Timeout = j.Options.Timeout
	if j.Audit != nil {
		j.sayAudit(j.AddAudit(wire.HTTP), tell, &out)
	}
	traffic := j.course(j.Scenarios, j.Planned(), 0, nil)
	cfg, ended := traffic.watched(runner.Config{GiveUp: target.GiveUp, Odd: oddForm}),
		func(err error) error { return err }
	if j.FailFast {
		look, release := j.lookOut(clock, traffic, nil)
		defer release()
		cfg, ended = look.watching(cfg), look.ended
	}
	calls, err := runner.Run(ctx, clock, server, traffic.arrivals(), cfg)
	err = ended(err)
	out.Calls = calls
	out.note(err, j.Profile.Limit)
	out.judge(j)
	return out
}

// virtualEpoch is when instant 0 of virtual time is, for what a calendar resets.
var virtualEpoch = time.Date(2026, 1, 15, 12, 34, 56, 0, time.UTC)

// VirtualServer is a mock in virtual time: a limiter's pure core, and of its replies
// what the wire would make of them. Messages take the delay each way.
func VirtualServer(clock *virtual.Clock, c mock.Config, delay virtual.Delay, r *rand.Rand) (*virtual.Server, error) {
	limiter, err := c.Limiter(virtualEpoch)
	if err != nil {
		return nil, err
	}
	m := &virtualMock{Config: c, limiter: limiter, shape: c.Showing(), batches: map[string]int{},
		executions: mock.Executions{Fault: c.Fault, Counter: c.Counter}}
	return &virtual.Server{Clock: clock, There: delay, Back: delay, Rand: r, Decide: m.decide}, nil
}

// A virtualMock decides what becomes of each call.
type virtualMock struct {
	mock.Config
	limiter    mock.Limiter
	shape      ratelimit.Shape
	batches    map[string]int // calls so far, by session
	executions mock.Executions
}

func (m *virtualMock) decide(at time.Duration, a history.Arrival) virtual.Reply {
	q := virtualRequest(at, a, m.IdentityHeader != "")
	q.Lasts, q.Fails = m.Lasts(), a.Tool == "fail"
	guise, tricked := audit.GuiseOf(a.Session)
	if tricked {
		q = guised(q, guise, a, m.Profile.Call.Tool)
	}
	opens := a.Method == "initialize"
	if opens && guise.Begins && m.Forgets() {
		fresh, err := m.Limiter(virtualEpoch)
		if err != nil {
			return virtual.Reply{Outcome: history.Broken, Detail: err.Error()}
		}
		m.limiter = fresh
	}
	if guise.Batch > 0 {
		q.Batch = m.batches[a.Session] % guise.Batch
		m.batches[a.Session]++
	}
	answer := m.limiter.Decide(q)
	if opens && guise.Ends && m.Refills() {
		m.limiter.Decide(mock.Request{At: at, Client: a.Client, Method: http.MethodDelete})
	}
	if guise.Cancels && m.Refunds(mock.Cancelled) || guise.Notes != nil && m.Refunds(guise.Notes[0]) {
		m.limiter.Decide(mock.Request{At: at, Client: a.Client, Method: mock.Refund})
	}
	m.executions.Note(q, answer)
	r := virtualReply(answer, m.shape, a.Method)
	if a.Method == http.MethodDelete {
		r.Kind = history.Deletion
	}
	if r.Outcome != history.OK {
		return r
	}
	if opens && guise.Begins {
		r.Detail = verdict.Restarted
	}
	if m.Counter != "" && a.Tool == m.Counter {
		r.Detail = verdict.Counted + strconv.Itoa(m.executions.Count())
	}
	if r.Takes += q.Lasts; q.Fails {
		r.Outcome, r.Status, r.Detail = history.Rejected, http.StatusBadRequest, "this tool always fails"
	}
	return r
}

// virtualRequest is what a server sees of an arrival. Where clients have an
// identity, the part of its name before + says who a client is.
func virtualRequest(at time.Duration, a history.Arrival, identity bool) mock.Request {
	q := mock.Request{At: at, Client: a.Client, Conn: a.Client + "/" + a.Session, Method: a.Method, Tool: a.Tool,
		Form: called(a)}
	if scenarios.ExtraSession(a.Session) {
		q.Client += "/" + a.Session
	}
	switch scenarios.Disguise(a.Session) {
	case scenarios.NewSession, scenarios.NewIdentity:
		q.Client += "/" + a.Session
	case scenarios.NewIDs:
		q.ID = target.IDJump
	}
	if identity {
		q.Who = a.Client
	}
	return q
}

// guised is what a server sees of a call of an audit's trick.
func guised(q mock.Request, g audit.Guise, a history.Arrival, tool string) mock.Request {
	// whom the promise means isn't what is sent
	q.Client = strings.FieldsFunc(a.Client, func(r rune) bool { return strings.ContainsRune("+?"+verdict.Anew, r) })[0]
	if q.Who != "" {
		q.Who = q.Client
	}
	if q.Conn = q.Client + "/"; g.Own() && (!g.Ends || a.Method == "initialize") {
		q.Client += "/" + a.Session
		q.Conn = q.Client
	}
	if q.ID = 0; g.ID != nil {
		q.ID, _ = g.ID(1)
	}
	agent := "mcpload/virtual"
	if g.Client != nil {
		agent = g.Client.Agent
	}
	q.Header = func(name string) string {
		switch {
		case name == "User-Agent":
			return agent
		case name == mock.Declared && (g.Declares != "" || g.Client != nil):
			return cmp.Or(g.Declares, "elicitation")
		case name == mock.Order && !g.Plain() && !g.Begins:
			return "net/http's"
		case name == "Host" && g.Host != "":
			return g.Host
		case name == "Host":
			return "url " + strconv.Itoa(max(1, g.At))
		case name == "Version" && g.Old:
			return "HTTP/1.0"
		case name == "Path" && g.Place != nil:
			return g.Place("http://server/mcp")
		case name == "Mcp-Protocol-Version" && g.Header[name] == "" && !slices.Contains(g.Without, name):
			return "2025-11-25"
		case name == "Transfer-Encoding" && g.Chunks:
			return "chunked"
		case g.Fresh[name] != "":
			return fmt.Sprintf(g.Fresh[name], q.At)
		}
		return g.Header[http.CanonicalHeaderKey(name)]
	}
	q.Escaped, q.Twice, q.Cased = g.Escapes, g.Carried, g.Cased
	q.Arguments, q.Form = string(a.Arguments), called(a)+formOf(g)
	q.Spelled = a.Tool != tool && strings.EqualFold(strings.TrimSpace(a.Tool), tool)
	return q
}

// called is what of a call's form says what is called.
func called(a history.Arrival) string { return a.Tool + " " + string(a.Arguments) + " " }

// formOf is what is different about a request of a guise; empty where nothing is. Texts are
// compared after they were written, so that a guise that leaves one as it is changes nothing.
func formOf(g audit.Guise) string {
	parts := []any{}
	for _, headers := range []map[string]string{g.Header, g.Fresh} {
		for _, name := range slices.Sorted(maps.Keys(headers)) {
			parts = append(parts, name, headers[name])
		}
	}
	const plain, header = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{}}}`,
		"Bearer plain"
	if g.Body != nil && string(g.Body([]byte(plain))) != plain {
		parts = append(parts, "body")
	}
	if g.Spell != nil && g.Spell("Authorization", header) != header {
		parts = append(parts, "spelling")
	}
	if g.Place != nil && g.Place("http://127.0.0.1/mcp") != "http://127.0.0.1/mcp" {
		parts = append(parts, "url")
	}
	if g.ID != nil {
		parts = append(parts, "id")
	}
	if g.Client != nil {
		parts = append(parts, *g.Client)
	}
	if are := []bool{g.HTTP2, g.Chunks, g.Old, g.Small, g.Stream}; slices.Contains(are, true) {
		parts = append(parts, are)
	}
	if g.Speaks == "2025-11-25" { // as plain calls do
		g.Speaks = ""
	}
	for _, text := range []string{g.Method, g.Host, g.Recase, g.From, g.Speaks, g.Transport,
		strings.Join(g.Without, " ")} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprint(parts...)
}

// salt gives each server delays of its own.
func salt(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash takes everything
	return h.Sum64()
}

// virtualReply turns what the mock decides into what the wire would make of
// the reply that it sends in a shape.
func virtualReply(a mock.Answer, shape ratelimit.Shape, method string) virtual.Reply {
	switch {
	case a.Dead:
		return virtual.Reply{Outcome: history.Broken, Detail: "connection refused"}
	case a.Mute:
		return virtual.Reply{Lost: true}
	case a.WrongID:
		return virtual.Reply{Outcome: history.Broken, Detail: history.WrongID + "an id that nobody sent"}
	case a.Duplicate:
		return virtual.Reply{Outcome: history.Broken, Detail: history.TwoReplies}
	case a.Limited && a.AsSuccess:
		return virtual.Reply{Outcome: history.OK, Detail: history.Speaks + "Rate limit exceeded, please try " +
			"again later"}
	case a.Limited:
		return virtualRefusal(a, shape, method)
	}
	return virtual.Reply{Outcome: history.OK, Takes: a.Delay}
}

// virtualRefusal is a refusal in a shape. Only HTTP 429 says when to retry.
func virtualRefusal(a mock.Answer, shape ratelimit.Shape, method string) virtual.Reply {
	r := virtual.Reply{Outcome: history.Limited}
	switch {
	case shape == ratelimit.HTTP429:
		r.Status, r.Code = http.StatusTooManyRequests, http.StatusTooManyRequests
		if a.RetryAfter != ratelimit.Never {
			r.RetryAfter = a.RetryAfter
		}
	case shape == ratelimit.FastMCP4, method != "tools/call":
		r.Code = -32000
	}
	return r
}
