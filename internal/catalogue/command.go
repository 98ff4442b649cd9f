package catalogue

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
)

// commandsElsewhere are our commands by what other tools, and people, call them.
var commandsElsewhere = map[string]string{
	"import": "promise import", "convert": "promise import", "test": "run", "judge": "run",
	"limit": "run", "audit": "run --audit", "check": "conform", "conformance": "conform", "validate": "conform",
	"lint": "conform", "fuzz": "conform --fuzz 60s", "bench": "load", "benchmark": "load", "stress": "load",
	"attack": "load", "capacity": "load --find capacity", "measure": "probe", "discover": "probe", "scan": "probe",
	"detect": "probe", "inspect": "tools", "ls": "tools", "resources": "tools", "prompts": "tools", "start": "startup",
	"credentials": "startup", "diff": "compare", "show": "report", "export": "report", "open": "ui", "view": "ui",
	"web": "ui", "dashboard": "ui", "runs": "results list", "trend": "history", "mcp": "serve --mcp",
	"cluster": "coordinate", "worker": "work", "servers": "list servers", "profiles": "list servers",
	"scenarios": "list scenarios", "faults": "list faults"}

// launchers are programs by which servers are started.
var launchers = []string{"npx", "uvx", "uv", "pipx", "node", "deno", "bun", "python", "python3", "docker", "go", "java",
	"sh", "bash"}

// starts reports if a word is rather a program than anything of ours.
func starts(word string) bool {
	return slices.Contains(launchers, word) || strings.HasPrefix(word, ".") || strings.HasPrefix(word, "/") ||
		slices.Contains([]string{".py", ".js", ".mjs", ".ts", ".sh"}, filepath.Ext(word))
}

// afterDash says where a command to start stands, with the word that stood elsewhere.
func afterDash(path, word string) string {
	if !starts(word) || word == "python" {
		word = "python server.py"
	} else if slices.Contains(launchers, word) {
		word += " ..."
	}
	return fmt.Sprintf("a command to start stands after --, as in: %s -- %s", path, word)
}

// NoCommand is the error about args, of which the first stands where one of the names of
// commands does, and is none of them.
func NoCommand(path string, args, names []string) error {
	word := args[0]
	address := target.Nearly(word)
	if target.IsEndpoint(word) {
		address = word
	}
	advice, ours := path+" --help lists the commands", commandsElsewhere[word]
	switch {
	case address != "":
		advice = fmt.Sprintf("say what to do with it, as in: mcpload tools %s, which shows what it has; mcpload run "+
			"%s --rate 10/s --burst 20, or mcpload probe %s", address, address, address)
	case path == "mcpload" && ours != "":
		if advice = "as in: mcpload " + ours; len(args) > 1 && args[1] != "" && args[1][0] != '-' {
			advice += " " + args[1]
		}
		return hint.New(fmt.Errorf("%s has no command %q (did you mean %s?)", path, word, ours), advice)
	case path == "mcpload" && starts(word):
		advice = "say what to do with it; " + afterDash("mcpload tools", word)
	}
	return hint.New(fmt.Errorf("%s has no command %q%s", path, word, profiles.DidYouMean(word, names)), advice)
}

// Unexpected is the error about an argument that stands before -- and is no endpoint, or the
// second one, of a command that has the flags of which takes says so.
func Unexpected(path, word string, takes func(flag string) bool, exported bool) error {
	advice := afterDash(path, word)
	_, noRate := promise.ParseRate(word)
	near, shown := target.Nearly(word), word
	if strings.Contains(word, "://") || near != "" && strings.Contains(word, "@") {
		shown = cmp.Or(near, invoked.Address(word)) // what stands before @ may be secret
	}
	switch {
	case target.IsEndpoint(word) && exported:
		advice = "--otlp takes no address: OTEL_EXPORTER_OTLP_ENDPOINT has the collector's"
	case target.IsEndpoint(word):
		advice = "one address is named already, and more of them by --url"
	case near != "":
		advice = "did you mean " + near + "?"
	case strings.Contains(word, "://"):
		advice = "the address of a server begins with http:// or https://"
	case takes("args") && (strings.Contains(word, "=") || strings.HasPrefix(word, "{")):
		advice = `what a tool is called with stands in --args, as in --args '{"q":"cats"}'`
	case takes("rate") && noRate == nil:
		advice = "a rate stands in --rate, as in --rate 10/s"
	case takes("server"):
		if c, err := profiles.Load(); err == nil && c.Suggest(word) != "" {
			advice = fmt.Sprintf("a server is named by --server, as in: %s --server %s", path, c.Suggest(word))
		}
	}
	return hint.New(fmt.Errorf("unexpected argument %q", shown), advice)
}

// BadFlag is the error about a flag of a command that can't be read, with the name of the one
// that was likely meant. words are what stood before it.
func BadFlag(path string, words, names []string, err error) error {
	advice := path + " --help lists the flags"
	long, isLong := strings.CutPrefix(err.Error(), "unknown flag: --")
	short, isShort := strings.CutPrefix(err.Error(), "unknown shorthand flag: '")
	switch {
	case !isLong && !isShort:
		return hint.New(err, advice)
	case len(words) > 0 && starts(words[0]):
		advice = afterDash(path, words[0])
	case (long == "output" || short[:min(1, len(short))] == "o") && !slices.Contains(names, "output"):
		return hint.New(err, "it writes to stdout: > FILE behind it keeps that")
	case path == "mcpload":
		advice = "flags stand behind the command, as in: mcpload run URL --rate 10/s --burst 20; " + advice
	}
	name, near := long, ""
	if isShort {
		name = short[:1]
	} else {
		near = profiles.Nearest(long, names)
	}
	ours := elsewhere[name]
	if flag, _, _ := strings.Cut(ours, " "); flag != "" && slices.Contains(names, flag) {
		near = ours
	}
	if near != "" {
		err = fmt.Errorf("%w (did you mean --%s?)", err, near)
	}
	return hint.New(err, advice)
}
