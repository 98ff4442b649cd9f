package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/internal/catalogue"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/usage"
	"github.com/mcpload/mcpload/profiles"
)

// lenient has a command line understood as it was meant: a bare number is a time in
// seconds, an endpoint without a scheme gets one.
func lenient(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		switch {
		case f.Value.Type() == "duration":
			f.Value = usage.InSeconds{Value: f.Value}
		case f.Name == "url":
			f.Value = withScheme{f.Value}
		}
	})
	for _, c := range cmd.Commands() {
		lenient(c)
	}
}

// withScheme is an endpoint that may be written without its scheme.
type withScheme struct{ pflag.Value }

func (v withScheme) Set(s string) error { return v.Value.Set(target.WithScheme(s)) }

// GetSlice are the endpoints, where the flag takes several.
func (v withScheme) GetSlice() []string {
	if list, ok := v.Value.(interface{ GetSlice() []string }); ok {
		return list.GetSlice()
	}
	return []string{v.String()}
}

// urlFirst has `run URL` mean `run --url URL`, where a command has that flag. What
// stands behind -- is a command to start, and stays.
func urlFirst(root *cobra.Command, args []string) []string {
	cmd, rest, err := root.Find(args)
	if err != nil || cmd.Flags().Lookup("url") == nil {
		return args
	}
	first := len(args) - len(rest)
	for i := first; i < len(args) && args[i] != "--"; i++ {
		word := args[i]
		switch {
		case strings.HasPrefix(word, "-"):
			if takesNext(cmd, word) {
				i++
			}
		case target.IsEndpoint(word):
			return append(append(append([]string{}, args[:i]...), "--url", word), args[i+1:]...)
		default:
			return args
		}
	}
	return args
}

// takesNext reports if the word behind a flag is its value.
func takesNext(cmd *cobra.Command, word string) bool {
	if strings.Contains(word, "=") {
		return false
	}
	var f *pflag.Flag
	if name, long := strings.CutPrefix(word, "--"); long {
		f = cmd.Flag(name)
	} else if len(word) == 2 {
		f = cmd.Flags().ShorthandLookup(word[1:])
	}
	return f != nil && f.NoOptDefVal == ""
}

// unknownFlag adds to an error about an unknown flag the one that was likely meant.
func unknownFlag(cmd *cobra.Command, err error) error {
	name, found := strings.CutPrefix(err.Error(), "unknown flag: ")
	if !found {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	near := profiles.Nearest(strings.TrimPrefix(name, "--"), names)
	ours := catalogue.FlagFor(strings.TrimPrefix(name, "--"))
	if flag, _, _ := strings.Cut(ours, " "); flag != "" && cmd.Flag(flag) != nil {
		near = ours
	}
	if near == "" {
		return err
	}
	return fmt.Errorf("%w (did you mean --%s?)", err, near)
}

// unknownCommand says what is wrong with a word that stands where a command is named,
// and names none.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") || !cmd.HasSubCommands() || cmd.Flags().Lookup("url") != nil {
		return nil // a command that takes an endpoint says itself what else it takes
	}
	names := []string{"help", "completion"} // cobra adds them later
	for _, c := range cmd.Commands() {
		if c.Name() == args[0] || c.HasAlias(args[0]) {
			return unknownCommand(c, args[1:])
		}
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	if slices.Contains(names, args[0]) || strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return nil
	}
	return catalogue.NoCommand(cmd.CommandPath(), args, names, target.IsEndpoint(args[0]))
}

// unexpected is the error about an argument that is no endpoint and stands before --.
func unexpected(cmd *cobra.Command, word string) error {
	advice := fmt.Sprintf("a command to start stands after --, as in: %s -- python server.py", cmd.CommandPath())
	if target.IsEndpoint(word) {
		advice = "one address is named already, and more of them by --url"
		if cmd.Flags().Changed("otlp") {
			advice = "--otlp takes no address: OTEL_EXPORTER_OTLP_ENDPOINT has the collector's"
		}
	} else if strings.Contains(word, "://") {
		advice = "the address of a server begins with http:// or https://"
	} else if c, err := profiles.Load(); err == nil && cmd.Flags().Lookup("server") != nil {
		if near := c.Suggest(word); near != "" {
			advice = fmt.Sprintf("a server is named by --server, as in: %s --server %s", cmd.CommandPath(), near)
		}
	}
	return hint.New(fmt.Errorf("unexpected argument %q", word), advice)
}

// onlyAfterDash refuses arguments that don't stand after --: those are a command to start.
func onlyAfterDash(cmd *cobra.Command, args []string) error {
	at := cmd.ArgsLenAtDash()
	switch {
	case at == 0 || len(args) == 0:
		return nil
	case cmd.Flags().Changed("header"):
		return hint.New(errors.New("unexpected argument, which isn't shown as it may be a part of a header"),
			"a header with a space in it needs quotation marks: -H 'Name: value'")
	}
	return unexpected(cmd, args[0])
}

// group is a command that does nothing but hold others.
func group(use, short string, below ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: usage.NoWords,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(below...)
	return cmd
}
