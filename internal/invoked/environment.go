package invoked

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/hint"
)

// Variable is one of the environment, as it is named in a value: $NAME or ${NAME}.
var Variable = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?`)

// fieldName is a header's name (RFC 9110, section 5.6.2).
var fieldName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// A Lookup finds a variable of the environment, as os.LookupEnv does.
type Lookup func(name string) (string, bool)

// Headers reads 'Name: value', filling in $NAME from the environment, so that a secret
// need not stand on the command line. No error quotes a value.
func Headers(list []string, look Lookup) (http.Header, error) {
	h := http.Header{}
	for i, s := range list {
		name, value, ok := strings.Cut(s, ":")
		if name = strings.TrimSpace(name); !ok || !fieldName.MatchString(name) {
			// What there is in place of a name may be the secret.
			return nil, hint.New(fmt.Errorf("number %d is not of the form 'Name: value'", i+1),
				"such as -H 'Authorization: Bearer $TOKEN'")
		}
		value, missing := Expanded(value, look)
		if missing != "" {
			return nil, fmt.Errorf("%s: the environment has no variable %s", name, missing)
		}
		h.Add(name, strings.TrimSpace(value))
	}
	return h, nil
}

// Expanded puts variables of the environment in place of $NAME, and names one
// that isn't there.
func Expanded(text string, look Lookup) (value, missing string) {
	value = Variable.ReplaceAllStringFunc(text, func(v string) string {
		key := strings.Trim(v, "${}")
		got, ok := look(key)
		if !ok {
			missing = key
		}
		return got
	})
	return value, missing
}

// Name is the name of a variable.
var Name = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// CheckName refuses what is given in place of the name of a variable that holds a credential,
// and doesn't quote it: it may be the credential. No name is fine.
func CheckName(flag, name string) error {
	if name == "" || Name.MatchString(name) && !LooksLikeKey(name) {
		return nil
	}
	return hint.New(fmt.Errorf("%s takes the name of a variable, and what it was given is none", flag), "it isn't "+
		"shown, as it may be the credential itself: export TOKEN=..., then "+flag+" TOKEN")
}

// Environment reads NAME, which must be set, or NAME=VALUE. No value is quoted.
func Environment(list []string, look Lookup) ([]string, error) {
	var env []string
	for i, text := range list {
		name, value, set := strings.Cut(text, "=")
		if !Name.MatchString(name) {
			// What there is in place of a name may be the secret.
			return nil, hint.New(fmt.Errorf("number %d doesn't begin with the name of a variable", i+1),
				"NAME passes yours on, NAME=VALUE sets it")
		}
		if !set {
			var ok bool
			if value, ok = look(name); !ok {
				return nil, fmt.Errorf("%s: the environment has no variable %s", name, name)
			}
		}
		env = append(env, name+"="+value)
	}
	return env, nil
}

// Private reports if the value of a variable may be a secret: by its name, else
// if it is long enough to be one, and is neither an address nor a path. A short
// one, such as 1 or debug, is a switch, and would be taken out of every text.
func Private(name, value string) bool {
	if apikey.NamesSecret(name) {
		return true
	}
	if apikey.Short(value) || strings.Contains(value, "://") {
		return false
	}
	for _, path := range filepath.SplitList(value) {
		if _, err := os.Stat(path); err != nil {
			return true
		}
	}
	return false
}
