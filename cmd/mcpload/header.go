package main

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
)

var variable = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?`)

// fieldName is a header's name (RFC 9110, section 5.6.2).
var fieldName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// parseHeaders reads 'Name: value', filling in $NAME from the environment, so
// that a secret need not stand on the command line.
func parseHeaders(flag string, list []string) (http.Header, error) {
	h := http.Header{}
	for i, s := range list {
		name, value, ok := strings.Cut(s, ":")
		if name = strings.TrimSpace(name); !ok || !fieldName.MatchString(name) {
			// What there is in place of a name may be the secret.
			return nil, fmt.Errorf("%s number %d is not of the form 'Name: value'", flag, i+1)
		}
		value, missing := expanded(value)
		if missing != "" {
			return nil, fmt.Errorf("%s %s: the environment has no variable %s", flag, name, missing)
		}
		h.Add(name, strings.TrimSpace(value))
	}
	return h, nil
}

// expanded puts variables of the environment in place of $NAME, and names one
// that isn't there.
func expanded(text string) (value, missing string) {
	value = variable.ReplaceAllStringFunc(text, func(v string) string {
		key := strings.Trim(v, "${}")
		got, ok := os.LookupEnv(key)
		if !ok {
			missing = key
		}
		return got
	})
	return value, missing
}
