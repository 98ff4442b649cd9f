package catalogue

import (
	"fmt"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/profiles"
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

// NoCommand is the error about args, of which the first stands where one of the names of
// commands does, and is none of them.
func NoCommand(path string, args, names []string, endpoint bool) error {
	word := args[0]
	advice := path + " --help lists the commands"
	ours := commandsElsewhere[word]
	switch {
	case endpoint:
		advice = fmt.Sprintf("say what to do with it, as in: mcpload tools %s, which shows what it has; mcpload run "+
			"%s --rate 10/s --burst 20, or mcpload probe %s", word, word, word)
	case path == "mcpload" && ours != "":
		if advice = "as in: mcpload " + ours; len(args) > 1 && args[1] != "" && args[1][0] != '-' {
			advice += " " + args[1]
		}
		return hint.New(fmt.Errorf("%s has no command %q (did you mean %s?)", path, word, ours), advice)
	}
	return hint.New(fmt.Errorf("%s has no command %q%s", path, word, profiles.DidYouMean(word, names)), advice)
}
