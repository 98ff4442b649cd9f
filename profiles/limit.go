package profiles

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/promise"
)

// A Scope says who shares a bucket.
type Scope string

// The scopes.
const (
	Global Scope = "global" // one bucket for everybody
	Client Scope = "client" // one bucket a client identity
)

// A Key says what a client is to a limiter with the scope Client.
type Key string

// The keys. The zero value says that nobody knows.
const (
	SessionKey    Key = "session"    // each session has a bucket, also of one credential
	CredentialKey Key = "credential" // each credential has one, whatever its sessions
)

// anyMethod stands in Charges and MayCharge for every method that no list
// names.
const anyMethod = "*"

// A Limit is a token bucket that a server promises: Rate tokens a second flow
// into a bucket that holds Burst, full at first use; a charged request takes
// one token, a refused one takes none.
type Limit struct {
	Rate    float64  // tokens a second; finite, > 0
	Burst   int      // tokens; >= 1
	Scope   Scope    // Global or Client
	Key     Key      // of the scope Client: what tells clients apart; empty where nobody knows
	Charges []string // methods that cost exactly one token; "*" is every request that no list names
	// methods that cost nothing or one token: nobody knows which; "*" is everything that no list names
	MayCharge []string
	Free      []string // methods that cost nothing, whatever "*" says
	Presumed  bool     // nobody said what is charged: the load call surely is, and the rest may be
	Tier      string   // the tier it was taken from; empty where given in numbers
	Inherited string   // the profile whose file gives the numbers; empty where the profile's own does
}

// Cost returns the least and the most tokens that one message of this method
// takes when it is admitted. A list that names the method wins over "*". A
// method that no list covers costs nothing.
//
// Notifications are no requests, so that "*" in Charges doesn't say: FastMCP
// charges in its on_request hook, which never sees them, and a limiter before
// the server charges every POST. They may cost a token then.
func (l Limit) Cost(method string) (least, most int) {
	switch {
	case slices.Contains(l.MayCharge, method):
		return 0, 1
	case slices.Contains(l.Free, method):
		return 0, 0
	case slices.Contains(l.Charges, method):
		return 1, 1
	case slices.Contains(l.MayCharge, anyMethod), slices.Contains(l.Charges, anyMethod) && isNotification(method):
		return 0, 1
	case slices.Contains(l.Charges, anyMethod):
		return 1, 1
	}
	return 0, 0
}

// CostAside is Cost of a message that is neither a request of a client nor a
// notification: the answer to a request by the server, an HTTP GET that opens a
// stream, a DELETE that ends a session. No list names these.
func (l Limit) CostAside() (least, most int) {
	if slices.Contains(l.MayCharge, anyMethod) || slices.Contains(l.Charges, anyMethod) {
		return 0, 1
	}
	return 0, 0
}

// String returns the limit in the fleet's notation, with where it came from:
// "15/s burst 40 (inherited from acb)". Without the words in brackets,
// ParseLimit reads it back exactly.
func (l Limit) String() string {
	s := promise.FormatRate(l.Rate) + " burst " + strconv.Itoa(l.Burst)
	var from []string
	if l.Tier != "" {
		from = append(from, "tier "+l.Tier)
	}
	if l.Inherited != "" {
		from = append(from, "inherited from "+l.Inherited)
	}
	if len(from) > 0 {
		s += " (" + strings.Join(from, ", ") + ")"
	}
	return s
}

func isNotification(method string) bool { return strings.HasPrefix(method, "notifications/") }

// methods are the requests that the protocol has, in the revisions 2024-11-05
// to 2026-07-28: what a list of charges may name without a warning.
var methods = []string{
	"initialize", "ping", "server/discover", "logging/setLevel", "completion/complete",
	"tools/list", "tools/call", "prompts/list", "prompts/get",
	"resources/list", "resources/templates/list", "resources/read",
	"resources/subscribe", "resources/unsubscribe", "subscriptions/listen",
	"tasks/get", "tasks/list", "tasks/result", "tasks/update", "tasks/cancel",
}
