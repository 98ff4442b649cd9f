package main

import (
	"embed"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/catalogue"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/scenarios/load"
)

// texts are what commands say of themselves and their examples, a file a command.
//
//go:embed help/*.txt
var texts embed.FS

// runNames says how a run is named, in every command's help.
const runNames = `A run is named by last, last-pass, a day or minute (2026-11-25, 2026-11-25T15:04,
UTC), its id or a unique beginning of the id or of its last part, its folder, or
a file with its JSON document (which has no calls, and so draws no timelines).`

// explain gives a command and those below it their texts. What is in braces stands for what
// the program knows itself.
func explain(cmd *cobra.Command) {
	name := strings.ReplaceAll(strings.TrimPrefix(cmd.CommandPath(), "mcpload "), " ", "_")
	if text, err := texts.ReadFile("help/" + name + ".txt"); err == nil { // some say all in one line
		whole := strings.NewReplacer("{runs}", runNames, "{formats}", export.Runs().Help(), "{shapes}",
			load.Help(), "{lists}", catalogue.Help()).Replace("\n" + string(text))
		long, example, _ := strings.Cut(whole, "\nExamples:\n")
		cmd.Long, cmd.Example = strings.TrimSpace(long), strings.TrimRight(example, "\n")
	}
	for _, c := range cmd.Commands() {
		explain(c)
	}
}
