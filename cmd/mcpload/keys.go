package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/hint"
)

func (a *app) keysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Check a credential's format, or find credentials in a text",
		Long: `Keys says if a credential can be what its provider issues, and finds credentials
in a text. It contacts nobody, and never prints a value: it takes one from an
environment variable or from stdin, not as an argument, which others could read in
the list of processes and the shell would keep.`,
		Example: `  mcpload keys providers
  mcpload keys check --provider gemini --env GEMINI_API_KEY
  mcpload keys scan server.log`,
		Args: noKeys(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.keysCheckCommand(), a.keysProvidersCommand(), a.keysScanCommand())
	return cmd
}

// noKeys refuses a wrong number of arguments without repeating any: one may be a
// key.
func noKeys(least, most int, want string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		for _, arg := range args {
			if looksLikeKey(arg) && !isFile(arg) {
				return hint.New(errors.New("an argument looks like a credential, which is never taken from the command line"),
					"others can read it in the list of processes, so treat it as leaked; put the next one into a variable and name that with --env, or pipe it to -")

			}
		}
		if len(args) < least || len(args) > most {
			return hint.New(fmt.Errorf("%s takes %s, not %d arguments", cmd.CommandPath(), cmp.Or(want, "a command"), len(args)), cmd.CommandPath()+" --help shows how")
		}
		return nil
	}
}

// looksLikeKey reports if a text may be a credential rather than a name: a known
// family's, or one long run of letters with digits all over it, which no variable
// and hardly a file is called.
func looksLikeKey(text string) bool {
	const least, leastDigits = 20, 3
	if apikey.Redact(text) != text {
		return true
	}
	n, figures := 0, 0
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			n, figures = n+1, figures+1
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			n++
		default:
			n, figures = 0, 0
		}
		if n >= least && figures >= leastDigits && figures < n {
			return true
		}
	}
	return false
}

func (a *app) keysCheckCommand() *cobra.Command {
	var name, env, format, file string
	var strict bool
	cmd := &cobra.Command{
		Use:   "check --provider NAME --env NAME | -",
		Short: "Say if a value can be what its provider issues",
		Long: `Check says if a value can be what its provider issues: valid, missing, blank, a
placeholder, of another family, malformed, or unrecognised, which a newer format
may look like and is no failure without --strict. With - the value is what stands
on stdin, without the line break at its end.

Exit status 0: it can be; 1: it can't; 2: bad usage.`,
		Example: `  mcpload keys check --provider openai --env OPENAI_API_KEY
  pass show github | mcpload keys check --provider github -`,
		Args: noKeys(0, 1, "- or --env"),
		RunE: func(_ *cobra.Command, args []string) error {
			p, value, set, err := a.keyToCheck(name, env, file, args)
			if err != nil {
				return err
			}
			result := p.Check(value)
			if !set {
				result = apikey.Result{Verdict: apikey.Missing, Detail: "is not set"}
			}
			if !result.OK(strict) {
				a.status = exitFail
			}
			return a.printChecked(format, p, cmp.Or(env, "stdin"), value, result)
		},
	}
	cmd.Flags().StringVar(&name, "provider", "", "whose it should be (see mcpload keys providers)")
	cmd.Flags().StringVar(&env, "env", "", "the environment `variable` that holds it")
	registerProviderFile(cmd.Flags(), &file)
	cmd.Flags().BoolVar(&strict, "strict", false, "fail on a format that may be a newer one")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

// keyToCheck reads the value that check is asked about.
func (a *app) keyToCheck(name, env, file string, args []string) (p apikey.Provider, value string, set bool, err error) {
	if looksLikeKey(env) || looksLikeKey(name) {
		return p, "", false, hint.New(errors.New("a flag holds what looks like a credential, which is never taken from the command line"),
			"others can read it in the list of processes, so treat it as leaked; --env takes the name of a variable")

	}
	if name == "" {
		return p, "", false, hint.New(errors.New("no provider is named"), "name one with --provider; mcpload keys providers lists them")
	}
	own, err := ownProviders(file)
	if err != nil {
		return p, "", false, err
	}
	p, err = apikey.LookupIn(own, name)
	if err != nil {
		return p, "", false, hint.New(err, "mcpload keys providers says what each is; --provider-file adds your own")
	}
	stdin := len(args) == 1 && args[0] == "-"
	switch {
	case len(args) == 1 && !stdin:
		return p, "", false, hint.New(errors.New("the argument is not -"), "a value comes from a variable (--env NAME) or from stdin (-)")
	case stdin == (env != ""):
		return p, "", false, hint.New(errors.New("no value is given, or two"), "either --env NAME or - for stdin")
	case !stdin:
		value, set = os.LookupEnv(env)
		return p, value, set, nil
	}
	const most = 1 << 20 // no credential is so long, and Check says so
	text, err := io.ReadAll(io.LimitReader(a.stdin, most))
	if err != nil {
		return p, "", false, err
	}
	// What writes a line ends it; anything else around the value is its own.
	return p, strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), true, nil
}

func (a *app) printChecked(format string, p apikey.Provider, from, value string, r apikey.Result) error {
	masked := ""
	if r.Verdict >= apikey.Unrecognised {
		masked = p.Mask(value)
	}
	switch format {
	case "json":
		return printJSON(a.stdout, keyJSON{Schema: "mcpload.key/v1", Provider: p.Name(), From: from, Verdict: r.Verdict.String(),
			Format: r.Format, Detail: r.Detail, Warning: r.Warning, Masked: masked, Expected: p.Expected()})
	case "text":
		line := from + ": " + r.Verdict.String()
		if r.Format != "" {
			line += " (" + p.Name() + " " + r.Format + ")"
		}
		if masked != "" {
			line += " " + masked
		}
		for _, s := range []string{r.Detail, r.Warning} {
			if s != "" {
				line += ": " + s
			}
		}
		if _, err := fmt.Fprintln(a.stdout, line); err != nil {
			return err
		}
		if r.Verdict != apikey.Valid {
			_, err := fmt.Fprintln(a.stdout, "expected: "+p.Expected())
			return err
		}
		return nil
	}
	return fmt.Errorf("--format %q is neither text nor json", format)
}

func (a *app) keysProvidersCommand() *cobra.Command {
	var format, file string
	cmd := &cobra.Command{
		Use:     "providers",
		Short:   "List the providers and the formats that are known",
		Example: "  mcpload keys providers\n  mcpload keys providers --format json",
		Args:    noKeys(0, 0, "no argument"),
		RunE: func(*cobra.Command, []string) error {
			own, err := ownProviders(file)
			if err != nil {
				return err
			}
			providers := append(apikey.Providers(), own...)
			switch format {
			case "json":
				var list []providerJSON
				for _, p := range providers {
					list = append(list, providerJSON{Name: p.Name(), Doc: p.Doc(), Expected: p.Expected(), Where: p.Where(), Formats: p.Formats()})
				}
				return printJSON(a.stdout, keysJSON{Schema: "mcpload.keys/v1", Providers: list})
			case "table":
				return a.printProviders(providers)
			}
			return tableOrJSON(format)
		},
	}
	registerProviderFile(cmd.Flags(), &file)
	cmd.Flags().StringVar(&format, "format", "table", "table or json; json also says where each was read, and when")
	return cmd
}

// printProviders has one row for formats that differ in their lengths only.
func (a *app) printProviders(providers []apikey.Provider) error {
	table := tablewriter.NewTable(a.stdout, tablewriter.WithHeaderAutoFormat(0), tablewriter.WithRowMaxWidth(44))
	table.Header([]string{"provider", "format", "status", "shape"})
	for _, p := range providers {
		last := ""
		for _, f := range p.Formats() {
			if f.Name == last {
				continue
			}
			last = f.Name
			if err := table.Append([]string{p.Name(), f.Name, f.Status, f.Shape}); err != nil {
				return err
			}
		}
	}
	return table.Render()
}
