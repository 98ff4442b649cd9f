package target

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/internal/revision"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/scenarios"
)

// Who a run speaks as: two clients are enough to tell a shared bucket from one
// a session, and a thousand are enough for anybody.
const (
	DefaultClients = 2
	MaxClients     = 1000
)

// FirstClient is the name of the first client, and of the only one where there is one.
const FirstClient = "c1"

// ClientNames are the identities that n clients speak as, where the transport
// lets one server have several.
func ClientNames(n int) []string {
	names := make([]string, max(1, n))
	for i := range names {
		names[i] = "c" + strconv.Itoa(i+1)
	}
	return names
}

// numbered is the number of a client by its name.
func numbered(client string) int {
	if n, err := strconv.Atoi(strings.TrimPrefix(client, "c")); err == nil {
		return n
	}
	return 1
}

// An Identity is the header that says who a client is. The zero value is none.
type Identity struct {
	Header string
	Value  func(client int) (string, error) // of the nth client, from 1
}

// ClientCount is how many clients there are.
func (t *Target) ClientCount() int {
	if t.Clients == 0 {
		return DefaultClients
	}
	return t.Clients
}

// SpeakAs sets how many clients there are, and what tells them apart.
func (t *Target) SpeakAs(clients int, who Identity) error {
	stdio := t.Options.Transport == wire.Stdio
	switch {
	case clients < 1 || clients > MaxClients:
		return fmt.Errorf("--clients %d is not from 1 to %d", clients, MaxClients)
	case stdio && clients > DefaultClients:
		return fmt.Errorf("--clients %d: a server over stdio has one client, whose process it is", clients)
	case t.Options.Bearer != nil && strings.EqualFold(who.Header, "Authorization"):
		return errors.New("--client-header Authorization is a token for each client, and there is one for all already")
	case stdio && who.Header != "":
		return fmt.Errorf("--client-header %s: there are no headers over stdio", who.Header)
	}
	t.Clients, t.Identity, t.Mock.IdentityHeader = clients, who, who.Header
	return nil
}

// As returns the options of the nth client, from 1.
func (t *Target) As(n int) (wire.Options, error) {
	o := t.Options
	o.Client = "c" + strconv.Itoa(n)
	if t.Identity.Header == "" {
		return o, nil
	}
	value, err := t.Identity.Value(n)
	if err != nil {
		return o, err
	}
	if o.Header = o.Header.Clone(); o.Header == nil {
		o.Header = http.Header{}
	}
	o.Header.Set(t.Identity.Header, value)
	return o, nil
}

// Disguises are the ways to come back that a session's transport has. Where every
// session shows the one credential, and that may be what a client is, nobody knows
// whose tokens a new session takes: it isn't tried, since an honest limit for each
// credential would be judged as two.
func (t *Target) Disguises(transport wire.Transport, protocol string) []scenarios.Disguise {
	var list []scenarios.Disguise
	sessions := !revision.Stateless(protocol) && !t.sessionsShare() // later ones have none
	switch transport {
	case wire.Stdio:
		return []scenarios.Disguise{scenarios.NewIDs}
	case wire.HTTP:
		if sessions {
			list = append(list, scenarios.NewSession)
		}
		list = append(list, scenarios.NewConnection)
	case wire.InProcess:
		list = append(list, scenarios.NewSession)
	default:
		if !t.sessionsShare() {
			list = append(list, scenarios.NewSession)
		}
	}
	if t.Identity.Header != "" && transport != wire.InProcess {
		list = append(list, scenarios.NewIdentity)
	}
	return append(list, scenarios.NewIDs)
}
