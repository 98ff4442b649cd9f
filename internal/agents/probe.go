package agents

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/probe"
)

// A probed is what a probe found, in short: the report has the rest.
type probed struct {
	Run        string            `json:"run,omitempty"` // by which read_report knows it
	Result     string            `json:"result"`
	Server     string            `json:"server"`
	Measured   *results.Measured `json:"measured,omitempty"`
	Calls      int               `json:"calls"`
	Incomplete bool              `json:"incomplete"` // the budget ran out first
}

// probeTool finds out a limit.
func (d *door) probeTool() tool {
	return tool{"probe", "Measures a rate limit that nobody declared: how many calls at once, how many a second, of " +
		"what kind. " +
		"It goes beyond the limit on purpose, for a minute or a few.", false,
		object(`"server":{"type":"string","description":"a profile's name, for a mock of it"},` + aim +
			`,"calls":{"type":"integer","minimum":1,"description":"the most to send; default ` +
			fmt.Sprint(d.probeCalls(0)) + `"},` +
			`"seconds":{"type":"number","exclusiveMinimum":0,"description":"the most that it may take; default ` +
			fmt.Sprintf("%g", d.probeTime(0).Seconds()) + `"},` +
			`"virtual":{"type":"boolean","description":"a mock in virtual time: milliseconds, repeatable"},` +
			`"seed":{"type":"integer","minimum":0}`), d.probe}
}

// probeCalls is how many calls a probe may send of which so many were asked for.
func (d *door) probeCalls(asked int) int {
	if asked > 0 {
		return asked
	}
	return min(d.Calls, probe.DefaultCalls)
}

// probeTime is how long it may take.
func (d *door) probeTime(asked float64) time.Duration {
	if asked > 0 {
		return time.Duration(asked * float64(time.Second))
	}
	return min(d.Time, probe.DefaultTime)
}

// probe is the tool.
func (d *door) probe(ctx context.Context, args arguments, p *progress) (string, any, error) {
	s, err := d.server(args)
	if err != nil {
		return "", nil, err
	}
	calls, length := d.probeCalls(args.Calls), d.probeTime(args.Seconds)
	switch {
	case args.Calls < 0 || calls > d.Calls:
		return "", nil, fmt.Errorf("refused: calls must be from 1 to %d", d.Calls)
	case args.Seconds < 0 || length > d.Time:
		return "", nil, fmt.Errorf("refused: seconds must be above 0 and at most %g", d.Time.Seconds())
	}
	if args.URL == "" && len(args.Command) == 0 { // a mock keeps what its profile promises
		laws, err := d.promised(args)
		if err != nil {
			return "", nil, err
		}
		if s.Promise, err = mcpload.ParsePromise(laws...); err != nil {
			return "", nil, err
		}
	}
	var seen []history.Call
	began := time.Now()
	all, err := mcpload.Probe(ctx, mcpload.ProbeConfig{Server: s, Calls: calls, Time: length, Seed: args.seed(),
		Virtual: args.Virtual, Observer: p, Histories: func(_ string, list []history.Call) { seen = list }})
	if err != nil {
		return "", nil, errors.New(told(err))
	}
	doc, name := all.Probed, ""
	if d.KeepProbe != nil {
		if name, err = d.KeepProbe(began, doc, seen); err != nil {
			return "", nil, err
		}
	}
	var b strings.Builder
	if err := doc.Table(&b); err != nil {
		return "", nil, err
	}
	if name != "" {
		fmt.Fprintf(&b, "\nkept as %s; read_report shows it again", name)
	}
	found := probed{Run: name, Result: doc.Result, Server: doc.Server, Calls: doc.Spent.Calls,
		Incomplete: doc.Result == results.ProbeUnfinished}
	if len(doc.Models) == 1 {
		found.Measured = doc.Models[0].Box
	}
	return b.String(), found, nil
}
