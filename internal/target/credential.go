package target

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/revision"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
)

// credentialHeaders are headers that say who a client is, in small letters and
// without hyphens. Others whose names hold one of credentialWords may.
var (
	credentialHeaders = []string{"authorization", "proxyauthorization", "cookie"}
	credentialWords   = []string{"apikey", "token", "secret", "credential", "auth"}
)

// credential names the header, or the part of the URL, by which every client of a
// job shows the same credential; it is empty where there is none.
func (t *Target) credential() string {
	for name := range t.Options.Header {
		small := strings.ReplaceAll(strings.ToLower(name), "-", "")
		if slices.Contains(credentialHeaders, small) || holdsOne(small, credentialWords) {
			return "the header " + name
		}
	}
	if t.Options.Bearer != nil {
		return "the token"
	}
	u, err := url.Parse(t.Options.URL)
	switch {
	case err != nil: // the wire refuses it
	case u.User != nil:
		return "the user in the URL"
	default:
		for name := range u.Query() {
			small := strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
			if holdsOne(small, append([]string{"key"}, credentialWords...)) {
				return "the parameter " + name + " of the URL"
			}
		}
	}
	return ""
}

func holdsOne(s string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}

// TellsApart refuses to speak as several clients that the server can't tell
// apart, under a limit that each of them is promised: what they share would be
// held against it.
func (t *Target) TellsApart() error {
	l := t.Profile.Limit
	if t.Kind == Mock || l.Scope != profiles.Client || l.Key == profiles.SessionKey || t.ClientCount() < 2 ||
		t.Identity.Header != "" || t.Options.Transport == wire.Stdio {
		return nil
	}
	const name = "name --client-header, as in --client-header 'Authorization: Bearer $TOKEN_{n}'"
	switch shown := t.credential(); {
	case shown != "" && l.Key == profiles.CredentialKey:
		return hint.New(fmt.Errorf("both clients would send the same credential (%s): name --client-header", shown),
			name+", or speak as one with --clients 1")
	case shown != "":
		return hint.New(fmt.Errorf("both clients would send the same credential (%s): name --client-header", shown),
			name+"; if each session has a limit of its own, say --scope session; or speak as one with --clients 1")

	case l.Key == profiles.CredentialKey:
		return hint.New(fmt.Errorf("each credential is promised a limit of its own, and the clients have none: name "+
			"--client-header"), name+", or speak as one with --clients 1")
	}
	return nil
}

// withSessions is the newest revision whose sessions tell clients apart.
const withSessions = revision.R2511

// TakesSessions has a revision with sessions spoken where what is promised needs them: a
// mock's own, and one of those that another server speaks, unless somebody chose one.
func (t *Target) TakesSessions() {
	l := t.Profile.Limit
	t.Options.Sessions = t.needsSessions() != "" && t.Options.Transport != wire.Stdio ||
		l.Scope == profiles.Client && l.Key != profiles.CredentialKey && t.ClientCount() > 1 && t.Identity.Header == ""
	if p := t.Options.Protocol; t.Kind == Mock && t.needsSessions() != "" && (p == "auto" || p == "") {
		t.Options.Protocol = withSessions
	}
}

// needsSessions says why a revision without sessions won't do; empty: it will.
func (t *Target) needsSessions() string {
	if t.Mock.Laws {
		return profiles.SessionsFor(t.Profile.Promise)
	}
	return t.Profile.NeedsSessions()
}

// sessionsShare reports if all sessions of a client may share a bucket that is
// promised to each client, because they show the same credential, or none.
func (t *Target) sessionsShare() bool {
	l := t.Profile.Limit
	if t.Kind == Mock || l.Scope != profiles.Client || t.Identity.Header != "" {
		return false
	}
	return l.Key == profiles.CredentialKey || l.Key == "" && t.credential() != ""
}

// SessionsApart is TellsApart once the protocol is known: since 2026-07-28 there
// are no sessions that could tell clients apart.
func (t *Target) SessionsApart(protocol string) error {
	why, over := t.needsSessions(), revision.Stateless(protocol)
	if t.Options.Transport == wire.Stdio && (why == profiles.LawPerSession || why == profiles.LawOfSessions) {
		over = false // the process is one, and the only one
	}
	if over && why != "" {
		return hint.New(fmt.Errorf("%s, and revision %s has none", why, protocol), "take a revision with "+
			"sessions, if the server speaks one: --protocol "+withSessions)
	}
	if t.Kind == Mock || t.Profile.Limit.Scope != profiles.Client || t.ClientCount() < 2 || t.Identity.Header != "" ||
		t.Options.Transport == wire.Stdio || !revision.Stateless(protocol) {
		return nil
	}
	return hint.New(fmt.Errorf("revision %s has no sessions that tell clients apart: name --client-header", protocol),
		"as in --client-header X-Client-Id; or take a revision with sessions, if the server speaks one: "+
			"--protocol "+withSessions+"; or speak as one with --clients 1")
}
