package conform

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// documented is the papers with metadata in them.
func (t *Trial) documented() (*papers, *Answer) {
	p, none := t.published()
	if none == nil && p.document == nil {
		none = new(ownWay(p.challenge))
	}
	return p, none
}

// givers are the authorization servers.
func (p *papers) givers() []string {
	var list []string
	if json.Unmarshal(p.document["authorization_servers"], &list) != nil {
		return nil // it names none
	}
	return list
}

func metadataIsItsOwn(t *Trial) Answer {
	p, none := t.documented()
	if none != nil {
		return *none
	}
	if len(p.givers()) == 0 {
		return fail(p.resource, "its metadata name no authorization server: authorization_servers is %s",
			spelling(p.document["authorization_servers"]))
	}
	named := text(p.document["resource"])
	is, err := url.Parse(named)
	asked, bad := url.Parse(t.URL)
	switch {
	case err != nil || bad != nil || is.Scheme == "" || is.Host == "" || is.Fragment != "":
		return fail(p.resource, "the resource is no address without a fragment: %s", spelling(p.document["resource"]))
	case t.Loopback && hostOf(is) != hostOf(asked):
		return skip("the resource is %s, and a server on this machine may be known by another name", excerpt(named))
	case hostOf(is) != hostOf(asked) || !strings.EqualFold(is.Scheme, asked.Scheme):
		return fail(p.resource, "the resource is %s, and what was asked is %s", excerpt(named), excerpt(t.URL))
	case !strings.HasPrefix(strings.TrimSuffix(asked.Path, "/")+"/", strings.TrimSuffix(is.Path, "/")+"/"):
		return fail(p.resource, "the resource is %s, and what was asked is %s", excerpt(named), excerpt(t.URL))
	}
	return pass("%s", excerpt(named))
}

// hostOf is an address's host and port, which may go without saying.
func hostOf(u *url.URL) string {
	port := map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	return strings.ToLower(u.Hostname()) + ":" + cmp.Or(u.Port(), port)
}

// giver asks an authorization server for its metadata, at each address where they may
// be. The last try is returned where there are none.
func (t *Trial) giver(issuer string) (e *Exchange, doc map[string]json.RawMessage) {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || !t.mayFetch(issuer) {
		return nil, nil
	}
	path := strings.TrimSuffix(u.Path, "/")
	origin := u.Scheme + "://" + u.Host
	for _, where := range slices.Compact([]string{origin + "/.well-known/oauth-authorization-server" + path, origin +
		"/.well-known/openid-configuration" + path,
		origin + path + "/.well-known/openid-configuration"}) {
		e = t.fetch(where)
		if doc := members(e.Reply.Body); e.Reply.Status == http.StatusOK && doc["issuer"] != nil {
			return e, doc
		}
	}
	return e, nil
}

func serversHaveMetadata(t *Trial) Answer {
	p, none := t.documented()
	if none != nil {
		return *none
	}
	n := 0
	for _, issuer := range p.givers() {
		e, doc := t.giver(issuer)
		var methods []string
		switch {
		case e == nil:
			continue // it isn't asked
		case e.Reply.Broken != "" || e.Reply.Status >= 500 || e.Reply.Status/100 == 3:
			return skip("%s could not be asked: %s", excerpt(issuer), e.words())
		case doc == nil:
			return fail(e, "%s has no metadata at any of its well-known addresses", excerpt(issuer))
		case strings.TrimSuffix(text(doc["issuer"]), "/") != strings.TrimSuffix(issuer, "/"):
			return fail(e, "the metadata of %s are of %s", excerpt(issuer), spelling(doc["issuer"]))
		case json.Unmarshal(doc["code_challenge_methods_supported"], &methods) != nil && t.Revision < R2511:
			// an older client couldn't know
		case !slices.Contains(methods, "S256"):
			return fail(e, "%s has code_challenge_methods_supported %s, so that no client may proceed", excerpt(issuer),
				spelling(doc["code_challenge_methods_supported"]))
		}
		n++
	}
	if n == 0 {
		return skip("its authorization servers are on other hosts, which aren't asked: %s",
			excerpt(strings.Join(p.givers(), ", ")))
	}
	return pass("%d authorization servers", n)
}

var scopeParameter = regexp.MustCompile(`(?i)\bscope\s*=\s*"([^"]*)"`)

// scopes are those that the challenge asks for, and those that the metadata name.
func (p *papers) scopes() (asked, supported []string) {
	if m := scopeParameter.FindStringSubmatch(p.challenge.challengeText()); m != nil {
		asked = strings.Fields(m[1])
	}
	if json.Unmarshal(p.document["scopes_supported"], &supported) != nil {
		supported = nil // it names none
	}
	return asked, supported
}

func challengesWithScope(t *Trial) Answer {
	p, none := t.documented()
	if none != nil {
		return *none
	}
	asked, supported := p.scopes()
	switch {
	case len(asked) > 0:
		return pass("%s", excerpt(strings.Join(asked, " ")))
	case len(supported) == 0:
		return needs("a server with scopes", "its metadata name no scopes")
	}
	return fail(p.challenge, "there are scopes, and its challenge names none: %s", excerpt(p.challenge.challengeText()))
}

func asksNoOffline(t *Trial) Answer {
	p, none := t.documented()
	if none != nil {
		return *none
	}
	asked, supported := p.scopes()
	switch {
	case slices.Contains(asked, "offline_access"):
		return fail(p.challenge, "its challenge asks for offline_access")
	case slices.Contains(supported, "offline_access"):
		return fail(p.resource, "its metadata name offline_access among the scopes")
	case len(asked)+len(supported) == 0:
		return needs("a server with scopes", "it names no scopes")
	}
	return pass("%d scopes", len(asked)+len(supported))
}

func endpointsAreSecure(t *Trial) Answer {
	p, none := t.documented()
	if none != nil {
		return *none
	}
	n := 0
	for _, issuer := range p.givers() {
		e, doc := t.giver(issuer)
		if doc == nil {
			continue // another row's matter
		}
		for _, name := range []string{"authorization_endpoint", "token_endpoint", "registration_endpoint",
			"revocation_endpoint"} {
			u, err := url.Parse(text(doc[name]))
			if doc[name] == nil || err != nil {
				continue
			}
			n++
			if u.Scheme != "https" && !loopbackName(u.Hostname()) {
				return fail(e, "the %s is %s", name, spelling(doc[name]))
			}
		}
	}
	if n == 0 {
		return skip("no metadata of an authorization server could be read")
	}
	return pass("%d endpoints", n)
}

func loopbackName(host string) bool {
	return host == "localhost" || strings.HasPrefix(host, "127.") || host == "::1"
}
