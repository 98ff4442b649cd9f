package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/internal/catalogue"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/usage"
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
	first, named := len(args)-len(rest), false
	for i := first; i < len(args) && args[i] != "--"; i++ {
		word := args[i]
		switch {
		case strings.HasPrefix(word, "-"):
			if takesNext(cmd, word) {
				i++
			}
		case target.IsEndpoint(word):
			return append(append(append([]string{}, args[:i]...), "--url", word), args[i+1:]...)
		case cmd.Name() != "call" || named: // which tool is called may stand first
			return args
		default:
			named = true
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

// badFlag is the error about flags that can't be read, with the one that was likely meant.
func badFlag(cmd *cobra.Command, err error) error {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return catalogue.BadFlag(cmd.CommandPath(), cmd.Flags().Args(), names, usage.PlainError(err))
}

// unknownCommand says what is wrong with a word that stands where a command is named,
// and names none.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") || !cmd.HasSubCommands() || cmd.Flags().Lookup("url") != nil {
		return nil // a command that takes an endpoint says itself what else it takes
	}
	if args[0] == "help" {
		return unknownCommand(cmd, args[1:])
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
	return catalogue.NoCommand(cmd.CommandPath(), args, names)
}

// unexpected is the error about an argument that is no endpoint and stands before --.
func unexpected(cmd *cobra.Command, word string) error {
	return catalogue.Unexpected(cmd.CommandPath(), word, func(flag string) bool { return cmd.Flag(flag) != nil },
		cmd.Flags().Changed("otlp"))
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
