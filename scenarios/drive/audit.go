package drive

import (
	"net"
	"net/url"
	"slices"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/scenarios/audit"
)

// An Audit is what a job tries beside its scenarios.
type Audit struct {
	Names  []string // the attempts that are wanted; nil: all
	Allow  []string // those that are allowed beyond this machine
	Budget audit.Budget

	Counter string // a tool whose reply holds how many calls were carried out; empty: none is known
}

// AddAudit adds the attempts to a job's scenarios, as far as its transport and the budget
// go, and returns what is to be said of them.
func (j *Job) AddAudit(transport wire.Transport) audit.Plan {
	plan := audit.Choose(audit.Having{
		Limit: j.Profile.Limit, Call: j.Profile.Call,
		Web:        transport == wire.HTTP || transport == wire.Auto || j.Virtual != nil,
		Loopback:   j.onLoopback(),
		Credential: j.Options.Header.Get("Authorization") != "",
		Replicas:   j.hosts(), Counter: j.Audit.Counter,
		Allow: j.Audit.Allow, Budget: j.Audit.Budget, Names: j.Audit.Names,
	}, target.ClientNames(1))
	j.Scenarios = slices.Concat(j.Scenarios, plan.Scenarios)
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
