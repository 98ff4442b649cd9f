package main

import (
	"bufio"
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

// mostScanned is the largest text that keys reads, in bytes.
const mostScanned = 64 << 20

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
			if looksLikeKey(arg) {
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

// looksLikeKey reports if a text may be a credential rather than a name.
func looksLikeKey(text string) bool {
	if apikey.Redact(text) != text {
		return true
	}
	for _, p := range apikey.Providers() {
		if !p.Secret() || p.Name() == "jwt-secret" || p.Name() == "password" {
			continue
		}
		if v := p.Check(text).Verdict; v == apikey.Valid || v == apikey.WrongFamily && len(text) >= 20 {
			return true
		}
	}
	return false
}

func (a *app) keysCheckCommand() *cobra.Command {
	var name, env, format string
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
			p, value, set, err := a.keyToCheck(name, env, args)
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
	cmd.Flags().BoolVar(&strict, "strict", false, "fail on a format that may be a newer one")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

// keyToCheck reads the value that check is asked about.
func (a *app) keyToCheck(name, env string, args []string) (p apikey.Provider, value string, set bool, err error) {
	if looksLikeKey(env) || looksLikeKey(name) {
		return p, "", false, hint.New(errors.New("a flag holds what looks like a credential, which is never taken from the command line"),
			"others can read it in the list of processes, so treat it as leaked; --env takes the name of a variable")

	}
	if name == "" {
		return p, "", false, hint.New(errors.New("no provider is named"), "name one with --provider; mcpload keys providers lists them")
	}
	p, err = apikey.Lookup(name)
	if err != nil {
		return p, "", false, hint.New(err, "mcpload keys providers says what each is")
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
	text, err := readAll(a.stdin)
	if err != nil {
		return p, "", false, err
	}
	// What writes a line ends it; anything else around the value is its own.
	return p, strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r"), true, nil
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
	var format string
	cmd := &cobra.Command{
		Use:     "providers",
		Short:   "List the providers and the formats that are known",
		Example: "  mcpload keys providers\n  mcpload keys providers --format json",
		Args:    noKeys(0, 0, "no argument"),
		RunE: func(*cobra.Command, []string) error {
			switch format {
			case "json":
				var list []providerJSON
				for _, p := range apikey.Providers() {
					list = append(list, providerJSON{Name: p.Name(), Doc: p.Doc(), Expected: p.Expected(), Formats: p.Formats()})
				}
				return printJSON(a.stdout, keysJSON{Schema: "mcpload.keys/v1", Providers: list})
			case "table":
				return a.printProviders()
			}
			return fmt.Errorf("--format %q is neither table nor json", format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "table or json; json also says where each was read, and when")
	return cmd
}

// printProviders has one row for formats that differ in their lengths only.
func (a *app) printProviders() error {
	table := tablewriter.NewTable(a.stdout, tablewriter.WithHeaderAutoFormat(0), tablewriter.WithRowMaxWidth(44))
	table.Header([]string{"provider", "format", "status", "shape"})
	for _, p := range apikey.Providers() {
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

func (a *app) keysScanCommand() *cobra.Command {
	var format string
	var env []string
	cmd := &cobra.Command{
		Use:   "scan FILE|-",
		Short: "Find credentials in a text, and show what redaction would mask",
		Long: `Scan finds the credentials of every known family in a text, also base64-, hex- and
percent-encoded, and the values of the variables that --env names. It prints where
each stands, as line:column in bytes, and how it would be masked.

Exit status 0: none is found; 1: some are; 2: the text can't be read.`,
		Example: `  mcpload keys scan server.log
  docker logs server 2>&1 | mcpload keys scan --env SERVER_PASSWORD -`,
		Args: noKeys(1, 1, "one file, or - for stdin"),
		RunE: func(_ *cobra.Command, args []string) error {
			var values []string
			for _, name := range env {
				if looksLikeKey(name) {
					return hint.New(errors.New("a flag holds what looks like a credential"), "--env takes the name of a variable")
				}
				value, ok := os.LookupEnv(name)
				if !ok || strings.TrimSpace(value) == "" {
					return hint.New(fmt.Errorf("the variable %s is not set or blank", name), "without its value there is nothing to look for")
				}
				values = append(values, value)
			}
			text, err := a.textToScan(args[0])
			if err != nil {
				return err
			}
			return a.printScan(format, args[0], text, apikey.NewRedactor(values...).Find(text))
		},
	}
	cmd.Flags().StringArrayVar(&env, "env", nil, "also look for the value of this `variable` (repeatable)")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

func (a *app) textToScan(name string) (string, error) {
	if name == "-" {
		return readAll(a.stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return readAll(f)
}

// readAll reads a text that fits in memory.
func readAll(r io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(bufio.NewReader(r), mostScanned+1))
	if err != nil {
		return "", err
	}
	if len(text) > mostScanned {
		return "", hint.New(fmt.Errorf("the text is longer than %d MiB", mostScanned>>20), "split it at line breaks, for example with split -C 32m")
	}
	return string(text), nil
}

func (a *app) printScan(format, name, text string, found []apikey.Match) error {
	if len(found) > 0 {
		a.status = exitFail
	}
	rows := []foundJSON{}
	line, start, at := 1, 0, 0
	var b strings.Builder
	for _, m := range found {
		for i := strings.IndexByte(text[at:m.Start], '\n'); i >= 0; i = strings.IndexByte(text[at:m.Start], '\n') {
			line, at = line+1, at+i+1
			start = at
		}
		masked := "***"
		if m.Encoding == "" && m.Family != "registered" {
			masked = apikey.Mask(text[m.Start:m.End])
		}
		column := m.Start - start + 1
		rows = append(rows, foundJSON{Line: line, Column: column, Bytes: m.End - m.Start, Family: m.Family, Encoding: m.Encoding, Masked: masked})
		encoded := ""
		if m.Encoding != "" {
			encoded = " in " + m.Encoding
		}
		fmt.Fprintf(&b, "%s:%d:%d: %s%s %s\n", name, line, column, m.Family, encoded, masked)
	}
	switch format {
	case "json":
		return printJSON(a.stdout, scanJSON{Schema: "mcpload.scan/v1", File: name, Found: rows})
	case "text":
		if len(found) == 0 {
			b.WriteString(name + ": no credential found\n")
		}
		_, err := io.WriteString(a.stdout, b.String())
		return err
	}
	return fmt.Errorf("--format %q is neither text nor json", format)
}
