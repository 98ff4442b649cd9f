package agents

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/internal/hint"
)

// An address is what may be judged: one endpoint, or all below a path.
type address struct {
	text         string
	scheme, host string // the host with its port
	path         string
	below        bool // every path that begins so, whole segments only
}

// parseAddress reads an allowed address: a URL, such as http://127.0.0.1:8000/mcp, or
// one whose path ends in /*, which allows all below it. Scheme, host and port are
// always given and always compared.
func parseAddress(text string) (address, error) {
	u, err := endpoint(text)
	if err != nil {
		return address{}, hint.New(fmt.Errorf("the address %w", err), "such as http://127.0.0.1:8000/mcp, or "+
			"http://127.0.0.1:8000/* for all of its paths")
	}
	a := address{text: text, scheme: u.Scheme, host: hostOf(u), path: u.Path}
	if rest, ok := strings.CutSuffix(a.path, "/*"); ok {
		a.path, a.below = rest, true
	}
	if strings.Contains(a.path+a.host, "*") {
		return address{}, hint.New(fmt.Errorf("the address %q has a * elsewhere than at its end", text),
			"only a path may end in /*")
	}
	return a, nil
}

// endpoint reads a URL that a server may be at. What could make two readers take it
// for different ones is refused: credentials, dot segments, escapes, backslashes.
func endpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("is no http or https URL")
	case u.User != nil:
		return nil, errors.New("holds credentials, which aren't shown")
	case u.Fragment != "" || strings.ContainsAny(text, "\\%"):
		return nil, fmt.Errorf("%q has a fragment, an escape or a backslash", text)
	case u.Path != "" && path.Clean(u.Path) != strings.TrimSuffix(u.Path, "/") && u.Path != "/":
		return nil, fmt.Errorf("%q has a path that isn't plain", text)
	}
	return u, nil
}

// hostOf is a URL's host with its port, as it is compared.
func hostOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}

// allows reports if a URL is within.
func (a address) allows(u *url.URL) bool {
	switch {
	case u.Scheme != a.scheme || hostOf(u) != a.host || u.RawQuery != "" && !a.below:
		return false
	case a.below:
		return u.Path == a.path || strings.HasPrefix(u.Path, a.path+"/")
	}
	return strings.TrimSuffix(u.Path, "/") == strings.TrimSuffix(a.path, "/")
}

// permit refuses what the operator didn't allow.
func (d *door) permit(args arguments) error {
	if args.URL != "" {
		u, err := endpoint(args.URL)
		if err != nil {
			return fmt.Errorf("the url %w", err)
		}
		if !slices.ContainsFunc(d.allowed, func(a address) bool { return a.allows(u) }) {
			return hint.New(fmt.Errorf("refused: %s is not among the addresses that may be judged", args.URL),
				d.bounds()+" The operator allows more with --allow-url.")
		}
	}
	if len(args.Command) > 0 && !slices.ContainsFunc(d.Commands, func(c []string) bool {
		return slices.Equal(c, args.Command)
	}) {
		return hint.New(fmt.Errorf("refused: this command is not among those that may be started"), d.bounds()+
			" The operator allows more with --allow-command.")
	}
	if args.URL != "" && len(args.Command) > 0 {
		return errors.New("url and command are two servers: give one of them")
	}
	return nil
}

// told is an error and what may be done about it.
func told(err error) string {
	if advice := hint.Of(err); advice != "" {
		return err.Error() + "\n" + advice
	}
	return err.Error()
}
