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
			if f.prefix() != "" && !strings.Contains(f.prefix(), "://") {
				list = append(list, f.prefix())
			}
		}
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(list)
}

// prefixesBy are the prefixes by their first byte.
var prefixesBy = func() (index [256][]string) {
	for _, p := range prefixes {
		index[p[0]] = append(index[p[0]], p)
	}
	return index
}()

// publicPrefix is what everybody's values begin with.
func publicPrefix(v string) string {
	if v == "" {
		return ""
	}
	for _, p := range prefixesBy[v[0]] {
		if strings.HasPrefix(v, p) {
			return p
		}
	}
	return ""
}

// Mask shows of a secret its provider's public prefix, *** and the last four
// characters, as long as at least twelve stay hidden; of a shorter one, and of
// one that isn't printable ASCII at its end, it shows *** alone. A secret that
// people made up should be masked by Provider.Mask, which shows nothing.
func Mask(secret string) string {
	prefix := publicPrefix(secret)
	if len(secret)-len(prefix)-shownEnd < leastHidden {
		return hidden
	}
	end := secret[len(secret)-shownEnd:]
	if stranger(end, base64ish) >= 0 {
		return hidden
	}
	return prefix + hidden + end
}
