package load

import (
	"bytes"
	"fmt"
)

// nonceMark begins every nonce. It holds nothing that JSON escapes.
const nonceMark = "mcpload-nonce-"

// Nonce is a text that no other request of a run has.
func Nonce(seed, n uint64) string { return fmt.Sprintf("%s%016x-%016x", nonceMark, seed, n) }

// nonceLength is the length of every nonce.
const nonceLength = len(nonceMark) + 16 + 1 + 16

// An Echo is what a reply held of the nonces.
type Echo uint8

// What a reply may hold.
const (
	Missing Echo = iota // no nonce
	Own                 // its request's own, and no other
	Crossed             // another request's
)

// EchoOf looks for nonces in arguments and in the reply's result. It is
// Missing where the arguments held none, as nothing was asked for then.
func EchoOf(arguments, result []byte) Echo {
	at := bytes.Index(arguments, []byte(nonceMark))
	if at < 0 || len(arguments) < at+nonceLength {
		return Missing
	}
	own := arguments[at : at+nonceLength]
	seen := Missing
	for {
		at := bytes.Index(result, []byte(nonceMark))
		if at < 0 {
			return seen
		}
		end := min(len(result), at+nonceLength)
		if !bytes.Equal(result[at:end], own) {
			return Crossed
		}
		seen, result = Own, result[end:]
	}
}

// HasNonce reports if arguments hold a nonce.
func HasNonce(arguments []byte) bool { return bytes.Contains(arguments, []byte(nonceMark)) }
