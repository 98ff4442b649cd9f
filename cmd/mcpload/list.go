package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/catalogue"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/usage"
	"github.com/mcpload/mcpload/results/export"
)

func (a *app) listCommand() *cobra.Command {
	var format string
	var dirs []string
	names := catalogue.Names()
	cmd := &cobra.Command{
		Use:       "list WHAT [flags]",
		Short:     "List servers, profiles, scenarios, faults and more",
		ValidArgs: names,
		Args:      usage.Takes(1, "list takes one word, not {n}", "one of "+strings.Join(names, ", ")),
		RunE: func(_ *cobra.Command, args []string) error {
			asked, err := formatOf(export.Listings(), format)
			if err != nil {
				return err
			}
			catalog, err := a.catalog(dirs)
			if err != nil {
				return err
			}
			l, ok := catalogue.Named(args[0])
			if !ok {
				return hint.New(fmt.Errorf("there is no list of %q", args[0]), catalogue.Elsewhere(args[0]))
			}
			return asked.Write(a.stdout, l.Of(catalog))
		},
	}
	registerFormat(cmd.Flags(), &format, export.Listings())
	cmd.Flags().StringArrayVar(&dirs, "profiles", nil, "`folder` with profiles of your own (repeatable)")
	return cmd
}
