package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/catalogue"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/results/export"
)

func (a *app) keysCommand() *cobra.Command {
	cmd := group("keys", "Check a credential's format, or find credentials in a text",
		a.reading(a.keysCheckCommand()), a.reading(a.keysProvidersCommand()), a.reading(a.keysScanCommand()))
	cmd.Args = noKeys(0, 0, "")
	return cmd
}

// noKeys refuses a wrong number of arguments without repeating any: one may be a
// key.
func noKeys(least, most int, want string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		for _, arg := range args {
			if invoked.LooksLikeKey(arg) && !invoked.IsFile(arg) {
				return hint.New(errors.New("an argument looks like a credential, which is never taken from the "+
					"command line"),
					"others can read it in the list of processes, so treat it as leaked; put the next one into a "+
						"variable and name that with --env, or pipe it to -")

			}
		}
		if len(args) < least || len(args) > most {
			return hint.New(fmt.Errorf("%s takes %s, not %d arguments", cmd.CommandPath(), cmp.Or(want, "a command"),
				len(args)), cmd.CommandPath()+" --help shows how")
		}
		return nil
	}
}

func (a *app) keysCheckCommand() *cobra.Command {
	var k catalogue.AskedKey
	var format string
	var strict bool
	cmd := &cobra.Command{
		Use:   "check --provider NAME (--env NAME | -)",
		Short: "Say if a value can be what its provider issues",
		Args:  noKeys(0, 1, "- or --env"),
		RunE: func(_ *cobra.Command, args []string) error {
			asked, err := formatOf(export.Texts(), format)
			if err != nil {
				return err
			}
			k.Look, k.Stdin = os.LookupEnv, a.stdin
			rows, ok, err := k.Check(args, strict)
			if err != nil {
				return err
			}
			if !ok {
				a.status = exitFail
			}
			return asked.Write(a.stdout, rows)
		},
	}
	cmd.Flags().StringVar(&k.Provider, "provider", "", "`provider` whose it should be (see mcpload keys providers)")
	cmd.Flags().StringVar(&k.Env, "env", "", "the environment `variable` that holds it")
	registerProviderFile(cmd.Flags(), &k.File)
	cmd.Flags().BoolVar(&strict, "strict", false, "fail on a format that may be a newer one")
	registerFormat(cmd.Flags(), &format, export.Texts())
	return cmd
}

func (a *app) keysProvidersCommand() *cobra.Command {
	var format, file string
	cmd := &cobra.Command{
		Use:   "providers",
		Short: "List the providers and the formats that are known",
		Args:  noKeys(0, 0, "no argument"),
		RunE: func(*cobra.Command, []string) error {
			asked, err := formatOf(export.Listings(), format)
			if err != nil {
				return err
			}
			own, err := catalogue.OwnProviders(file)
			if err != nil {
				return err
			}
			return asked.Write(a.stdout, catalogue.Providers(append(apikey.Providers(), own...)))
		},
	}
	registerProviderFile(cmd.Flags(), &file)
	registerFormat(cmd.Flags(), &format, export.Listings())
	cmd.Flags().Lookup("format").Usage += "; json also says where each was read, and when"
	return cmd
}

// registerProviderFile adds the flag that names providers of the caller's own.
func registerProviderFile(flags *pflag.FlagSet, file *string) {
	flags.StringVar(file, "provider-file", "", "YAML `file` with providers of your own: providers: [{name: acme, "+
		"patterns: [\"acme_<32 letters or digits>\"]}]")
}

func (a *app) keysScanCommand() *cobra.Command {
	var format, file string
	var env []string
	cmd := &cobra.Command{
		Use:   "scan FILE|-",
		Short: "Find credentials in a text, and show what redaction would mask",
		Args:  noKeys(1, 1, "one file, or - for stdin"),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := catalogue.Scanner(env, file, os.LookupEnv)
			if err != nil {
				return err
			}
			asked, err := formatOf(export.Texts(), format)
			if err != nil {
				return err
			}
			found, err := catalogue.Scan(args[0], a.stdin, a.stdout, asked, r)
			if found {
				a.status = exitFail
			}
			return err
		},
	}
	cmd.Flags().StringArrayVar(&env, "env", nil, "also look for the value of this `variable` (repeatable)")
	registerProviderFile(cmd.Flags(), &file)
	registerFormat(cmd.Flags(), &format, export.Texts())
	return cmd
}
