package drive

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/scenarios/audit"
)

// An Audit is what a job tries beside its scenarios.
type Audit struct {
	Names  []string // the attempts that are wanted; nil: all
	Allow  []string // those that are allowed beyond this machine
	Budget audit.Budget

	Others  []history.Arrival // calls of tools that say that they are harmless
	Kept    bool              // that counters are kept across a restart is promised
	Counter string            // a tool whose reply holds how many calls were carried out; empty: none is known
}

// AddAudit adds the attempts to a job's scenarios, as far as its transport and the budget
// go, and returns what is to be said of them.
func (j *Job) AddAudit(transport wire.Transport) audit.Plan {
	having := audit.Having{
		Limit: j.Profile.Limit, Call: j.Profile.Call,
		Web:        transport == wire.HTTP || transport == wire.Auto || j.Virtual != nil,
		Loopback:   j.onLoopback(),
		Near:       j.near(),
		Credential: j.Options.Header.Get("Authorization") != "",
		Replicas:   j.hosts(), Counter: j.Audit.Counter, Others: j.Audit.Others,
		Restarts: j.Restarts(), Kept: j.Audit.Kept,
		Allow: j.Audit.Allow, Budget: j.Audit.Budget, Names: j.Audit.Names,
	}
	if j.Laws != nil {
		return j.auditLaws(having)
	}
	plan := audit.Choose(having, target.ClientNames(1))
	j.Scenarios = slices.Concat(j.Scenarios, plan.Scenarios)
	return plan
}

// auditLaws has the laws' plan try tricks against each.
func (j *Job) auditLaws(having audit.Having) (plan audit.Plan) {
	laws := *j.Laws // the job's own: another attempt tries its own
	having.Limit = profiles.Limit{}
	laws.tricks, plan.Left = audit.ForLaws(having, laws.Promise)
	laws.audited = true
	j.Laws = &laws
	traffic := j.LawPlan(target.ClientNames(j.ClientCount()))
	plan.Listed = audit.SayLaws(laws.Promise, traffic.Tried)
	plan.Listed = append(plan.Listed, audit.LeftOf(traffic.Left)...)
	return plan
}

// hosts are those of the urls beyond the first.
func (j *Job) hosts() (list []string) {
	for _, raw := range j.Replicas {
		host := "?" // the wire refuses it
		if u, err := url.Parse(raw); err == nil {
			host = u.Host
		}
		list = append(list, host)
	}
	return list
}

// oddForm reports if a call is of a form that a server may break the connection for: that
// it does says nothing of whether it is there.
func oddForm(a history.Arrival) bool {
	g, ok := audit.GuiseOf(a.Session)
	return ok && !g.Plain()
}

// near reports if the server is on this machine, or has an address that no provider routes.
func (j *Job) near() bool {
	u, err := url.Parse(j.Options.URL)
	if j.onLoopback() || err != nil {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return ip != nil && (ip.IsPrivate() || ip.IsLinkLocalUnicast()) || ip == nil && !strings.Contains(u.Hostname(), ".")
}

// onLoopback reports if the server is on this machine.
func (j *Job) onLoopback() bool {
	if j.Kind != target.URL {
		return true
	}
	u, err := url.Parse(j.Options.URL)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// sayAudit says which attempts are made, before any is, and which aren't.
func (j *Job) sayAudit(plan audit.Plan, tell teller, out *Outcome) {
	for _, line := range plan.Listed {
		tell.say("audit: %s", line)
	}
	for _, l := range plan.Left {
		tell.say("%s", l)
		out.Server.Notes = append(out.Server.Notes, l.String())
	}
}
