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
	"ip": Address, "addr": Address, "host": Address,
	"user": Credential, "token": Credential, "apikey": Credential, "api-key": Credential, "subject": Credential,
	"sessions": Session, "tools": Tool, "methods": Method,
}

// A Key is which requests share a counter: those that agree in all its dimensions.
// An empty key is one counter for everybody.
type Key []Dimension

// ParseKey reads dimensions, separated by commas, plus signs or "and"; "everybody" is
// the empty key. Its error is a *SyntaxError.
func ParseKey(s string) (Key, error) {
	var key Key
	words := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == '+' || r == ' ' })
	for _, word := range words {
		if word == "and" || word == "everybody" && len(words) == 1 {
			continue
		}
		d, ok := dimension(word)
		if !ok {
			return nil, &SyntaxError{Problem: fmt.Sprintf("%q names nothing that a limit is kept by", word), Want: wantKeys}
		}
		if slices.Contains(key, d) {
			return nil, &SyntaxError{Problem: fmt.Sprintf("%q: %s occurs twice", s, d), Want: wantKeys}
		}
		key = append(key, d)
	}
	if len(words) == 0 {
		return nil, &SyntaxError{Problem: quote(s) + " names no key", Want: wantKeys}
	}
	return key.sorted(), nil
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
