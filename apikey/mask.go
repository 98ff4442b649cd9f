package apikey

import (
	"cmp"
	"slices"
	"strings"
)

const (
	hidden      = "***"
	shownEnd    = 4
	leastHidden = 12
)

// prefixes are what is public of every key of a format, the longest first.
var prefixes = publicPrefixes()

func publicPrefixes() []string {
	var list []string
	for _, p := range issued {
		for _, f := range p.formats {
			if f.prefix() != "" {
				list = append(list, f.prefix())
			}
		}
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(list)
}

// Mask shows of a secret its provider's public prefix, *** and the last four
// characters, as long as at least twelve stay hidden; of a shorter one, and of
// one that isn't printable ASCII at its end, it shows *** alone. A secret that
// people made up should be masked by Provider.Mask, which shows nothing.
func Mask(secret string) string {
	prefix := ""
	for _, p := range prefixes {
		if strings.HasPrefix(secret, p) {
			prefix = p
			break
		}
	}
	if len(secret)-len(prefix)-shownEnd < leastHidden {
		return hidden
	}
	end := secret[len(secret)-shownEnd:]
	if stranger(end, base64ish) >= 0 {
		return hidden
	}
	return prefix + hidden + end
}
