package wire

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/history"
)

// Bounds on what is kept of what a reply says of limits.
const (
	maxClaims    = 6
	maxClaimText = 160
)

// claimName reports if a header of this name speaks of a rate limit: RateLimit,
// RateLimit-Policy, X-RateLimit-Remaining, X-Rate-Limit-Reset, and what else there is.
// It is asked of most headers of most replies, so it looks at no letter twice.
func claimName(name string) bool {
	const word = "ratelimit"
	at := 0
	for i := range len(name) {
		switch c := name[i] | 0x20; { // in small letters; of a hyphen too
		case c == word[at]:
			if at++; at == len(word) {
				return true
			}
		case name[i] == '-' && at == len("rate"):
		case c == 'r':
			at = 1
		default:
			at = 0
		}
	}
	return false
}

// readClaims are the headers of a reply that speak of a rate limit, as they stand
// there: what they mean is for the judge to say. One that is too long is left out,
// because half of it may mean something else.
func readClaims(header http.Header, clean redactor) []history.Hint {
	var list []history.Hint
	for _, key := range slices.Sorted(maps.Keys(header)) {
		if !claimName(key) {
			continue
		}
		value := strings.Join(header[key], ", ")
		text := clean.finish(excerpt([]byte(value)))
		if len(list) == maxClaims || len(value) > maxClaimText || text != value {
			continue // one that holds a secret is a claim of nothing
		}
		name := strings.Replace(key, "Ratelimit", "RateLimit", 1) // as everybody writes it
		list = append(list, history.Hint{From: hintName(name), Raw: text, Kind: history.HintClaim})
	}
	return list
}
