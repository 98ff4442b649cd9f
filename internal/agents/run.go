package agents

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results"
)

// A finding is what came of a run, in short: the report has the rest.
type finding struct {
	Run      string          `json:"run,omitempty"` // by which read_report and compare know it
	Verdict  string          `json:"verdict"`
	Headline string          `json:"headline"`
	Servers  []serverInShort `json:"servers,omitempty"`
}

type serverInShort struct {
	Server   string            `json:"server"`
	Verdict  string            `json:"verdict"`
	Measured *results.Measured `json:"measured,omitempty"`
	Error    string            `json:"error,omitempty"`
	Next     []string          `json:"next,omitempty"` // what to do
}

// inShort sums a document up.
func inShort(doc *results.Document, name string) finding {
	word, says := doc.Headline()
	f := finding{Run: name, Verdict: doc.Verdict.String(), Headline: word + ": " + says}
	for i := range doc.Servers {
		s := &doc.Servers[i]
		f.Servers = append(f.Servers, serverInShort{Server: s.Called(), Verdict: s.Verdict.String(),
			Measured: s.Measured, Error: s.Error, Next: s.Next()})
	}
	return f
}

// server is what an agent's arguments name, if it may be judged.
func (d *door) server(args arguments) (mcpload.Server, error) {
	if err := d.permit(args); err != nil {
		return mcpload.Server{}, err
	}
	s := mcpload.Server{Name: args.Server, URL: args.URL, Command: args.Command, Tool: args.Tool,
		Arguments: args.Arguments}
	if args.URL != "" {
		s.Header = d.Header
	}
	if len(args.Command) > 0 {
		s.Env = d.Env
	}
	return s, nil
}

// reached is the server of arguments that name no mock.
func (d *door) reached(args arguments) (mcpload.Server, error) {
	s, err := d.server(args)
	if err == nil && args.URL == "" && len(args.Command) == 0 {
		err = hint.New(errors.New("a url or a command is missing"), d.bounds())
	}
	return s, err
}

// calling has the calls of a server's history kept for finish.
func calling(calls *map[string][]history.Call) func(server string, list []history.Call) {
	return func(server string, list []history.Call) { *calls = map[string][]history.Call{server: list} }
}

// promised are the laws that a server is held to.
func (d *door) promised(args arguments) ([]string, error) {
	if len(args.Promise) > 0 {
		return args.Promise, nil
	}
	if args.Server == "" {
		return nil, hint.New(errors.New("a promise is missing"),
			`say what the server promises, as in {"promise": ["15/s burst 40"]}, or name a profile by server`)
	}
	p, ok := d.Catalog.Get(args.Server)
	if !ok {
		return nil, hint.New(fmt.Errorf("no profile is named %q", args.Server), d.Catalog.Meant(args.Server)+
			"list_servers names them all")
	}
	if !p.Lawful() {
		return []string{fmt.Sprintf("%g/s burst %d", p.Limit.Rate, p.Limit.Burst)}, nil
	}
	var laws []string
	for _, l := range p.Laws() {
		laws = append(laws, l.String())
	}
	return laws, nil
}

// run is the tool.
func (d *door) run(ctx context.Context, args arguments, p *progress) (string, any, error) {
	s, err := d.server(args)
	if err != nil {
		return "", nil, err
	}
	laws, err := d.promised(args)
	if err != nil {
		return "", nil, err
	}
	if s.Promise, err = mcpload.ParsePromise(laws...); err != nil {
		return "", nil, err
	}
	var calls map[string][]history.Call
	c := mcpload.Config{Servers: []mcpload.Server{s}, Scenarios: args.Scenarios, Seed: args.seed(), Most: d.Calls,
		Virtual: args.Virtual, Observer: p,
		Histories: calling(&calls)}
	return d.finish("run", &c.Drain, func() (*results.Document, error) { return mcpload.Run(ctx, c) },
		func() map[string][]history.Call { return calls })
}

// finish carries a run out within its time, keeps it, and sums it up.
func (d *door) finish(kind string, drain *<-chan struct{}, run func() (*results.Document, error),
	calls func() map[string][]history.Call) (string, any, error) {
	over := make(chan struct{})
	*drain = over
	timer := time.AfterFunc(d.Time, func() { close(over) })
	defer timer.Stop()
	began := time.Now()
	doc, err := run()
	if err != nil {
		return "", nil, errors.New(told(err))
	}
	name := ""
	if d.Keep != nil {
		if doc, name, err = d.Keep(kind, began, doc, calls()); err != nil {
			return "", nil, err
		}
	}
	text, err := table(doc, calls())
	if err != nil {
		return "", nil, err
	}
	if name != "" {
		text += "\nkept as " + name + "; read_report shows it in other formats"
	}
	return cmp.Or(text, "nothing"), inShort(doc, name), nil
}

// table is a document for people, without colours.
func table(doc *results.Document, calls map[string][]history.Call) (string, error) {
	var b bytes.Buffer
	err := results.Table(&b, doc, results.TableOptions{Width: 100, Histories: calls})
	return b.String(), err
}
