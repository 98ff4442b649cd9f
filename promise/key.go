package promise

import (
	"fmt"
	"slices"
	"strings"
)

// A Dimension is something by which a server tells requests apart.
type Dimension string

// The dimensions, in the order in which a key names them.
const (
	Session    Dimension = "session"    // the MCP session
	Credential Dimension = "credential" // who authenticates, or what an identity header says
	Address    Dimension = "address"    // the network address that a request comes from
	Tool       Dimension = "tool"       // the name of the called tool
	Method     Dimension = "method"     // the JSON-RPC method
)

var dimensions = []Dimension{Session, Credential, Address, Tool, Method}

// also are other words that people write for a dimension.
var also = map[string]Dimension{
	"ip": Address, "ips": Address, "addr": Address, "host": Address, "addresses": Address,
	"user": Credential, "users": Credential, "account": Credential, "principal": Credential, "subject": Credential,
	"identity": Credential, "caller": Credential, "key": Credential, "keys": Credential, "token": Credential,
	"tokens": Credential, "bearer": Credential, "credentials": Credential, "apikey": Credential, "api-key": Credential,
	"api_key": Credential, "sessions": Session, "tools": Tool, "methods": Method,
}

// adjectives may stand before a dimension, and further after it; they say no more. What
// stands for several credentials, or for it isn't said what, is no dimension.
var (
	adjectives = words("api access auth authenticated bearer calling client distinct each individual jwt mcp oauth " +
		"remote single source the unique verified")
	further = words("account address hash id identity ids ip key keys name names token tokens user")
	several = words("brand domain group org organisation organization plan project team tenant workspace")
)

func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

// A Key is which requests share a counter: those that agree in all its dimensions.
// An empty key is one counter for everybody.
type Key []Dimension

// ParseKey reads dimensions, separated by commas, plus signs or "and"; "everybody" is
// the empty key. Of several words without either between them, as in "api key" or "IP
// address", all are of one dimension. Its error is a *SyntaxError.
func ParseKey(s string) (Key, error) {
	var key Key
	parts := strings.FieldsFunc(strings.ReplaceAll(s, " and ", "+"), func(r rune) bool { return r == ',' || r == '+' })
	for _, part := range parts {
		all := strings.Fields(part)
		if len(all) == 0 || len(all) == 1 && (all[0] == "and" || all[0] == "everybody" && len(parts) == 1) {
			continue
		}
		d, problem := named(all)
		if problem != "" {
			return nil, &SyntaxError{Problem: problem, Want: wantKeys}
		}
		if slices.Contains(key, d) {
			return nil, &SyntaxError{Problem: fmt.Sprintf("%q: %s occurs twice", s, d), Want: wantKeys}
		}
		key = append(key, d)
	}
	if strings.Trim(s, ",+ ") == "" {
		return nil, &SyntaxError{Problem: quote(s) + " names no key", Want: wantKeys}
	}
	return key.sorted(), nil
}

// named is the dimension that words name together.
func named(all []string) (d Dimension, problem string) {
	unknown := ""
	for _, word := range all {
		lower := strings.ToLower(word)
		switch found, ok := dimension(word); {
		case several[lower]:
			return "", fmt.Sprintf("%q may have several credentials: name the credential if each of yours is another "+
				"one's, and nothing if all are of one", word)
		case ok && d == "":
			d = found
		case ok && d == found || further[lower] && d != "" || adjectives[lower]:
		case unknown == "":
			unknown = word
		}
	}
	if d == "" {
		unknown = strings.Join(all, " ")
	}
	if unknown != "" {
		return "", fmt.Sprintf("%q names nothing that a limit is kept by", unknown)
	}
	return d, ""
}

const wantKeys = "session, credential, address, tool, method, or everybody"

func dimension(word string) (Dimension, bool) {
	word = strings.ToLower(word)
	if d, ok := also[word]; ok {
		return d, true
	}
	d := Dimension(word)
	return d, slices.Contains(dimensions, d)
}

// Has reports if the key tells requests apart by d.
func (k Key) Has(d Dimension) bool { return slices.Contains(k, d) }

// String returns the key as ParseKey reads it.
func (k Key) String() string {
	if len(k) == 0 {
		return "everybody"
	}
	var words []string
	for _, d := range k.sorted() {
		words = append(words, string(d))
	}
	return strings.Join(words, "+")
}

// sorted returns the dimensions in their order.
func (k Key) sorted() Key {
	var out Key
	for _, d := range dimensions {
		if k.Has(d) {
			out = append(out, d)
		}
	}
	return out
}
