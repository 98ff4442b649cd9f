package profiles

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/promise"
)

// check notes what contradicts what in a profile that is read and filled in.
// Where orphan is set the parent is at fault, and what it would have given
// isn't missed.
func (r *reader) check(p *Profile, orphan bool) {
	if !p.Lawful() && !r.faulty("promise") {
		r.checkLimit(p.Limit, orphan)
	}
	r.checkPromise(p)
	if !p.Lawful() {
		r.checkCharges(p)
	}
	r.checkLaunch(p.Launch, orphan)
	r.checkCall(p.Call)
	if p.Observed != nil && r.given("observed") {
		r.checkObserved(p)
	}
}

// checkLimit notes missing numbers, and a burst that no second can use.
func (r *reader) checkLimit(l Limit, orphan bool) {
	limit := r.at["limit"]
	missing := func(name, want string) {
		r.fault(r.place("limit"), name, "is missing", want)
	}
	switch {
	case orphan || r.faulty("limit") || r.faulty(""):
	case limit == nil && l.Rate == 0:
		missing("limit", "a mapping with rate and burst, or text "+limitForms)
	default:
		if l.Rate == 0 && !r.given("limit.rate") {
			missing("limit.rate", "tokens a second, "+promise.WantRate)
		}
		if l.Burst == 0 && !r.given("limit.burst") {
			missing("limit.burst", "a whole number of tokens, 1 or more")
		}
	}
	if l.Rate > 0 && l.Burst > 0 && float64(l.Burst) < l.Rate && l.Inherited == "" {
		r.warn(r.place("limit.burst", "limit.rate", "limit"), "limit.burst",
			fmt.Sprintf("%d is below the rate of %s, so that the bucket overflows within a second", l.Burst,
				promise.FormatRate(l.Rate)),
			"at least one second's tokens")
	}
}

// checkCharges notes a method that two lists name, and a load call that no
// verdict can rest on.
func (r *reader) checkCharges(p *Profile) {
	l := p.Limit
	lists := []struct {
		path  string
		names []string
	}{{"limit.charges", l.Charges}, {"limit.may_charge", l.MayCharge}, {"limit.free", l.Free}}
	for i, list := range lists {
		for _, other := range lists[:i] {
			for _, m := range list.names {
				if slices.Contains(other.names, m) {
					r.fault(r.place(list.path, other.path, "limit"), list.path, quote(m)+" is also in "+other.path,
						"it in one list")
				}
			}
		}
	}
	said := r.given("limit.charges") || r.given("limit.may_charge") || r.given("limit.free") || r.given("call")
	least, _ := l.Cost(p.Call.Method)
	if tool, _ := l.Cost("tools/call"); p.Call.Unsaid && tool > 0 {
		least = tool // a tool of the server's may be chosen
	}
	if said && least == 0 && !r.faulty("call") && !r.faulty("limit") {
		r.warn(r.place("limit.charges", "limit.may_charge", "limit.free", "call"), "limit.charges",
			"the load call "+p.Call.Method+" need not cost a token, so that no leak can be seen",
			"a load call that is charged")
	}
}

// checkLaunch notes a place that the transport has not, or lacks.
func (r *reader) checkLaunch(l Launch, orphan bool) {
	if l.Transport == "stdio" {
		for _, name := range []string{"launch.host", "launch.port", "launch.path"} {
			if r.given(name) {
				r.fault(r.at[name], name, "has no meaning for stdio", "transport: http, or no such field")
			}
		}
		return
	}
	if len(l.Command) > 0 && l.Port == 0 && !r.given("launch.port") && r.given("launch") && !orphan {
		r.fault(r.place("launch"), "launch.port", "is missing", "the port that the command listens on, 1 to 65535")
	}
}

// checkCall notes a call that is no tool's, or that is forbidden.
func (r *reader) checkCall(c LoadCall) {
	if !r.given("call") {
		return
	}
	switch {
	case c.Tool == "" && c.Method == "tools/call" && !r.given("call.tool"):
		r.fault(r.place("call.method", "call"), "call.tool", "is missing", "the name of the tool to call")
	case c.Tool != "" && c.Method != "tools/call":
		r.fault(r.place("call.tool", "call"), "call.tool", "has no meaning for "+quote(c.Method),
			"method: tools/call, or no tool")
	case c.Tool == "" && c.Arguments != nil && !r.given("call.tool"):
		r.fault(r.at["call.arguments"], "call.arguments", "has no tool to go with", "a tool, or no arguments")
	}
	if c.Tool != "" && c.Forbids(c.Tool) {
		r.fault(r.place("call.tool", "call.never"), "call.tool", quote(c.Tool)+" is listed in call.never",
			"a tool that is safe to call")
	}
}

// checkObserved notes half a finding.
func (r *reader) checkObserved(p *Profile) {
	o := p.Observed
	if r.faulty("observed") {
		return
	}
	if !r.given("observed.source") {
		r.fault(r.place("observed"), "observed.source", "is missing", "where it was read, such as server.py:65")
	}
	switch {
	case r.given("observed.promise"):
		for _, name := range []string{"observed.rate", "observed.burst", "observed.scope"} {
			if r.given(name) {
				r.fault(r.at[name], name, "is given beside a promise", "one of the two")
			}
		}
		if l, plain := promise.LimitOf(o.Promise); plain {
			p.Observed.Rate, p.Observed.Burst, p.Observed.Scope = l.Rate, l.Burst, l.Scope
		}
	case !r.given("observed.rate"):
		r.fault(r.place("observed"), "observed.rate", "is missing",
			"tokens a second, 0 where no limiter was found, or a promise")
	case o.Rate == 0 && o.Burst != 0:
		r.fault(r.place("observed.burst"), "observed.burst", "is given without a rate", "a rate above 0, or no burst")
	case o.Rate > 0 && o.Burst == 0:
		r.fault(r.place("observed.burst", "observed"), "observed.burst", "is missing",
			"a whole number of tokens, 1 or more")
	}
}

// faulty reports if anything is wrong already with a field or what is in it;
// of "" if the document as a whole is unfit.
func (r *reader) faulty(path string) bool {
	return slices.ContainsFunc(r.faults, func(f Fault) bool {
		inside := strings.HasPrefix(f.Field, path+".") || strings.HasPrefix(f.Field, path+"[")
		return !f.Warning && (f.Field == path || inside)
	})
}
