package agents

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/store"
	"github.com/mcpload/mcpload/scenarios/load"
)

// otherTools are those that judge something else than the traffic of a run.
func (d *door) otherTools() []tool {
	return []tool{
		d.probeTool(),
		{"load", "Puts a server under general load, and says what callers waited, what failed, and if the generator " +
			"kept up.", false,
			object(aim +
				`,"rate":{"type":"string","description":"such as 20/s, or a shape: 10/s..50/s@1m; default 10/s"},` +
				`"seconds":{"type":"number","exclusiveMinimum":0,"description":"how long requests are due; default 10"},` +
				`"thresholds":{"type":"array","items":{"type":"string"},"description":"such as p99<250ms and errors<1%"},` +
				`"seed":{"type":"integer","minimum":0}`), d.load},
		{"conform", "Holds a server to the specification of MCP, row by row, in every revision that it speaks.", false,
			object(aim +
				`,"rows":{"type":"array","items":{"type":"string"},"description":"ids of rows; default: all"}`),
			d.conform},
		{"verify", "Judges what happened already: a history of one JSON object a line with sent_ns, received_ns and " +
			"outcome (admitted, limited or unknown), or the calls of a kept run.", true,
			object(`"promise":{"type":"array","items":{"type":"string"},"description":"laws, such as \"15/s burst 40\""},` +
				`"history":{"type":"string","description":"the lines"},"run":{"type":"string","description":"a kept run, in place of a history"},` +
				`"server":{"type":"string","description":"whose calls of the run; default: the first one's"}`),
			d.verify},
	}
}

// load is the tool.
func (d *door) load(ctx context.Context, args arguments, p *progress) (string, any, error) {
	s, err := d.reached(args)
	if err != nil {
		return "", nil, err
	}
	length := time.Duration(cmp.Or(args.Seconds, 10) * float64(time.Second))
	shape, err := load.ParseShape(cmp.Or(args.Rate, "10/s"))
	switch {
	case err != nil:
		return "", nil, err
	case shape.Max:
		return "", nil, errors.New("refused: rate max has no bound; give a rate")
	case length <= 0 || length > d.Time:
		return "", nil, fmt.Errorf("refused: seconds must be above 0 and at most %g", d.Time.Seconds())
	case shape.Expected(length) > float64(d.Calls):
		return "", nil, fmt.Errorf("refused: %g requests in %s are more than the %d that are allowed",
			shape.Expected(length), length, d.Calls)
	}
	var calls map[string][]history.Call
	c := mcpload.LoadConfig{Server: s, Rate: args.Rate, Duration: length, Thresholds: args.Thresholds,
		Seed: args.seed(), Observer: p,
		Histories: calling(&calls)}
	return d.finish("load", &c.Drain, func() (*results.Document, error) { return mcpload.Load(ctx, c) },
		func() map[string][]history.Call { return calls })
}

// conform is the tool.
func (d *door) conform(ctx context.Context, args arguments, p *progress) (string, any, error) {
	s, err := d.reached(args)
	if err != nil {
		return "", nil, err
	}
	c := mcpload.ConformConfig{Server: s, Rows: args.Rows, Observer: p}
	return d.finish("conform", &c.Drain, func() (*results.Document, error) { return mcpload.Conform(ctx, c) },
		func() map[string][]history.Call { return nil })
}

// verify is the tool.
func (d *door) verify(ctx context.Context, args arguments, _ *progress) (string, any, error) {
	laws, err := mcpload.ParsePromise(args.Promise...)
	if err != nil {
		return "", nil, err
	}
	text := args.History
	switch {
	case args.Run != "" && text != "":
		return "", nil, errors.New("history and run are two things to judge: give one of them")
	case args.Run != "":
		if text, err = d.recorded(args); err != nil {
			return "", nil, err
		}
	}
	found, err := mcpload.Verify(ctx, mcpload.VerifyConfig{History: strings.NewReader(text), Promise: laws})
	if err != nil {
		return "", nil, err
	}
	var b bytes.Buffer
	if err := found.Verified.Table(&b); err != nil {
		return "", nil, err
	}
	return b.String(), map[string]any{"verdict": found.Verdict.String()}, nil
}

// recorded are the calls of a kept run, as a history.
func (d *door) recorded(args arguments) (string, error) {
	if d.Store == nil {
		return "", errors.New("no runs are kept here")
	}
	e, err := d.kept(args.Run, store.Filter{})
	if err != nil {
		return "", err
	}
	all, err := e.Histories()
	if err != nil {
		return "", err
	}
	name := args.Server
	if name == "" && len(e.Servers) > 0 {
		name = e.Servers[0].Server
	}
	calls, ok := all[name]
	if !ok {
		return "", fmt.Errorf("the run %s has no calls of %q", e.Name(), name)
	}
	var b strings.Builder
	err = history.Write(&b, calls)
	return b.String(), err
}
