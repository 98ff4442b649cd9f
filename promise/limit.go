package promise

import (
	"slices"
	"strconv"
	"strings"
)

// A Scope says who shares a bucket.
type Scope string

// The scopes.
const (
	Global Scope = "global" // one bucket for everybody
	Client Scope = "client" // one bucket a client identity
)

// A ClientKey says what a client is to a limiter with the scope Client.
type ClientKey string

// The keys. The zero value says that nobody knows.
const (
	SessionKey    ClientKey = "session"    // each session has a bucket, also of one credential
	CredentialKey ClientKey = "credential" // each credential has one, whatever its sessions
)

// A Limit is the commonest promise in one value, a token bucket: Rate tokens a second flow
// into a bucket that holds Burst, full at first use; a charged request takes
// one token, a refused one takes none.
type Limit struct {
	Rate    float64   // tokens a second; finite, > 0
	Burst   int       // tokens; >= 1
	Scope   Scope     // Global or Client
	Key     ClientKey //  of the scope Client: what tells clients apart; empty where nobody knows
	Charges []string  // methods that cost exactly one token; "*" is every request that no list names
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
	return costOf(method, l.Charges, l.MayCharge, l.Free)
}

// CostAside is Cost of a message that is neither a request of a client nor a
// notification: the answer to a request by the server, an HTTP GET that opens a
// stream, a DELETE that ends a session. No list names these.
func (l Limit) CostAside() (least, most int) {
	if slices.Contains(l.MayCharge, Any) || slices.Contains(l.Charges, Any) {
		return 0, 1
	}
	return 0, 0
}

// String returns the limit as people write it, with where it came from: "15/s burst 40
// (inherited from acb)". Without the words in brackets, Parse reads its numbers back exactly.
func (l Limit) String() string {
	s := FormatRate(l.Rate) + " burst " + strconv.Itoa(l.Burst)
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

// IsNotification reports if a method is that of a notification, which has no answer.
func IsNotification(method string) bool { return strings.HasPrefix(method, "notifications/") }

// Law is the limit as a law.
func (l Limit) Law() Law {
	law := Law{Kind: Bucket, N: l.Burst, Rate: l.Rate,
		Charge: Charge{Methods: slices.Clone(l.Charges), May: slices.Clone(l.MayCharge),
			Free: slices.Clone(l.Free), Presumed: l.Presumed}}
	if l.Presumed {
		law.Charge.Methods, law.Charge.May = nil, nil
	}
	switch {
	case l.Scope != Client:
	case l.Key == CredentialKey:
		law.Key = Key{Credential}
	default:
		law.Key = Key{Session}
	}
	return law
}

// LimitOf returns a promise as a limit, and whether it says no more than that.
func LimitOf(p Promise) (Limit, bool) {
	if len(p) != 1 {
		return Limit{}, false
	}
	law := p[0]
	l := Limit{Rate: law.Rate, Burst: law.N, Scope: Global}
	switch {
	case len(law.Key) == 0:
	case len(law.Key) == 1 && law.Key.Has(Session):
		l.Scope, l.Key = Client, SessionKey
	case len(law.Key) == 1 && law.Key.Has(Credential):
		l.Scope, l.Key = Client, CredentialKey
	default:
		return Limit{}, false
	}
	c := law.Charge
	l.Charges, l.MayCharge, l.Free = slices.Clone(c.Methods), slices.Clone(c.May), slices.Clone(c.Free)
	l.Presumed = c.Methods == nil
	plain := law.Kind == Bucket && law.Step == 0 && law.Wait == 0 && law.Lockout == 0 &&
		c.Tools == nil && c.Units == nil && c.Outcomes == All && !c.Refused
	return l, plain
}

// Presume fills in what is charged where nobody said it. That the load call
// costs a token is what there is to judge; of anything else a handshake sends
// nobody knows, and no verdict may rest on a guess.
func (l *Limit) Presume(load string) {
	if !l.Presumed {
		return
	}
	if !slices.Contains(l.MayCharge, Any) {
		l.MayCharge = append(slices.Clone(l.MayCharge), Any)
	}
	l.Charges = nil
	if !slices.Contains(l.MayCharge, load) && !slices.Contains(l.Free, load) {
		l.Charges = []string{load}
	}
}
