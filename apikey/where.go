package apikey

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
)

// leastUnnamed is how long a value must be to be taken for a credential where its
// name doesn't say that it is one.
const leastUnnamed = 8

// openHeaders hold no credentials, and words that servers use in their messages.
var openHeaders = map[string]bool{
	"accept": true, "accept-charset": true, "accept-encoding": true, "accept-language": true, "cache-control": true,
	"connection": true, "content-encoding": true,
	"content-length": true, "content-type": true, "host": true, "mcp-protocol-version": true, "origin": true,
	"pragma": true, "referer": true, "te": true, "user-agent": true,
}

// schemes are of RFC 7235 and kin: words, not credentials.
var schemes = map[string]bool{"basic": true, "bearer": true, "token": true, "apikey": true, "api-key": true,
	"key": true, "digest": true, "negotiate": true, "dpop": true, "hmac": true, "oauth": true}

// InHeaders returns what may be a credential in the headers of a request: whole
// values, what follows a scheme such as Bearer, the password inside Basic, and the
// values of cookies.
func InHeaders(headers map[string][]string) []string {
	var list []string
	for name, values := range headers {
		if openHeaders[strings.ToLower(name)] {
			continue
		}
		add := adder(&list, NamesSecret(name))
		for _, v := range values {
			scheme, rest, ok := strings.Cut(strings.TrimSpace(v), " ")
			known := ok && schemes[strings.ToLower(scheme)]
			if !known {
				add(v)
				rest = v
			}
			if plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest)); err == nil &&
				strings.EqualFold(scheme, "basic") {
				_, password, _ := strings.Cut(string(plain), ":")
				add(string(plain))
				add(password)
			}
			if !ok {
				continue
			}
			for field := range strings.FieldsFuncSeq(rest,
				func(c rune) bool { return c == ' ' || c == ';' || c == ',' }) {
				if _, value, named := strings.Cut(strings.TrimRight(field, "="), "="); named {
					add(strings.Trim(value, `"`))
				} else {
					add(field)
				}
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// InURL returns what may be a credential in an address: the user's name and
// password, and values of the query.
func InURL(address string) []string {
	u, err := url.Parse(address)
	if err != nil {
		return nil // whoever uses it will say so
	}
	var list []string
	if password, ok := u.User.Password(); ok {
		adder(&list, true)(password)
	}
	adder(&list, false)(u.User.Username())
	for name, values := range u.Query() {
		for _, v := range values {
			adder(&list, NamesSecret(name))(v)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// adder appends values; short ones only where their name says what they are.
func adder(list *[]string, named bool) func(string) {
	return func(v string) {
		if v = strings.TrimSpace(v); v != "" && (named || len(v) >= leastUnnamed) {
			*list = append(*list, v)
		}
	}
}

// tellingWords say in a name that its value is a credential.
var tellingWords = []string{"auth", "key", "token", "secret", "cookie", "passw", "passphrase", "pwd", "session",
	"credential", "signature", "bearer"}

// NamesSecret reports if the name of a header, a parameter or a variable says that
// its value is a credential.
func NamesSecret(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(tellingWords, func(w string) bool { return strings.Contains(name, w) })
}
