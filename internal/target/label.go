package target

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/printable"
)

// MostLabel is how many characters a label has at most.
const MostLabel = 100

// Label is what a server is known by from run to run: what is given, else the host,
// port and path of a URL, or the script's or program's name of a command. A mock, and a
// server of a launch recipe, are known by the name of their profile, and have none.
func (p Place) Label(given string) (string, error) {
	switch {
	case given != "":
		return given, checkLabel(given)
	case p.URL != "":
		return addressLabel(p.URL), nil
	case len(p.Command) > 0:
		return CommandLabel(p.Command), nil
	}
	return "", nil
}

func checkLabel(label string) error {
	switch {
	case len([]rune(label)) > MostLabel:
		return fmt.Errorf("--label has more than %d characters", MostLabel)
	case strings.Map(printable.Visible, label) != label || strings.TrimSpace(label) != label:
		return hint.New(errors.New("--label has characters that can't be seen, or spaces at an end"), "a name such "+
			"as staging or search-v2")
	}
	return nil
}

// addressLabel is the host, port and path of a URL. What may be secret of it, its user
// and its query, is left out.
func addressLabel(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	host := net.JoinHostPort(strings.ToLower(u.Hostname()), port)
	return strings.TrimSuffix(host, ":") + strings.TrimSuffix(u.EscapedPath(), "/")
}

// scripts are the endings of files that interpreters are given.
var scripts = []string{".py", ".pyz", ".js", ".mjs", ".cjs", ".ts", ".rb", ".php", ".pl", ".sh", ".jar"}

var moduleForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// CommandLabel is the script that a command runs, or its module, else its program: no
// other argument, as those may hold anything.
func CommandLabel(command []string) string {
	for i, word := range command {
		if word == "-m" && i > 0 && i+1 < len(command) && moduleForm.MatchString(command[i+1]) {
			return command[i+1]
		}
		if name := filepath.Base(word); i > 0 && slices.Contains(scripts, strings.ToLower(filepath.Ext(name))) &&
			!strings.HasPrefix(word, "-") && len(name) <= MostLabel && strings.Map(printable.Visible, name) == name {
			return name
		}
	}
	return filepath.Base(command[0])
}
