package compare

import (
	"slices"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// A side is one or several runs of what should be the same.
type side struct {
	names   []string
	servers []string
	runs    []Run
}

func sideOf(runs []Run) side {
	s := side{runs: runs}
	for _, r := range runs {
		s.names = append(s.names, r.Name)
		for _, v := range r.Document.Servers {
			if !slices.Contains(s.servers, v.Server) {
				s.servers = append(s.servers, v.Server)
			}
		}
	}
	return s
}

// A part is one server in one run.
type part struct {
	server *results.Server
	calls  []history.Call
}

// of returns a server's parts in all runs that have it.
func (s side) of(server string) []part {
	var parts []part
	for _, r := range s.runs {
		for i := range r.Document.Servers {
			if v := &r.Document.Servers[i]; v.Server == server {
				parts = append(parts, part{v, r.Histories[server]})
			}
		}
	}
	return parts
}

func worst(parts []part) verdict.Verdict {
	var list []verdict.Verdict
	for _, p := range parts {
		list = append(list, p.server.Verdict)
	}
	return verdict.Worst(list...)
}

func scenarioNames(parts []part) []string {
	var names []string
	for _, p := range parts {
		for _, sc := range p.server.Scenarios {
			if !slices.Contains(names, sc.Scenario) {
				names = append(names, sc.Scenario)
			}
		}
	}
	return names
}

// scenariosOf are a scenario's results in all runs that have it.
func scenariosOf(parts []part, name string) []*results.Scenario {
	var list []*results.Scenario
	for _, p := range parts {
		for i := range p.server.Scenarios {
			if sc := &p.server.Scenarios[i]; sc.Scenario == name {
				list = append(list, sc)
			}
		}
	}
	return list
}

func worstOf(parts []part, scenario string) verdict.Verdict {
	var list []verdict.Verdict
	for _, sc := range scenariosOf(parts, scenario) {
		list = append(list, sc.Verdict)
	}
	return verdict.Worst(list...)
}
