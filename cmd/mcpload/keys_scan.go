package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
)

// registerProviderFile adds the flag that names providers of the caller's own.
func registerProviderFile(flags *pflag.FlagSet, file *string) {
	flags.StringVar(file, "provider-file", "", "YAML `file` with providers of your own: providers: [{name: acme, patterns: [\"acme_<32 letters or digits>\"]}]")
}

// ownProviders reads a file of providers, and says what is wrong with them.
func ownProviders(file string) ([]apikey.Provider, error) {
	if file == "" {
		return nil, nil
	}
	list, err := profiles.ReadProviders(file)
	if err != nil {
		return nil, err
	}
	return compiled(list)
}

// compiled makes providers of a file ready.
func compiled(list []profiles.Provider) ([]apikey.Provider, error) {
	own := mock.Own(list)
	for i := range own {
		made, err := own[i].Compile()
		if err != nil {
			return nil, err
		}
		own[i] = made
	}
	return own, nil
}

func (a *app) keysScanCommand() *cobra.Command {
	var format, file string
	var env []string
	cmd := &cobra.Command{
		Use:   "scan FILE|-",
		Short: "Find credentials in a text, and show what redaction would mask",
		Long: `Scan finds the credentials of every known family in a text of any length, however
they are encoded, and the values of the variables that --env names. It prints where
each stands, as line:column in bytes, and how it would be masked. It is for what a
server wrote; to search repositories and their history, take gitleaks.

Exit status 0: none is found; 1: some are; 2: the text can't be read.`,
		Example: `  mcpload keys scan server.log
  docker logs server 2>&1 | mcpload keys scan --env SERVER_PASSWORD -`,
		Args: noKeys(1, 1, "one file, or - for stdin"),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.unlessInterrupted(func() error {
				r, err := scannerOf(env, file)
				if err != nil {
					return err
				}
				return a.scan(format, args[0], r)
			})
		},
	}
	cmd.Flags().StringArrayVar(&env, "env", nil, "also look for the value of this `variable` (repeatable)")
	registerProviderFile(cmd.Flags(), &file)
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

// scannerOf is what texts are searched with.
func scannerOf(env []string, file string) (*apikey.Redactor, error) {
	var values []string
	for _, name := range env {
		if looksLikeKey(name) {
			return nil, hint.New(errors.New("a flag holds what looks like a credential"), "--env takes the name of a variable")
		}
		value, ok := os.LookupEnv(name)
		if !ok || strings.TrimSpace(value) == "" {
			return nil, hint.New(fmt.Errorf("the variable %s is not set or blank", name), "without its value there is nothing to look for")
		}
		values = append(values, value)
	}
	own, err := ownProviders(file)
	if err != nil {
		return nil, err
	}
	return apikey.NewRedactor(values...).WithProviders(own...), nil
}

// scan searches a file, or stdin, and prints what it finds as it finds it.
func (a *app) scan(format, name string, r *apikey.Redactor) error {
	if format != "text" && format != "json" {
		return fmt.Errorf("--format %q is neither text nor json", format)
	}
	src := a.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		src = f
	}
	rows := []foundJSON{}
	n := 0
	err := r.Scan(src, func(p apikey.Place) error {
		n++
		a.status = exitFail
		if format == "json" {
			rows = append(rows, foundJSON{Line: p.Line, Column: p.Column, Bytes: p.Bytes, Family: p.Family, Encoding: p.Encoding, Masked: p.Masked})
			return nil
		}
		encoded := ""
		if p.Encoding != "" {
			encoded = " in " + p.Encoding
		}
		_, err := fmt.Fprintf(a.stdout, "%s:%d:%d: %s%s %s\n", name, p.Line, p.Column, p.Family, encoded, p.Masked)
		return err
	})
	if err != nil {
		return err
	}
	if format == "json" {
		return printJSON(a.stdout, scanJSON{Schema: "mcpload.scan/v1", File: name, Found: rows})
	}
	if n == 0 {
		_, err = io.WriteString(a.stdout, name+": no credential found\n")
	}
	return err
}
