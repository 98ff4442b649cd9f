package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/mcpload/mcpload/internal/usage"
)

// released is the version of a release, which its build sets.
var released string

// version is the release's or the module's version, or "devel" in a checkout.
func version() string {
	if released != "" {
		return released
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// build is what there is to say of a binary beside its version: the commit that it
// was built from, if changes came on top, the commit's time, and with which Go.
func build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	set := map[string]string{}
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	commit := set["vcs.revision"]
	switch {
	case commit == "":
		return info.GoVersion
	case set["vcs.modified"] == "true":
		commit += " with changes"
	}
	return fmt.Sprintf("commit %s, %s, %s", commit, set["vcs.time"], info.GoVersion)
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and the commit it was built from",
		Args:  usage.NoWords,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.stdout, "mcpload %s (%s)\n", version(), build())
			return err
		},
	}
}

// manCommand writes the manual pages that packages carry.
func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write the manual pages, one a command",
		Hidden: true, // whoever packages mcpload needs it, and nobody else
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true // $SOURCE_DATE_EPOCH dates the pages
			header := &doc.GenManHeader{Section: "1", Source: "mcpload " + version()}
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return fmt.Errorf("manual pages: %w", err)
			}
			return nil
		},
	}
}
