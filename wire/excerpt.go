package wire

import (
	"net/http"
	"net/url"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// excerptLen bounds how much foreign text a Detail quotes, in bytes.
const excerptLen = 160

// excerpt makes foreign text fit to be printed in a line: valid UTF-8, no
// control characters (a terminal would obey them), white space runs as one
// space, and not long.
func excerpt(text []byte) string {
	var b strings.Builder
	gap := false
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		switch {
		case unicode.IsSpace(r):
			gap = b.Len() > 0
			continue
		case r == utf8.RuneError || !unicode.IsPrint(r):
			r = '?'
		}
		if b.Len() >= excerptLen {
			return b.String() + " …"
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// minSecret is the length from which on a credential is taken out of texts,
// in bytes. Shorter ones would blank out ordinary words.
const minSecret = 6

// A redactor takes credentials out of texts that a server may have echoed.
type redactor struct{ replace *strings.Replacer }

// newRedactor knows the secrets of the options: header values, and the user
// information and query values of the URL.
func newRedactor(header http.Header, rawURL string) redactor {
	secrets := map[string]bool{}
	add := func(s string) {
		if len(s) >= minSecret {
			secrets[s] = true
		}
	}
	for name, values := range header {
		switch http.CanonicalHeaderKey(name) {
		case "Accept", "Content-Type", "Host", "User-Agent":
			continue // no secrets, and words that servers use in their messages
		}
		for _, v := range values {
			add(v)
			for _, part := range strings.Fields(v) { // "Bearer abc"
				add(part)
			}
		}
	}
	if u, err := url.Parse(rawURL); err == nil {
		if u.User != nil {
			add(u.User.Username())
			if p, ok := u.User.Password(); ok {
				add(p)
			}
		}
		for _, values := range u.Query() {
			for _, v := range values {
				add(v)
			}
		}
	}
	delete(secrets, "Bearer")
	if len(secrets) == 0 {
		return redactor{}
	}
	list := make([]string, 0, len(secrets))
	for s := range secrets {
		list = append(list, s)
	}
	// The longest first: a secret may be a part of another one.
	sort.Slice(list, func(i, j int) bool {
		return len(list[i]) > len(list[j]) || len(list[i]) == len(list[j]) && list[i] < list[j]
	})
	pairs := make([]string, 0, 2*len(list))
	for _, s := range list {
		pairs = append(pairs, s, "[redacted]")
	}
	return redactor{strings.NewReplacer(pairs...)}
}

// clean returns the text without the secrets.
func (r redactor) clean(text string) string {
	if r.replace == nil {
		return text
	}
	return r.replace.Replace(text)
}
