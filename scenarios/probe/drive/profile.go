package drive

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/scenarios/probe"
)

// ProfileOf is a profile that promises what was measured, as a file of this name that
// run --profiles accepts.
func (j *Job) ProfileOf(file string, r probe.Report) ([]byte, error) {
	box := r.Box
	if len(r.Laws) == 0 && (box == nil || math.IsInf(box.Rate.Hi, 1) || math.IsInf(box.Burst.Hi, 1) ||
		box.Rate.Hi > 3*box.Rate.Lo) {
		return nil, errors.New("a profile promises what was found, and no limit was")
	}
	p := profiles.ForURL(profiles.Limit{Rate: 1, Burst: 1})
	if box != nil {
		rate, one := probe.OneRate(box.Rate)
		burst, whole := probe.OneBurst(box.Burst)
		if !one || !whole {
			return nil, fmt.Errorf("a profile promises one rate and one burst, and several that are as likely explain "+
				"the answers (%s): write the one that is meant", box)
		}
		p = profiles.ForURL(profiles.Limit{Rate: rate, Burst: burst})
		p.Doc = fmt.Sprintf("Measured by mcpload probe: %s, %d calls.", box, r.Sent)
	}
	if tool := j.Profile.Call.Tool; tool != "" {
		p = p.Loading(tool, j.Profile.Call.Arguments)
	}
	p.Name = profiles.NameOf(file, j.Profile.Name)
	p.Limit.Scope = profiles.Global
	if s := r.Scope.Answer; s == probe.PerSession || s == probe.PerIdentity || s == probe.PerConnection {
		p.Limit.Scope = profiles.Client
	}
	charge(&p, r.Costs)
	p.Promise = promised(r, p.Laws()[0])
	if box == nil {
		p.Doc = "Found by mcpload probe" + comment(r)
	}
	p.Call.Never, p.Call.Unsaid = j.Profile.Call.Never, false // what was measured is the cost of this call
	p.Refusal = j.Profile.Refusal
	for _, t := range r.Signal.Codes {
		if t.Number != 0 && !slices.Contains(p.Refusal.Codes, t.Number) {
			p.Refusal.Codes = append(p.Refusal.Codes, t.Number)
		}
	}
	place(&p, j)
	text, err := profiles.Format(p)
	if err != nil {
		return nil, err
	}
	if _, _, err := profiles.Parse(p.Name, text); err != nil { // a warning is shown when it is loaded
		return nil, err
	}
	return text, nil
}

// promised are the laws that were found; whom and what they charge is that of a limit.
func promised(r probe.Report, like promise.Law) (p promise.Promise) {
	laws := r.Laws
	if len(laws) == 0 {
		laws = []probe.Law{{Law: like}}
	}
	for _, l := range laws {
		one := l.Law.Clone()
		one.Key, one.Charge = like.Clone().Key, like.Clone().Charge
		if r.Scope.Answer == probe.PerIdentity {
			one.Key = promise.Key{promise.Credential}
		}
		switch r.Tools.Answer {
		case probe.PerTool:
			one.Key = append(one.Key, promise.Tool)
		case probe.FreeTools, probe.OtherTools:
			one.Charge.Tools = []string{r.Load.Tool}
		}
		p = append(p, one)
	}
	return p
}

// comment says what was found of laws, and what wasn't.
func comment(r probe.Report) string {
	s := fmt.Sprintf(", %d calls", r.Sent)
	for _, l := range r.Laws {
		switch {
		case len(l.Kinds) > 1:
			s += fmt.Sprintf("; %s: of which kind its windows are isn't certain", l.Law)
		case l.Every.Hi > 0:
			s += fmt.Sprintf("; %s: windows of %s s", l.Law, l.Every)
		}
	}
	if r.Scope.Answer == "" {
		s += "; who shares it isn't known: judge it with --clients 1"
	}
	return s + "."
}

// charge says what costs a token, as far as the probe could tell. What it
// couldn't may cost one.
func charge(p *profiles.Profile, costs []probe.Cost) {
	l := &p.Limit
	l.Presumed = false
	l.Charges, l.Free, l.MayCharge = []string{p.Call.Method}, nil, []string{"*"}
	for _, c := range costs {
		if strings.Contains(c.Kind, " ") || c.Kind == p.Call.Method || c.Kind == "notifications" {
			continue // no method
		}
		n, ok := c.Known()
		switch {
		case !ok:
		case n == 0:
			l.Free = append(l.Free, c.Kind)
		case n == 1:
			l.Charges = append(l.Charges, c.Kind)
		}
	}
	for _, c := range costs {
		if n, ok := c.Known(); ok && n == 0 && c.Kind == "notifications" {
			l.Free = append(l.Free, "notifications/initialized", "notifications/cancelled")
		}
	}
}

// place says how the server was reached.
func place(p *profiles.Profile, j *Job) {
	p.Launch = j.Profile.Launch
	if j.Kind == target.Command && len(j.Launch) == 0 {
		p.Launch.Command, p.Launch.Transport = j.Options.Command, "stdio"
		p.Launch.Host, p.Launch.Port, p.Launch.Path = "", 0, ""
	}
	if j.Kind != target.URL {
		return
	}
	u, err := url.Parse(j.Options.URL)
	if err != nil {
		return // it was dialled, so it can be parsed
	}
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil {
		host = u.Host // the scheme's own port
	}
	p.Launch.Host, p.Launch.Path = host, u.Path
	if n, err := strconv.Atoi(port); err == nil {
		p.Launch.Port = n
	}
	if len(j.Launch) > 0 {
		p.Launch.Command = j.Launch
	}
}
