package conform

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// authorizationRows are about servers that want a token: how they ask for it, and
// what they say of who gives it. None of them sends a credential anywhere but with
// --bearer-env to the server itself. A server is free to have a way of its own, so
// that what the specification demands is held against those only that show a sign of
// its way.
func authorizationRows() []Row {
	web := []string{HTTP}
	return []Row{
		{ID: "A01", Area: Authorization, Level: Must, From: R2503, On: web, Section: "basic/authorization §Token " +
			"Handling, §Error Handling", Effect: Sends,
			Says: "answers requests without a token, and with one that is made up, with 401", Check: refusesStrangers},
		{ID: "A02", Area: Authorization, Level: Must, From: R2506, On: web,
			Section: "basic/authorization §Authorization Server Location, RFC 9728", Effect: Sends,
			Says: "says with its 401, or at the well-known address, who gives its tokens", Check: saysWhere},
		{ID: "A03", Area: Authorization, Level: Must, From: R2506, On: web, Section: "RFC 9728 §3.3, " +
			"basic/authorization §Authorization Server Location",
			Effect: Sends, Says: "names in its metadata itself as the resource, and an authorization server at least",
			Check: metadataIsItsOwn},
		{ID: "A04", Area: Authorization, Level: Must, From: R2506, On: web, Section: "RFC 8414 §3.3, " +
			"basic/authorization §Authorization Server Metadata Discovery",
			Effect: Sends, Says: "names authorization servers that have metadata of their own name, and PKCE with S256",
			Check: serversHaveMetadata},
		{ID: "A08", Area: Authorization, Level: Should, From: R2511, On: web, Section: "basic/authorization " +
			"§Protected Resource Metadata Discovery Requirements",
			Effect: Sends, Says: "says in its challenge which scopes are needed, where it has any",
			Check: challengesWithScope},
		{ID: "A08-offline", Area: Authorization, Level: Should, From: R2026, On: web, Section: "basic/authorization " +
			"§Refresh Tokens",
			Effect: Sends, Says: "doesn't ask for offline_access in its challenge or metadata", Check: asksNoOffline},
		{ID: "A09", Area: Authorization, Level: Must, From: R2506, On: web, Section: "basic/authorization " +
			"§Communication Security",
			Effect: Sends, Says: "names no authorization server whose endpoints are plain http, but on the user's " +
				"machine", Check: endpointsAreSecure},
		{ID: "A10", Area: Authorization, Level: Must, From: R2503, To: R2511, On: web, Section: "basic/authorization " +
			"§Token Requirements",
			Effect: Sessions, Says: "serves no request without a token, though the session was begun with one",
			Check: everyRequestIsChecked},
		{ID: "A11", Area: Authorization, Level: Should, From: R2506, On: web, Section: "RFC 6750 §3.1, " +
			"basic/authorization §Token Handling",
			Effect: Sends, Says: "says error=\"invalid_token\" to a token that is made up", Check: saysInvalidToken},
		{ID: "H12", Area: Authorization, Level: Must, From: R2503, To: R2511, On: web,
			Section: "basic/security_best_practices §Session Hijacking",
			Effect:  Tokens, Says: "doesn't take a session id for a credential: somebody else's token doesn't " +
				"serve in it", Check: sessionIsNoCredential},
		{ID: "P06", Area: Authorization, Level: Must, From: R2026, On: web, Section: "server/utilities/caching " +
			"§Cache Scope",
			Effect: Tokens, Says: "calls lists private that aren't the same for everybody", Check: differentIsPrivate},
	}
}

// madeUp are tokens that nobody gave: a text, and a JSON Web Token without a
// signature that expired long ago.
var madeUp = []string{
	"mcpload-made-up",
	"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJtY3Bsb2FkIiwiZXhwIjo5NDY2ODQ4MDB9.",
}

// opening is what a stranger begins with.
func (t *Trial) opening() Request {
	s := &session{line: t.main.line, transport: t.Transport, revision: t.Revision, next: 900_000}
	r := s.request("initialize", t.hello(t.Revision))
	switch {
	case Stateless(t.Revision) && t.locked == nil:
		r = t.harmless(s)
	case Stateless(t.Revision):
		r = s.request("server/discover", nil)
	}
	r.Bare = true
	return r
}

// challenged asks as a stranger. The answer says why that shows nothing.
func (t *Trial) challenged() (*Exchange, *Answer) {
	none := needs("a server that asks for a token", "it serves without one")
	if !t.Bearer && t.locked == nil {
		return nil, &none
	}
	e := t.Send(t.opening())
	if e.OK() {
		return e, &none
	}
	return e, nil
}

// papers are what a server publishes about its authorization.
type papers struct {
	challenge *Exchange
	named     string    // where the challenge says that the metadata are; empty: nowhere
	resource  *Exchange // the metadata, or the last try; nil: not tried
	document  map[string]json.RawMessage
}

var resourceMetadata = regexp.MustCompile(`(?i)resource_metadata\s*=\s*"?([^",\s]+)"?`)

// published looks for the metadata of the server, once a trial.
func (t *Trial) published() (*papers, *Answer) {
	if t.papers != nil {
		return t.papers, nil
	}
	e, none := t.challenged()
	if none != nil {
		return nil, none
	}
	p := &papers{challenge: e}
	if m := resourceMetadata.FindStringSubmatch(e.challengeText()); m != nil {
		p.named = m[1]
	}
	places := []string{p.named}
	if p.named == "" {
		u, err := url.Parse(t.URL)
		if err != nil {
			return nil, new(skip("the URL cannot be parsed"))
		}
		places = []string{"/.well-known/oauth-protected-resource" + strings.TrimSuffix(u.Path, "/"),
			"/.well-known/oauth-protected-resource"}
	}
	for _, where := range places {
		if !t.mayFetch(where) {
			continue
		}
		p.resource = t.fetch(where)
		if doc := members(p.resource.Reply.Body); p.resource.Reply.Status == http.StatusOK && (doc["resource"] != nil ||
			doc["authorization_servers"] != nil) {
			p.document = doc
			break
		}
	}
	t.papers = p
	return p, nil
}

// challengeText is what a 401 asks for.
func (e *Exchange) challengeText() string {
	return strings.Join(e.Reply.Header.Values("Www-Authenticate"), ", ")
}

// mayFetch reports if a document may be asked for: of the server itself, or over
// https of another one. Nothing secret is sent with it.
func (t *Trial) mayFetch(where string) bool {
	base, err := url.Parse(t.URL)
	if err != nil {
		return false
	}
	to, err := base.Parse(where)
	return err == nil && (to.Host == base.Host || to.Scheme == "https" && !t.Loopback || t.Loopback &&
		to.Hostname() == base.Hostname())
}

// fetch asks for a document, wherever it has been moved to.
func (t *Trial) fetch(where string) *Exchange {
	for moved := 0; ; moved++ {
		e := t.Send(Request{Verb: http.MethodGet, Path: where, Header: http.Header{"Accept": {"application/json"}},
			Bare: true})
		at, err := url.Parse(t.URL)
		if err != nil || e.Reply.Status/100 != 3 || moved == mostMoved {
			return e
		}
		if at, err = at.Parse(where); err == nil {
			at, err = at.Parse(e.Reply.Header.Get("Location"))
		}
		if err != nil || at.String() == where || !t.mayFetch(at.String()) {
			return e
		}
		where = at.String()
	}
}

// mostMoved is how often a document is followed to where it has been moved.
const mostMoved = 3

// itsWay reports if a server shows that it authorizes as the specification has it.
func (p *papers) itsWay() bool { return p.document != nil || p.named != "" }

// ownWay is the answer where it doesn't.
func ownWay(e *Exchange) Answer {
	return needs("a server that authorizes by OAuth", "nothing shows that it authorizes as the specification has it, "+
		"and it may have a way of its own: %s", e.words())
}

func refusesStrangers(t *Trial) Answer {
	p, none := t.published()
	if none != nil {
		return *none
	}
	e := p.challenge
	if !p.itsWay() && (!t.Bearer || e.Reply.Status != http.StatusUnauthorized) {
		return ownWay(e)
	}
	if e.Reply.Status != http.StatusUnauthorized {
		return fail(e, "a request without a token is not answered with 401: %s", e.words())
	}
	for _, token := range madeUp {
		e = t.Send(t.opening().With("Authorization", "Bearer "+token))
		switch {
		case e.OK():
			return fail(e, "a token that is made up is served")
		case e.Reply.Status != http.StatusUnauthorized && p.itsWay():
			return fail(e, "a token that is made up is not answered with 401: %s", e.words())
		}
	}
	return pass("no token, and two that are made up: 401")
}

func saysWhere(t *Trial) Answer {
	p, none := t.published()
	if none != nil {
		return *none
	}
	switch {
	case !p.itsWay():
		return ownWay(p.challenge)
	case p.document == nil && p.resource == nil:
		return skip("its metadata are on another host, which isn't asked: %s", excerpt(p.named))
	case p.document == nil && p.resource.Reply.Status/100 == 3:
		return skip("its metadata have been moved to where isn't asked: %s", p.resource.words())
	case p.document == nil:
		return fail(p.resource, "there are no metadata where its challenge says: %s", p.resource.words())
	case p.named == "" && t.Revision < R2511 && t.Claimed:
		return fail(p.challenge, "its 401 doesn't say where: WWW-Authenticate is %s",
			excerpt(p.challenge.challengeText()))
	case p.named == "":
		return pass("at the well-known address")
	}
	return pass("in its challenge")
}

func everyRequestIsChecked(t *Trial) Answer {
	if !t.Bearer {
		return needs("--bearer-env NAME", "no token is given")
	}
	if _, none := t.challenged(); none != nil {
		return *none
	}
	s, none := t.fresh()
	if none != nil {
		return *none
	}
	defer s.line.Close()
	if a := t.works(s); a != nil {
		return *a
	}
	r := t.harmless(s)
	r.Bare = true
	if e := t.send(s, r); e.OK() {
		return fail(e, "in a session that was begun with a token it is served without one")
	}
	for _, verb := range []string{http.MethodGet, http.MethodDelete} {
		h := s.header("", nil)
		h.Del("Content-Type")
		e := t.send(s, Request{Verb: verb, Header: h, Bare: true, Within: t.soon(), Streams: true})
		if e.Reply.Silent {
			e.Reply.Broken = "" // it is held open, and shows nothing
		}
		if s.id != "" && (e.Reply.Status/100 == 2 && verb == http.MethodDelete || e.Reply.Status == http.StatusOK &&
			e.Reply.Media() == "text/event-stream") {
			return fail(e, "in a session that was begun with a token %s is served without one", verb)
		}
	}
	return pass("requests without a token are refused in a session that was begun with one")
}

func saysInvalidToken(t *Trial) Answer {
	p, none := t.documented()
	if none != nil {
		return *none
	}
	e := t.Send(t.opening().With("Authorization", "Bearer "+madeUp[0]))
	switch said := e.challengeText(); {
	case e.OK():
		return skip("it is served")
	case strings.Contains(strings.ToLower(said), "invalid_token"):
		return pass("%s", excerpt(said))
	default:
		_ = p // that it authorizes so is why this is asked of it
		return fail(e, "its challenge is %s", excerpt(said))
	}
}

// another says that there is no second credential; nil where there is one that works.
func (t *Trial) another() *Answer {
	if !t.Other {
		return new(needs("--other-bearer-env NAME", "no token of somebody else is given"))
	}
	r := t.opening()
	r.Bare, r.Other = false, true
	if e := t.Send(r); !e.OK() {
		return new(skip("the other token is not served: %s", e.words()))
	}
	return nil
}

func sessionIsNoCredential(t *Trial) Answer {
	for _, none := range []*Answer{t.another(), t.sessionless()} {
		if none != nil {
			return *none
		}
	}
	if a := t.works(t.main); a != nil {
		return *a
	}
	r := t.harmless(t.main)
	r.Other = true
	if e := t.Send(r); e.OK() {
		return fail(e, "another's token is served in the session")
	}
	return pass("another's token is refused in the session")
}

func differentIsPrivate(t *Trial) Answer {
	if none := t.another(); none != nil {
		return *none
	}
	n := 0
	for _, l := range listers {
		if !t.declares(l.capability) {
			continue
		}
		ours, r := t.Ask(l.method, nil), t.Right(l.method, nil)
		r.Other = true
		theirs := t.Send(r)
		if !ours.OK() || !theirs.OK() || sameNames(l, ours, theirs) {
			continue
		}
		n++
		for _, e := range []*Exchange{ours, theirs} {
			if text(member(e.result(), "cacheScope")) == "public" {
				return fail(e, "%s differs for two callers, and is public", l.method).showing(ours, theirs)
			}
		}
	}
	if n == 0 {
		return needs("two tokens that are shown different lists", "both tokens are shown the same")
	}
	return pass("%d lists that differ are private", n)
}

// sameNames reports if two pages list the same, in whatever order.
func sameNames(l lister, a, b *Exchange) bool {
	one, two := ordered(l, []*Exchange{a}), ordered(l, []*Exchange{b})
	slices.Sort(one)
	slices.Sort(two)
	return slices.Equal(one, two)
}
