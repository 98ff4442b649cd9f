// Package usage lays out the screens of help: commands by what they are for, the many flags
// of a command in parts, and no line of them wider than a screen. Most callers want Lay, once
// all commands are there. It also reads the values of flags that all commands have alike, as
// times, and says what is wrong with one.
//
// It doesn't know what a command or a flag means: their own texts say that.
package usage

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The most columns that a list of flags takes, and the most flags that stand in one list.
const (
	width = 100
	many  = 24
)

// A part is a heading and the names that stand below it.
type part struct{ title, names string }

// commandParts are the parts of the list of commands.
var commandParts = []part{
	{"See what a server has", "tools call"},
	{"Judge it", "run probe conform startup verify fleet"},
	{"Load it", "load coordinate work merge kubernetes"},
	{"Look at what was found", "report compare history results ui"},
	{"More", "list mock keys promise selftest serve completion help version"},
}

// flagParts are the parts of a long list of flags; what is in none stands before them.
var flagParts = []part{
	{"Flags for the connection", "answer bearer-command bearer-env cacert cert client-name compressed env " +
		"get-stream header http insecure key max-message not-refusal oauth-client-id " +
		"oauth-client-secret-env oauth-issuer oauth-scope protocol proxy ready refusal reply-memory " +
		"source-address timeout transport unix-socket user-agent"},
	{"Flags for a mock in the server's place", "charge delay embedded fault latency shape virtual"},
	{"Flags for several machines", "shard start-at"},
	{"Flags for the result", "emit-profile format hgrm label no-store otlp output prometheus-addr results sample " +
		"save-history verbose"},
}

// Lay has a command and all below it show their help so.
func Lay(root *cobra.Command) {
	settle(root)
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		_, err := io.WriteString(cmd.OutOrStderr(), screen(cmd))
		return err
	})
}

// settle has each flag of a command, and of those below, say its default once and shortly.
func settle(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Value.Type() == "duration" {
			f.DefValue = short(f.DefValue)
		}
	})
	for _, c := range cmd.Commands() {
		settle(c)
	}
}

// short is a duration without the units of which it has none; 0 is no default that is told.
func short(duration string) string {
	for _, unit := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(duration, unit) {
			duration = duration[:len(duration)-2]
		}
	}
	if duration == "0s" {
		return "0"
	}
	return duration
}

// screen is what a command says below its description.
func screen(cmd *cobra.Command) string {
	var b strings.Builder
	b.WriteString("Usage:\n")
	if cmd.Runnable() {
		fmt.Fprintf(&b, "  %s\n", cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s [command]\n", cmd.CommandPath())
	}
	if cmd.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
	}
	commands(&b, cmd)
	flags(&b, cmd.LocalFlags())
	if inherited := cmd.InheritedFlags(); inherited.HasAvailableFlags() {
		list(&b, "Flags of every command", inherited)
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n%s [command] --help says more about a command.\n", cmd.CommandPath())
	}
	return b.String()
}

// commands lists those below a command.
func commands(b *strings.Builder, cmd *cobra.Command) {
	parts := commandParts
	if cmd.HasParent() {
		parts = nil
	}
	told := map[string]bool{}
	tell := func(title string, belongs func(name string) bool) {
		head := "\n" + title + ":\n"
		for _, c := range cmd.Commands() {
			shown := c.IsAvailableCommand() || c.Name() == "help" // which cobra says isn't available
			if shown && !told[c.Name()] && belongs(c.Name()) {
				fmt.Fprintf(b, "%s  %-*s %s\n", head, c.NamePadding(), c.Name(), c.Short)
				head, told[c.Name()] = "", true
			}
		}
	}
	for _, p := range parts {
		tell(p.title, p.has)
	}
	tell("Commands", func(string) bool { return true })
}

// has reports if a name stands in a part.
func (p part) has(name string) bool { return strings.Contains(" "+p.names+" ", " "+name+" ") }

// flags lists a command's own flags, in parts where there are many.
func flags(b *strings.Builder, all *pflag.FlagSet) {
	count := 0
	all.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			count++
		}
	})
	sets := make([]*pflag.FlagSet, len(flagParts)+1)
	for i := range sets {
		sets[i] = pflag.NewFlagSet("", pflag.ContinueOnError)
	}
	all.VisitAll(func(f *pflag.Flag) {
		for i, p := range flagParts {
			if count > many && p.has(f.Name) {
				sets[i+1].AddFlag(f)
				return
			}
		}
		sets[0].AddFlag(f)
	})
	list(b, "Flags", sets[0])
	for i, p := range flagParts {
		list(b, p.title, sets[i+1])
	}
}

// list adds flags below a heading, if there are any.
func list(b *strings.Builder, title string, set *pflag.FlagSet) {
	if set.HasAvailableFlags() {
		fmt.Fprintf(b, "\n%s:\n%s", title, set.FlagUsagesWrapped(width))
	}
}
