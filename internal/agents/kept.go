package agents

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/compare"
	"github.com/mcpload/mcpload/results/store"
)

// keptTools are those that read kept runs.
func (d *door) keptTools() []tool {
	if d.Store == nil {
		return nil
	}
	const run = `{"type":"string","description":"an id, the beginning of one, last, or last-pass"}`
	return []tool{
		{"list_runs", "Lists kept runs, the newest first.", true,
			object(`"server":{"type":"string"},"kind":{"type":"string","enum":["run","probe","load","startup","conform","fleet"]},"limit":{"type":"integer","minimum":1,"maximum":200}`), d.listRuns},
		{"read_report", "Shows a kept run.", true,
			object(`"run":` + run +
				`,"format":{"type":"string","enum":["table","markdown","json"],"description":"default table; json is the whole document"}`), d.readReport},
		{"compare", "Compares two kept runs, and says what got worse where that can be shown.", true,
			object(`"base":` + run + `,"run":` + run +
				`,"max":{"type":"array","items":{"type":"string"},"description":"the most that figures may change, such as p99=+20%"},` +
				`"across":{"type":"boolean","description":"compare runs of different servers too"}`), d.compare},
	}
}

// A listed run or server, as agents read it.
type (
	listedRun struct {
		Run     string   `json:"run"`
		Kind    string   `json:"kind"`
		Started string   `json:"started"`
		Verdict string   `json:"verdict,omitempty"`
		Servers []string `json:"servers"`
	}
	listedServer struct {
		Server  string   `json:"server"`
		Doc     string   `json:"doc,omitempty"`
		Promise []string `json:"promise"`
	}
)

func (d *door) listServers(context.Context, arguments, *progress) (string, any, error) {
	var b strings.Builder
	var list []listedServer
	for _, p := range d.Catalog.All() {
		laws, err := d.promised(arguments{Server: p.Name})
		if err != nil {
			return "", nil, err
		}
		list = append(list, listedServer{p.Name, p.Doc, laws})
		fmt.Fprintf(&b, "%s promises %s\n", p.Name, strings.Join(laws, " and "))
	}
	fmt.Fprintf(&b, "\n%s", d.bounds())
	return b.String(), map[string]any{"servers": list, "bounds": d.bounds()}, nil
}

func (d *door) listRuns(_ context.Context, args arguments, _ *progress) (string, any, error) {
	if args.Limit <= 0 {
		args.Limit = 20
	}
	kept, _, err := d.Store.List(store.Filter{Server: args.Server, Kind: args.Kind, Limit: min(args.Limit, 200)})
	if err != nil {
		return "", nil, err
	}
	var b strings.Builder
	list := []listedRun{}
	for _, e := range kept {
		r := listedRun{Run: e.Name(), Kind: e.Kind, Started: e.Started.UTC().Format(time.RFC3339), Verdict: e.Verdict}
		for _, s := range e.Servers {
			r.Servers = append(r.Servers, s.Server)
		}
		list = append(list, r)
		fmt.Fprintf(&b, "%s  %s  %s  %s\n", r.Run, r.Kind, r.Verdict, strings.Join(r.Servers, ", "))
	}
	if len(list) == 0 {
		b.WriteString("no run is kept that answers to this")
	}
	return b.String(), map[string]any{"runs": list}, nil
}

// kept looks a run up by its name. Files are nobody's to name from here.
func (d *door) kept(name string, f store.Filter) (*store.Entry, error) {
	if name == "" {
		name = store.Last
	}
	if strings.ContainsAny(name, `/\.`) {
		return nil, hint.New(fmt.Errorf("%q is no name of a kept run", name), "list_runs names them")
	}
	e, err := d.Store.Find(name, f)
	if errors.Is(err, store.ErrNone) {
		return nil, hint.New(fmt.Errorf("no kept run answers to %q", name), "list_runs names them")
	}
	return e, err
}

func (d *door) readReport(_ context.Context, args arguments, _ *progress) (string, any, error) {
	e, err := d.kept(args.Run, store.Filter{})
	if err != nil {
		return "", nil, err
	}
	if args.Format == "json" {
		text, err := e.Document()
		return string(text), nil, err
	}
	doc, err := e.Run()
	if err != nil { // of another kind, such as a probe
		screen, screenErr := e.Screen()
		if screenErr != nil {
			return "", nil, err
		}
		return string(screen), nil, nil
	}
	var b bytes.Buffer
	if args.Format == "markdown" {
		err = results.Markdown(&b, doc)
		return b.String(), inShort(doc, e.Name()), err
	}
	calls, err := e.Histories()
	if err != nil {
		calls = nil // it is drawn without them
	}
	text, err := table(doc, calls)
	return text, inShort(doc, e.Name()), err
}

func (d *door) compare(ctx context.Context, args arguments, _ *progress) (string, any, error) {
	newer, err := d.kept(args.Run, store.Filter{})
	if err != nil {
		return "", nil, err
	}
	if args.Base == "" {
		args.Base = store.LastPass
	}
	older, err := d.kept(args.Base, newer.Earlier("", args.Across))
	if err != nil {
		return "", nil, err
	}
	if older.Name() == newer.Name() {
		return "", nil, fmt.Errorf("base and run are both %s: a run compared with itself shows no difference",
			newer.Name())
	}
	c := mcpload.CompareConfig{Options: compare.Options{Noise: 25 * time.Millisecond, Seed: 1, Across: args.Across}}
	if c.Demands, err = compare.ParseDemands(args.Max); err != nil {
		return "", nil, err
	}
	for _, side := range []struct {
		e  *store.Entry
		to *[]compare.Run
	}{{older, &c.Base}, {newer, &c.New}} {
		if *side.to, err = compare.Read([]*store.Entry{side.e}, func(error) {}); err != nil {
			return "", nil, err
		}
	}
	report, err := mcpload.Compare(ctx, c)
	if other := (*compare.OtherError)(nil); errors.As(err, &other) {
		return "", nil, hint.New(err, "name two runs of one server, or compare them all the same with across")
	}
	if err != nil {
		return "", nil, err
	}
	var b bytes.Buffer
	if err := report.Compared.Table(&b); err != nil {
		return "", nil, err
	}
	outcome := report.Compared.(*compare.Report).Outcome
	return b.String(), map[string]any{"outcome": outcome, "base": older.Name(), "run": newer.Name()}, nil
}
