// Package invoked knows how a command line was called, and how it may be shown, kept and
// called again: quoted for a shell, and without anything that may be a credential. Most
// want Command.Line. It also reads what a command line takes from the environment: headers
// and variables, whose values it never quotes.
//
// The package deliberately reads no flag and no environment by itself: it is handed them.
package invoked

import (
	"encoding/json"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/printable"
)

// A Command is a command as it was called: what a person may call again, with other
// values of some flags. Nil is none.
type Command struct {
	Path  string // such as "mcpload run"
	Flags []Flag
	Words []string // what stands after --
}

// A Flag is one that was given.
type Flag struct {
	Name, Value string
	Bare        bool // a truth value that is true: the name says it
}

// left is what stands in a command line for what may be secret.
const left = "…"

// Has reports if a flag was given.
func (v *Command) Has(flag string) bool {
	return v != nil && slices.ContainsFunc(v.Flags, func(f Flag) bool { return f.Name == flag })
}

// Line is the command with some flags set otherwise, and without those that only
// say where results go. It is quoted for a shell, and holds no secret: a value
// that may be one is left out.
func (v *Command) Line(set ...Flag) string {
	if v == nil {
		return ""
	}
	words := []string{v.Path}
	add := func(f Flag) {
		if words = append(words, "--"+f.Name); !f.Bare {
			words = append(words, Quoted(f.Public()))
		}
	}
	for _, f := range v.Flags {
		switch f.Name {
		case "output", "save-history", "yes":
			continue // a second run would overwrite what the first one found
		}
		replaced := false
		for _, s := range set {
			replaced = replaced || s.Name == f.Name
		}
		if !replaced {
			add(f)
		}
	}
	for _, f := range set {
		add(f)
	}
	if len(v.Words) > 0 {
		words = append(words, "--")
		for i := range v.Words {
			words = append(words, Quoted(publicWord(v.Words, i)))
		}
	}
	return strings.Join(words, " ")
}

// Calling is the command with another tool, and its arguments where it needs some.
func (v *Command) Calling(tool string, arguments json.RawMessage) string {
	set := []Flag{{Name: "tool", Value: tool}}
	if arguments != nil {
		set = append(set, Flag{Name: "args", Value: string(arguments)})
	}
	return v.Line(set...)
}

// Public is a flag's value without what may be secret.
func (f Flag) Public() string {
	switch f.Name {
	case "header", "other-header", "client-header":
		name, value, ok := strings.Cut(f.Value, ":")
		if !ok || onlyVariables(value) {
			return f.Value
		}
		return name + ": " + left
	case "env":
		if name, value, set := strings.Cut(f.Value, "="); set && Private(name, value) {
			return name + "=" + left
		}
	case "url", "proxy":
		return Address(f.Value)
	case "args":
		return withoutSecrets(f.Value)
	}
	return f.Value
}

// schemes are words before credentials that are none themselves.
var schemes = regexp.MustCompile(`(?i)^\s*(bearer|basic|token|apikey|api-key)\s+`)

// onlyVariables reports if a header's value is taken from the environment, or
// made of the client's name: nothing of it is secret as it stands.
func onlyVariables(value string) bool {
	value = schemes.ReplaceAllString(value, "")
	value = strings.NewReplacer("{client}", "", "{n}", "").Replace(value)
	return Variable.MatchString(value) && strings.Trim(Variable.ReplaceAllString(value, ""), " _-") == ""
}

// InShell is a header's value for a shell's double quotes, where it is taken from the
// environment: its variables stay. It reports false for any other value.
func (f Flag) InShell() (value string, ok bool) {
	_, value, _ = strings.Cut(f.Value, ":")
	value = strings.TrimSpace(value)
	if f.Public() != f.Value || !onlyVariables(value) || strings.ContainsAny(value, "{") && !braced.MatchString(value) {
		return "", false
	}
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`").Replace(value), true
}

// braced is a value whose braces are those of variables.
var braced = regexp.MustCompile(`^([^{}]|\$\{[A-Za-z0-9_]+\})*$`)

// Address is a URL without its password and the values of its query.
func Address(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return left
	}
	out := u.Scheme + "://"
	if u.User != nil {
		out += left + "@"
	}
	out += u.Host + u.EscapedPath()
	if u.RawQuery == "" {
		return out
	}
	var pairs []string
	for _, pair := range strings.Split(u.RawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		pairs = append(pairs, name+"="+left)
	}
	return out + "?" + strings.Join(pairs, "&")
}

// withoutSecrets are a tool's arguments without texts whose names say that they
// are secret.
func withoutSecrets(text string) string {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return left
	}
	hidden := false
	var hide func(v any) any
	hide = func(v any) any {
		switch x := v.(type) {
		case map[string]any:
			for name, value := range x {
				if s, ok := value.(string); ok && s != "" && apikey.NamesSecret(name) {
					x[name], hidden = left, true
					continue
				}
				x[name] = hide(value)
			}
		case []any:
			for i := range x {
				x[i] = hide(x[i])
			}
		}
		return v
	}
	v = hide(v)
	if !hidden {
		return text
	}
	clean, err := json.Marshal(v)
	if err != nil {
		return left
	}
	return string(clean)
}

var (
	flagWord   = regexp.MustCompile(`^(-[A-Za-z]|--[a-z][a-z-]*)$`)
	numberWord = regexp.MustCompile(`^[0-9]{1,5}$`)
	moduleWord = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)
)

// Shown reports if a word of a server's own command may be shown as it is.
func Shown(command []string, i int) bool { return publicWord(command, i) == command[i] }

// publicWord is a word of a server's own command: the program, a file, a flag, a
// module, a short number. Anything else may be a credential.
func publicWord(command []string, i int) string {
	w := command[i]
	before := ""
	if i > 0 {
		before = command[i-1]
	}
	switch {
	case i == 0, flagWord.MatchString(w), IsFile(w):
		return w
	case apikey.NamesSecret(before):
		return left
	case numberWord.MatchString(w), before == "-m" && moduleWord.MatchString(w):
		return w
	}
	return left
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// Quoted is a word as a shell reads it back. What can't be shown is left out.
func Quoted(word string) string {
	switch {
	case plainWord.MatchString(word):
		return word
	case strings.Map(printable.Visible, word) != word:
		word = left
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// IsFile reports if a path is that of a regular file.
func IsFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
