package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/results/export"
)

func (a *app) toolsCommand() *cobra.Command {
	f := &loadFlags{}
	var format string
	cmd := &cobra.Command{
		Use:   "tools [flags] URL | --server NAME | -- command args...",
		Short: "List a server's tools, resources and prompts",
		Args:  onlyAfterDash,
		RunE: a.shown(&format, func(cmd *cobra.Command, args []string) error {
			asked, err := formatOf(offerFormats(), format)
			if err != nil {
				return err
			}
			return a.visiting(cmd.Context(), f, args, func(ctx context.Context,
				v *target.Visit) error {
				return a.tools(ctx, v, asked)
			})
		}),
	}
	f.registerTarget(cmd)
	registerFormat(cmd.Flags(), &format, offerFormats())
	return cmd
}

// offerFormats are how an offer is written: its lists have other columns each, so that
// they are no one sheet.
func offerFormats() export.Set[export.Rows] { return export.Listings().Without("csv") }

// shown has what a command prints pass the gate, for people unless it is JSON.
func (a *app) shown(format *string, run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		g := a.gate(a.stdout)
		a.forPeople(g, *format)
		out := a.stdout
		a.stdout = g
		err := run(cmd, args)
		a.stdout = out
		return errors.Join(err, g.End())
	}
}

// visiting opens a session for as long as a function takes.
func (a *app) visiting(ctx context.Context, f *loadFlags, command []string, look func(context.Context,
	*target.Visit) error) error {
	j, err := a.oneJob(f, command)
	if err == nil {
		err = a.online()
	}
	if err != nil {
		return err
	}
	a.looks.Store(true)
	j.Settle.Drain = a.drain
	return j.Visited(ctx, look)
}

// tools asks for what there is, and prints it.
func (a *app) tools(ctx context.Context, v *target.Visit, format export.Format[export.Rows]) error {
	doc, troubles, err := v.Offers(ctx, a.secrets.Redact)
	if err != nil {
		return err
	}
	doc.Server = a.clean(doc.Server)
	rows, unread := doc.Rows(a.secrets.Redact)
	for _, err := range append(troubles, unread...) {
		a.say("%s", err)
	}
	return format.Write(a.stdout, rows)
}

func (a *app) callCommand() *cobra.Command {
	f := &loadFlags{}
	var format, arguments string
	cmd := &cobra.Command{
		Use:   "call [flags] URL TOOL | TOOL --server NAME | TOOL -- command args...",
		Short: "Call one tool once, and print the reply",
		Args:  cobra.ArbitraryArgs,
		RunE: a.shown(&format, func(cmd *cobra.Command, args []string) error {
			at := cmd.ArgsLenAtDash()
			if at < 0 {
				at = len(args)
			}
			switch at {
			case 0:
				return hint.New(errors.New("which tool is to be called?"), "mcpload tools lists a server's tools; "+
					"name one, as in: mcpload call http://127.0.0.1:8000/mcp ping")
			case 1:
			default:
				return unexpected(cmd, args[1])
			}
			tool, command := args[0], args[1:]
			if err := target.CheckArguments(arguments); err != nil {
				return err
			}
			return a.visiting(cmd.Context(), f, command, func(ctx context.Context, v *target.Visit) error {
				return a.callOne(ctx, v, tool, json.RawMessage(arguments), format)
			})
		}),
	}
	f.registerTarget(cmd)
	cmd.Flags().StringVar(&arguments, "args", "{}", "arguments of the tool, as a `JSON` object")
	cmd.Flags().StringVar(&format, "format", "table", "`format`: table (texts as they are) or json")
	return cmd
}

// callOne calls a tool and prints what came of it.
func (a *app) callOne(ctx context.Context, v *target.Visit, tool string, arguments json.RawMessage,
	format string) error {
	call, result := v.Ask(ctx, history.Arrival{Tool: tool, Arguments: arguments})
	if call.Outcome != history.OK || result == nil {
		a.status = exitFail
	}
	if result == nil {
		for _, line := range v.WhyNot(ctx, call, tool) {
			a.say("%s", line)
		}
		return ctx.Err()
	}
	a.say("%s", target.EndWords(call))
	if call.Outcome == history.ToolError {
		for _, line := range v.Advice(ctx, tool) {
			a.say("%s", line)
		}
	}
	return target.WriteReply(a.stdout, a.secrets.Redact(string(result)), format == "json")
}
