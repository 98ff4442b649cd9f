package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/scenarios/load"
	loaddrive "github.com/mcpload/mcpload/scenarios/load/drive"
)

func (a *app) loadInitCommand() *cobra.Command {
	f := &loadFlags{}
	var output string
	var include []string
	cmd := &cobra.Command{
		Use:   "init [flags] [-- command args...]",
		Short: "Write a load plan of a server's tools",
		Long: `Init asks a server for its tools and writes a plan for load --mix: every tool with
the same weight, with arguments made up from its input schema, and held against it.
It takes the tools that say that they only read (readOnlyHint), and says which it
leaves out and why: by the protocol, a tool that says nothing may destroy. --include
takes in one that you know to be harmless, unless it creates or deletes by its name.

No tool is called.`,
		Example: `  mcpload load init --url http://127.0.0.1:8000/mcp -o plan.yaml
  mcpload load init -o plan.yaml -- python server.py
  mcpload load --url http://127.0.0.1:8000/mcp --mix plan.yaml --rate 100/s`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			command, err := afterDash(cmd, args)
			if err != nil {
				return err
			}
			return a.loadInit(cmd.Context(), f, output, include, command)
		},
	}
	f.registerTarget(cmd)
	cmd.Flags().StringSliceVar(&include, "include", nil, "`tools` to take in whatever their annotations say")
	cmd.Flags().StringVarP(&output, "output", "o", "-", "`file` for the plan, which must not be there yet; - is stdout")
	return cmd
}

// loadInit writes a plan.
func (a *app) loadInit(ctx context.Context, f *loadFlags, output string, include, command []string) error {
	if _, err := os.Stat(output); output != "-" && !errors.Is(err, fs.ErrNotExist) {
		return hint.New(fmt.Errorf("%s is there already, and may be edited by hand", output),
			"name another file with -o, or move it away")
	}
	jobs, err := a.jobs(&f.targetFlags, command)
	if err != nil {
		return err
	}
	j := jobs[0]
	if err := f.connection.apply(&j.Options); err != nil {
		return err
	}
	if err := f.client.apply(&j); err != nil {
		return err
	}
	if err := a.online(); err != nil {
		return err
	}
	tools, err := loaddrive.Tools(ctx, &j.Target)
	if err != nil {
		return explainLoad(&j.Target, err)
	}
	for _, name := range include {
		if !slices.ContainsFunc(tools, func(t load.ToolInfo) bool { return t.Name == name }) {
			return hint.New(fmt.Errorf("--include %s: the server has no such tool", name),
				"it has "+words.First(toolNames(tools)))
		}
	}
	plan, left, err := load.Draft(j.Profile.Name, tools, include)
	for _, l := range left {
		a.say("left out %s", l)
	}
	if err != nil {
		return hint.New(err, "some SDKs annotate every tool as destructive unless told otherwise; --include NAME takes in those that you know to be harmless")
	}
	if output == "-" {
		_, err := a.stdout.Write(plan)
		return err
	}
	file, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("cannot write the plan: %w", err)
	}
	_, err = file.Write(plan)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("cannot write the plan: %w", err)
	}
	a.say("wrote %s with %s; read it, then: mcpload load --mix %s --rate 10/s and the same server", output,
		words.Count(len(tools)-len(left), "tool"), output)
	return nil
}

func toolNames(tools []load.ToolInfo) []string {
	var names []string
	for _, t := range tools {
		names = append(names, t.Name)
	}
	return names
}
