package profiles

import (
	"slices"

	"github.com/mcpload/mcpload/promise"
)

// Laws returns all that the profile promises: its promise, or its limit as a law.
func (p Profile) Laws() promise.Promise {
	if len(p.Promise) > 0 {
		return p.Promise
	}
	if p.Limit.Rate == 0 {
		return nil
	}
	return promise.Promise{p.Limit.law()}
}

// Lawful reports if the profile promises what no Limit can say: several laws, or one of
// another kind than a bucket for everybody, a session or a credential.
func (p Profile) Lawful() bool {
	if len(p.Promise) == 0 {
		return false
	}
	_, plain := limitOf(p.Promise)
	return !plain
}

// law is the limit as a law.
func (l Limit) law() promise.Law {
	law := promise.Law{Kind: promise.Bucket, N: l.Burst, Rate: l.Rate,
		Charge: promise.Charge{Methods: slices.Clone(l.Charges), May: slices.Clone(l.MayCharge),
			Free: slices.Clone(l.Free), Presumed: l.Presumed}}
	if l.Presumed {
		law.Charge.Methods, law.Charge.May = nil, nil
	}
	switch {
	case l.Scope != Client:
	case l.Key == CredentialKey:
		law.Key = promise.Key{promise.Credential}
	default:
		law.Key = promise.Key{promise.Session}
	}
	return law
}

// limitOf returns a promise as a limit, and whether it says no more than that.
func limitOf(p promise.Promise) (Limit, bool) {
	if len(p) != 1 {
		return Limit{}, false
	}
	law := p[0]
	l := Limit{Rate: law.Rate, Burst: law.N, Scope: Global}
	switch {
	case len(law.Key) == 0:
	case len(law.Key) == 1 && law.Key.Has(promise.Session):
		l.Scope, l.Key = Client, SessionKey
	case len(law.Key) == 1 && law.Key.Has(promise.Credential):
		l.Scope, l.Key = Client, CredentialKey
	default:
		return Limit{}, false
	}
	c := law.Charge
	l.Charges, l.MayCharge, l.Free = slices.Clone(c.Methods), slices.Clone(c.May), slices.Clone(c.Free)
	l.Presumed = c.Methods == nil
	plain := law.Kind == promise.Bucket && law.Step == 0 && law.Wait == 0 && law.Lockout == 0 &&
		c.Tools == nil && c.Units == nil && c.Outcomes == promise.All && !c.Refused
	return l, plain
}

// settlePromise makes limit and promise say the same where the file gives one of them:
// a promise of one bucket is a limit, and one of anything else has none. What the file
// itself says replaces what it inherited. A limit beside a promise is one of its laws,
// and says no more than those: see checkPromise.
func (p *Profile) settlePromise(promised, limited bool) {
	switch {
	case promised && p.Lawful():
		p.Limit = Limit{Scope: Global, Presumed: true}
	case limited:
		p.Promise, p.Promised = nil, ""
	case promised:
		p.Limit, _ = limitOf(p.Promise)
	}
}

// Settle makes the limit say what a promise says that was put in its place, where that
// is one bucket, and nothing elsewhere.
func (p *Profile) Settle() {
	p.settlePromise(len(p.Promise) > 0, false)
	if !p.Lawful() {
		p.Limit.presume(p.Call.Method)
	}
}

// clonePromise returns a copy that shares nothing.
func clonePromise(p promise.Promise) promise.Promise {
	out := slices.Clone(p)
	for i := range out {
		out[i] = out[i].Clone()
	}
	return out
}

// LawPerSession is why most laws need sessions that do.
const LawPerSession = "a law is kept per session"

// NeedsSessions says why the laws can't be asked by a revision without sessions; it is
// empty where they can.
func (p Profile) NeedsSessions() string {
	if !p.Lawful() {
		return ""
	}
	return SessionsFor(p.Promise)
}

// SessionsFor says why laws can't be asked by a revision without sessions; it is empty
// where they can.
func SessionsFor(laws promise.Promise) string {
	for _, l := range laws {
		switch {
		case l.Key.Has(promise.Session):
			return LawPerSession
		case l.Kind == promise.Sessions:
			return "a law counts sessions"
		case slices.Contains(l.Charge.Methods, "initialize"):
			return "a law is about initialize, which opens sessions"
		}
	}
	return ""
}
