package shard

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Fingerprint tells plans apart: what is the same in all parts of one plan.
func Fingerprint(of string, parts []any) string {
	text, err := json.Marshal(append([]any{of}, parts...))
	if err != nil {
		panic("internal error: a plan doesn't marshal: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:12])
}
