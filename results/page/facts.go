package page

import (
	"slices"

	"github.com/mcpload/mcpload/results"
)

// facts are what a page says of a server above its charts.
func (v *server) facts() (list [][2]string) {
	if v.Limit.Rate > 0 {
		list = append(list, [2]string{"declared limit", v.LimitText})
		if len(v.Loads) == 0 {
			list = append(list, [2]string{"measured rate, burst", v.Measured})
		}
	}
	if v.Flaky {
		list = append(list, [2]string{"repeats", "they disagree: flaky"})
	}
	for _, of := range v.Summary {
		if len(v.Scenarios) == 1 {
			break // the verdict is the scenario's
		}
		list = append(list, [2]string{of.Verdict, of.Names})
	}
	return list
}

// Facts are the same of one among several, which each have a target of their own.
func (v server) Facts() [][2]string {
	target, protocol := v.Target.String(), v.Target.Protocol
	if protocol != "" {
		protocol = "MCP " + protocol
	}
	for _, of := range []string{protocol, v.Target.Address} {
		if target != "" && of != "" {
			target += ", " + of
		}
	}
	if target == "" {
		return v.facts()
	}
	return append([][2]string{{"target", target}}, v.facts()...)
}

func scenarioNames(d *results.Document) []string {
	var names []string
	for _, s := range d.Servers {
		for _, sc := range s.Scenarios {
			if !slices.Contains(names, sc.Scenario) {
				names = append(names, sc.Scenario)
			}
		}
	}
	return names
}
