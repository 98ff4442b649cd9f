package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/internal/bearer"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
)

// reachFlags say how a server is reached, what it is known by, and what requests show
// it: the same for each command that speaks to a server.
type reachFlags struct {
	label      string
	env        []string
	headers    []string
	bearer     target.Tokens
	connection target.Connection
}

func (f *reachFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	registerLabel(flags, &f.label)
	registerEnv(flags, &f.env)
	flags.StringArrayVarP(&f.headers, "header", "H", nil, "header `'Name: value'` for every request; $NAME in the "+
		"value is taken from the environment (repeatable)")
	f.registerTokens(flags)
	flags.StringVar(&f.connection.HTTP, "http", "1.1", "HTTP `version`: 1.1, or 2 (without TLS by prior knowledge)")
	flags.BoolVar(&f.connection.Insecure, "insecure", false, "don't check the server's certificate")
	flags.StringVar(&f.connection.CACert, "cacert", "", "PEM `file` of the authorities to trust, in place of the "+
		"system's")
	flags.StringVar(&f.connection.Cert, "cert", "", "PEM `file` with the certificate that we show the server")
	flags.StringVar(&f.connection.Key, "key", "", "PEM `file` with its private key (default: the --cert file)")
	flags.StringVar(&f.connection.Socket, "unix-socket", "", "connect to this unix socket `path`, whatever host "+
		"--url names")
	flags.StringVar(&f.connection.Proxy, "proxy", "", "`URL` of an http, https or socks5 proxy (the environment's "+
		"proxies are not used)")
}

// reach has a target, which is known by then, reached as the flags say.
func (a *app) reach(f *reachFlags, t *target.Target) error {
	if err := a.bear(f, t); err != nil {
		return err
	}
	spoken := t.Options.URL == "" && t.Live == nil && t.Kind == target.Command
	if name := f.connection.Given(); spoken && name != "" {
		return fmt.Errorf("--%s is of connections over HTTP, and this server is spoken to on stdin and stdout", name)
	}
	return f.connection.Apply(&t.Options)
}

func (f *reachFlags) registerTokens(flags *pflag.FlagSet) {
	flags.StringVar(&f.bearer.Env, "bearer-env", "", "`variable` of the environment that holds the bearer token")
	flags.StringVar(&f.bearer.Command, "bearer-command", "", "`command` for a shell that prints a token: run at "+
		"first, ahead of its end, and when the server refuses it")
	flags.StringVar(&f.bearer.ClientID, "oauth-client-id", "", "get tokens by OAuth for the client with this `id` "+
		"(client credentials), from whom the server names")
	flags.StringVar(&f.bearer.SecretEnv, "oauth-client-secret-env", "", "`variable` of the environment that holds "+
		"its secret")
	flags.StringVar(&f.bearer.Scope, "oauth-scope", "", "`scope` to ask for (default: what the server asks for)")
	flags.StringVar(&f.bearer.Issuer, "oauth-issuer", "", "the authorization server's issuer `URL`: the secret goes "+
		"nowhere else (default: the one that the server names)")
}

// bear gives a target its token.
func (a *app) bear(f *reachFlags, t *target.Target) error {
	return f.bearer.Bear(t, target.Wallet{Getenv: os.Getenv, Say: a.say,
		Hold: func(s *bearer.Source) { a.sources = append(a.sources, s) },
		Hide: func(name string, values ...string) {
			if name == "" { // nobody gave it, so that nobody is warned that it is short
				a.secrets.Add(values...)
			} else {
				a.hide(name, values...)
			}
		}})
}

// endSources has no more tokens asked for.
func (a *app) endSources() {
	for _, s := range a.sources {
		s.Close()
	}
}

// registerManner adds the flags that say what kind of a client we are.
func registerManner(flags *pflag.FlagSet, g *target.Manner) {
	flags.StringArrayVar(&g.Answers, "answer", nil, "declare and answer what the server asks: `what=answer`, as "+
		"sampling=FILE (the result), elicitation=accept or decline, roots=DIR (repeatable; else -32601, but ping)")
	flags.DurationVar(&g.Ready, "ready", 0, "how long a server that we start may take to answer (default: its "+
		"profile's, else 30s)")
	flags.StringVar(&g.MaxMessage, "max-message", "16MiB", "`size` of the longest message that is read, such as 64MiB")
}

// registerReplyMemory adds --reply-memory.
func (f *targetFlags) registerReplyMemory(flags *pflag.FlagSet) {
	flags.StringVar(&f.ReplyMemory, "reply-memory", "256MiB", "`size` of all replies together while they "+
		"are read, at most: 256MiB, 1GiB")
}

// memory is what --reply-memory allows, for all jobs of a command.
func (f *targetFlags) memory() (*wire.ReplyMemory, error) {
	m, err := wire.ParseReplyMemory(f.ReplyMemory)
	if err != nil {
		return nil, hint.New(invoked.Flagged("--reply-memory", err), "for example --reply-memory 1GiB")
	}
	return m, nil
}
