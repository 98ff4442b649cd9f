package merge

import (
	"fmt"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/load"
)

// Lost is the part of a machine that never came back, as far as it told of it: what it
// sent is judged, and what it would have sent is unsent. Beside is another part of the
// plan, planned about how many calls it was to send, 0 where nobody knows.
func Lost(beside Part, s results.Shard, calls []history.Call, planned int, why string) (Part, error) {
	s.Plan, s.Shared = beside.shard().Plan, beside.shard().Shared
	s.Lost = fmt.Sprintf("lost, as %s; the %d calls that it told of are judged", why, len(calls))
	if left := planned - len(calls); left > 0 {
		s.Lost += fmt.Sprintf(", and about %d are unsent, or were sent and not told of", left)
	}
	server := *beside.server()
	server.Shard, server.Notes, server.Error = &s, nil, ""
	p := Part{Name: fmt.Sprintf("shard %d", s.Part), Ours: beside.Ours,
		Each: func(fn func(string, *history.Call) error) error {
			for i := range calls {
				if err := fn(server.Server, &calls[i]); err != nil {
					return err
				}
			}
			return nil
		}}
	doc := *beside.Document
	doc.Servers = []results.Server{server}
	p.Document = &doc
	if isConform(beside) { // what it was answered is told with the result only
		s.Lost = fmt.Sprintf("lost, as %s; what its rows were answered is not known", why)
		server.Scenarios = nil
		for _, sc := range beside.server().Scenarios {
			if sc.Conform != nil {
				server.Scenarios = append(server.Scenarios, results.NewConform(results.Conform{
					Protocol: sc.Conform.Protocol, Strict: sc.Conform.Strict}, results.Counts{}))
			}
		}
		doc.Servers = []results.Server{server}
	}
	if !isLoad(beside) {
		return p, nil
	}
	sc, l := loadOf(beside)
	measured := load.NewMetrics(load.Shape{})
	measured.Split()
	began := time.Duration(s.BeganNS)
	for _, c := range calls {
		c.Due, c.Sent, c.Received = c.Due-began, c.Sent-began, c.Received-began
		measured.Add(c)
	}
	m, err := measured.Measures()
	if err != nil {
		return p, err
	}
	of, set := *l, *l.Setting
	set = results.LoadSetting{AskedNS: set.AskedNS, BeginNS: s.BeganNS, Closed: set.Closed, Thresholds: set.Thresholds,
		Echo:   set.Echo,
		Schema: set.Schema}
	of.Measures, of.Setting, of.Stopped = m, &set, "its machine was lost"
	of.Integrity, of.Schema, of.Client, of.Server = nil, nil, nil, nil
	of.Generator, of.Setup = results.LoadGenerator{}, results.LoadSetup{}
	scenario := *sc
	scenario.Load = &of
	server.Scenarios = []results.Scenario{scenario}
	doc.Servers = []results.Server{server}
	return p, nil
}
