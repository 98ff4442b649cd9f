package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/profiles/foreign"
)

// mostImported is the most that is read of a file; foreign refuses what is larger.
const mostImported = 4<<20 + 1

func (a *app) promiseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "promise",
		Short: "Read what other tools are configured to promise",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.reading(a.promiseImportCommand()))
	return cmd
}

func (a *app) promiseImportCommand() *cobra.Command {
	var output, name string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Makes a profile of another tool's configuration",
		Long: `import reads the limits in a file as laws, and writes a profile that promises them,
each below the file and line that it was read from:

  Envoy     local rate limits (token_bucket), and the descriptors of its rate limit service
  Kong      the plugins rate-limiting and rate-limiting-advanced
  nginx     limit_req and limit_conn
  FastMCP   what RateLimitingMiddleware and SlidingWindowRateLimitingMiddleware are
            constructed with, in Python source (.py)

What laws can't say, or the file doesn't, is said on stderr and at the end of the
profile. Nothing is run, and what a configuration computes isn't known: look the
laws over before a server is held to them.

Exit status: 0 written, 2 no limit that could be read.`,
		Example: `  mcpload promise import envoy.yaml
  mcpload promise import nginx.conf -o mcpload.d/edge.yaml
  mcpload promise import server.py --name notes`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil
			}
			return hint.New(fmt.Errorf("import takes one file, not %d", len(args)), "for example mcpload promise import nginx.conf")
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.promiseImport(args[0], output, name) },
	}
	cmd.Flags().StringVarP(&output, "output", "o", "-", "`file` for the profile; - is stdout")
	cmd.Flags().StringVar(&name, "name", "", "what the profile is called (default: the file's name)")
	return cmd
}

func (a *app) promiseImport(file, output, name string) (err error) {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err := io.ReadAll(io.LimitReader(f, mostImported))
	if err != nil {
		return err
	}
	in, err := foreign.Read(file, data)
	if err != nil {
		return err
	}
	if name == "" && output != "-" {
		name = profileName(output, "")
	} else if name == "" {
		name = profileName(file, "")
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
