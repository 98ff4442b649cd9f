package main

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/printable"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// An invocation is a command as it was called: what a person may call again,
// with other values of some flags.
type invocation struct {
	path    string // such as "mcpload run"
	flags   []flagValue
	command []string // what stands after --
}

type flagValue struct {
	name, value string
	bare        bool // a truth value that is true: the name says it
}

// left is what stands in a command line for what may be secret.
const left = "…"

// invoked takes a command's flags as they were given, in that order.
func invoked(cmd *cobra.Command, command []string) *invocation {
	v := &invocation{path: cmd.CommandPath(), command: command}
	flags := cmd.Flags()
	flags.SortFlags = false // from here on nothing is listed for help
	flags.Visit(func(f *pflag.Flag) {
		if list, ok := f.Value.(interface{ GetSlice() []string }); ok {
			for _, one := range list.GetSlice() {
				v.flags = append(v.flags, flagValue{name: f.Name, value: one})
			}
			return
		}
		value := f.Value.String()
		v.flags = append(v.flags, flagValue{f.Name, value, f.Value.Type() == "bool" && value == "true"})
	})
	return v
}

// has reports if a flag was given.
func (v *invocation) has(flag string) bool {
	return v != nil && slices.ContainsFunc(v.flags, func(f flagValue) bool { return f.name == flag })
}

// line is the command with some flags set otherwise, and without those that only
// say where results go. It is quoted for a shell, and holds no secret: a value
// that may be one is left out.
func (v *invocation) line(set ...flagValue) string {
	if v == nil {
		return ""
	}
	words := []string{v.path}
	add := func(f flagValue) {
		if words = append(words, "--"+f.name); !f.bare {
			words = append(words, quoted(f.public()))
		}
	}
	for _, f := range v.flags {
		switch f.name {
		case "output", "save-history", "yes":
			continue // a second run would overwrite what the first one found
		}
		replaced := false
		for _, s := range set {
			replaced = replaced || s.name == f.name
		}
		if !replaced {
			add(f)
		}
	}
	for _, f := range set {
		add(f)
	}
	if len(v.command) > 0 {
		words = append(words, "--")
		for i := range v.command {
			words = append(words, quoted(publicWord(v.command, i)))
		}
	}
	return strings.Join(words, " ")
}

// public is a flag's value without what may be secret.
func (f flagValue) public() string {
	switch f.name {
	case "header", "other-header", "client-header":
		name, value, ok := strings.Cut(f.value, ":")
		if !ok || onlyVariables(value) {
			return f.value
		}
		return name + ": " + left
	case "env":
		if name, value, set := strings.Cut(f.value, "="); set && privateEnv(name, value) {
			return name + "=" + left
		}
	case "url", "proxy":
		return publicAddress(f.value)
	case "args":
		return publicArguments(f.value)
	}
	return f.value
}

// schemes are words before credentials that are none themselves.
var schemes = regexp.MustCompile(`(?i)^\s*(bearer|basic|token|apikey|api-key)\s+`)

// onlyVariables reports if a header's value is taken from the environment, or
// made of the client's name: nothing of it is secret as it stands.
func onlyVariables(value string) bool {
	value = schemes.ReplaceAllString(value, "")
	value = strings.NewReplacer("{client}", "", "{n}", "").Replace(value)
	return variable.MatchString(value) && strings.Trim(variable.ReplaceAllString(value, ""), " _-") == ""
}

// publicAddress is a URL without its password and the values of its query.
func publicAddress(raw string) string {
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

// publicArguments are a tool's arguments without texts whose names say that they
// are secret.
func publicArguments(text string) string {
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

// publicWord is a word of a server's own command: the program, a file, a flag, a
// module, a short number. Anything else may be a credential.
func publicWord(command []string, i int) string {
	w := command[i]
	before := ""
	if i > 0 {
		before = command[i-1]
	}
	switch {
	case i == 0, flagWord.MatchString(w), isFile(w):
		return w
	case apikey.NamesSecret(before):
		return left
	case numberWord.MatchString(w), before == "-m" && moduleWord.MatchString(w):
		return w
	}
	return left
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// quoted is a word as a shell reads it back. What can't be shown is left out.
func quoted(word string) string {
	switch {
	case plainWord.MatchString(word):
		return word
	case strings.Map(printable.Visible, word) != word:
		word = left
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// repeatLine is the command that repeats a failed run: with its seed, and with
// the tool that was chosen; empty where nothing failed.
func repeatLine(doc *results.Document, again *invocation) string {
	if doc.Verdict != verdict.Fail {
		return ""
	}
	set := []flagValue{{name: "seed", value: strconv.FormatUint(doc.Seed, 10)}}
	if len(doc.Servers) == 1 {
		c := doc.Servers[0].Target.Call
		if c != nil && c.Chosen && c.Tool != "" && doc.Servers[0].Target.Kind != string(target.Mock) {
			set = append(set, flagValue{name: "tool", value: c.Tool})
			if c.Arguments != nil {
				set = append(set, flagValue{name: "args", value: string(c.Arguments)})
			}
		}
	}
	return again.line(set...)
}
