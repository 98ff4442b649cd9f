package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/usage"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/profiles/foreign"
)

func (a *app) promiseCommand() *cobra.Command {
	return group("promise", "Read what other tools are configured to promise", a.reading(a.promiseImportCommand()))
}

func (a *app) promiseImportCommand() *cobra.Command {
	var output, name string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Makes a profile of another tool's configuration",
		Args:  usage.Takes(1, "import takes one file, not {n}", "for example mcpload promise import nginx.conf"),
		RunE:  func(_ *cobra.Command, args []string) error { return a.promiseImport(args[0], output, name) },
	}
	cmd.Flags().StringVarP(&output, "output", "o", "-", "`file` for the profile; - is stdout")
	cmd.Flags().StringVar(&name, "name", "", "`name` of the profile (default: the file's name)")
	return cmd
}

func (a *app) promiseImport(file, output, name string) error {
	data, err := invoked.File(file, foreign.MaxBytes)
	if err != nil {
		return err
	}
	in, err := foreign.Read(file, data)
	if err != nil {
		return err
	}
	if name == "" && output != "-" {
		name = profiles.NameOf(output, "")
	} else if name == "" {
		name = profiles.NameOf(file, "")
	}
	for _, n := range in.Notes {
		a.say("%s:%d: %s", file, n.Line, n.Text)
	}
	text := []byte(a.clean(string(in.Profile(name))))
	if output == "-" {
		_, err = a.stdout.Write(text)
		return err
	}
	return os.WriteFile(output, text, 0o644)
}
