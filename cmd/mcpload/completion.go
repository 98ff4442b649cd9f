package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/internal/catalogue"
	"github.com/mcpload/mcpload/results/compare"
	"github.com/mcpload/mcpload/results/store"
)

// choices says what a flag's value can be, for shells that complete a command line; nil
// where it can be anything. Completing sends nothing to any server: tools are those that
// kept runs called.
func choices(command, flag string) func(*cobra.Command) []string {
	switch flag {
	case "server":
		return func(cmd *cobra.Command) []string {
			dirs, _ := cmd.Flags().GetStringArray("profiles") // a command without the flag has the embedded ones
			return catalogue.ServerNames(dirs)
		}
	case "format":
		return func(cmd *cobra.Command) []string { return cmd.Flags().Lookup("format").Annotations[formatKey] }
	case "metric":
		return func(*cobra.Command) []string { return compare.Metrics() }
	case "label":
		return func(cmd *cobra.Command) []string { return ofStore(cmd, (*store.Store).Labels) }
	case "tool":
		return func(cmd *cobra.Command) []string { return ofStore(cmd, (*store.Store).Tools) }
	}
	if list, ok := catalogue.Words(command, flag); ok {
		return func(*cobra.Command) []string { return list }
	}
	return nil
}

// complete gives every command's flags and arguments their completions.
func (a *app) complete(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		list := choices(cmd.Name(), f.Name)
		if list == nil {
			return
		}
		_ = cmd.RegisterFlagCompletionFunc(f.Name, func(c *cobra.Command, _ []string, typed string) ([]string,
			cobra.ShellCompDirective) {
			return beginning(typed, list(c)), cobra.ShellCompDirectiveNoFileComp
		}) // it only fails where there is no such flag, or it has one
	})
	if strings.Contains(cmd.Use, "RUN") || cmd.Name() == "compare" || cmd.Name() == "merge" {
		cmd.ValidArgsFunction = func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
			return beginning(typed, ofStore(c, (*store.Store).Words)), cobra.ShellCompDirectiveDefault
		}
	}
	if strings.Contains(cmd.Use, " URL") {
		cmd.ValidArgsFunction = func(c *cobra.Command, args []string, typed string) ([]string,
			cobra.ShellCompDirective) {
			list := ofStore(c, store.Behind(c.Name() == "call", args))
			return beginning(typed, list), cobra.ShellCompDirectiveDefault
		}
	}
	for _, c := range cmd.Commands() {
		a.complete(c)
	}
}

// beginning is what of a list begins as typed, behind the last comma.
func beginning(typed string, list []string) (out []string) {
	head := ""
	if i := strings.LastIndexByte(typed, ','); i >= 0 {
		head, typed = typed[:i+1], typed[i+1:]
	}
	for _, s := range list {
		if strings.HasPrefix(s, typed) {
			out = append(out, head+s)
		}
	}
	return out
}

// ofStore asks the store that a command would read.
func ofStore(cmd *cobra.Command, ask func(*store.Store) []string) []string {
	var f storeFlags
	f.dir, _ = cmd.Flags().GetString("results") // a command without the flag has the usual folder
	s, err := f.open()
	if err != nil {
		return nil
	}
	return ask(s)
}
