package invoked

import "github.com/mcpload/mcpload/apikey"

// LooksLikeKey reports if a text may be a credential rather than a name: a known
// family's, or one long run of letters with digits all over it, which no variable
// and hardly a file is called.
func LooksLikeKey(text string) bool {
	const least, leastDigits = 20, 3
	if apikey.Redact(text) != text {
		return true
	}
	n, figures := 0, 0
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			n, figures = n+1, figures+1
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			n++
		default:
			n, figures = 0, 0
		}
		if n >= least && figures >= leastDigits && figures < n {
			return true
		}
	}
	return false
}
