package profiles

import (
	"slices"

	"github.com/mcpload/mcpload/promise"
)

// Terms are what the profile promises, as calls are judged by it.
func (p Profile) Terms() promise.Terms {
	return promise.Terms{Limit: p.Limit, Promise: p.Promise, Method: p.Call.Method, Statuses: p.Refusal.Statuses}
}

// Laws returns all that the profile promises: its promise, or its limit as a law.
func (p Profile) Laws() promise.Promise { return p.Terms().Laws() }

// Lawful reports if the profile promises what no Limit can say: see promise.Terms.
func (p Profile) Lawful() bool { return p.Terms().Lawful() }

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
		p.Limit, _ = promise.LimitOf(p.Promise)
	}
}

// Settle makes the limit say what a promise says that was put in its place, where that
// is one bucket, and nothing elsewhere.
func (p *Profile) Settle() {
	p.settlePromise(len(p.Promise) > 0, false)
	if !p.Lawful() {
		p.Limit.Presume(p.Call.Method)
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

// Why laws need sessions: most that do are kept per session, some count them.
const (
	LawPerSession  = "a law is kept per session"
	LawOfSessions  = "a law counts sessions"
	lawsOfOpenings = "a law is about initialize, which opens sessions"
)

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
			return LawOfSessions
		case slices.Contains(l.Charge.Methods, "initialize"):
			return lawsOfOpenings
		}
	}
	return ""
}
