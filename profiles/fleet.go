package profiles

import (
	"fmt"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/internal/invoked"
)

// A Fleet is a list of servers to judge one after the other.
type Fleet struct {
	All     bool // every embedded profile, before those listed
	Servers []Member
}

// A Member is one server of a fleet: a profile's, or one at a URL, or one that a
// command starts. What it gives beside its name stands in place of what its
// profile says.
type Member struct {
	Server    string   // the profile's name, or one for a server that has none
	URL       string   // attach to it there, on this machine
	Command   []string // start it by this and speak to it over stdio
	Rate      float64  // tokens a second; 0: the profile's
	Burst     int      // tokens; 0: the profile's
	Scope     Scope    // empty: the profile's
	Tool      string   // to load it with; empty: the profile's
	Arguments string   // of the tool, a JSON object; empty: the profile's
}

// ReadFleet reads a fleet file by its name, as ParseFleet does.
func ReadFleet(name string) (Fleet, error) {
	data, err := invoked.File(name, invoked.MostGiven)
	if err != nil {
		return Fleet{}, fmt.Errorf("cannot read the fleet: %w", err)
	}
	return ParseFleet(filepath.Base(name), data)
}

// AddAll puts every profile that the fleet doesn't list before those that it does.
func (f *Fleet) AddAll(c *Catalog) {
	var known []Member
	for _, p := range c.All() {
		if !slices.ContainsFunc(f.Servers, func(m Member) bool { return m.Server == p.Name }) {
			known = append(known, Member{Server: p.Name})
		}
	}
	f.Servers = append(known, f.Servers...)
}

const fleetWant = "all: true, or a list of servers"

// ParseFleet reads a fleet file, a YAML document such as
//
//	all: true                      # every known server
//	servers:
//	  - acb                        # a profile's name
//	  - server: mailgun-mcp        # or with something changed
//	    rate: 5/s
//	    burst: 15
//	  - server: mine
//	    url: http://127.0.0.1:8000/mcp
//	    rate: 10/s
//	    burst: 20
//	    tool: ping
//	  - server: other
//	    command: [python, server.py]
//	    rate: 10/s
//	    burst: 20
//
// The error is an Errors: all that is wrong, each with its line and column.
func ParseFleet(file string, data []byte) (Fleet, error) {
	var fleet Fleet
	r := &reader{file: file, at: map[string]*yaml.Node{}}
	root := r.document(data, "fleet", fleetWant)
	if root == nil {
		return fleet, r.report()
	}
	r.at[""] = root
	r.mapping(root, "", false, []field{
		{"all", r.truth(&fleet.All)},
		{"servers", func(n *yaml.Node, path string) {
			r.list(n, path, "a list of servers", func(n *yaml.Node, path string) {
				fleet.Servers = append(fleet.Servers, r.member(n, path, fleet.Servers))
			})
		}},
	})
	if !fleet.All && len(fleet.Servers) == 0 && len(r.faults) == 0 {
		r.fault(root, "servers", "names nobody", fleetWant)
	}
	if faults := r.report(); len(faults) > 0 {
		return fleet, faults
	}
	return fleet, nil
}

// member reads one server: a name, or a mapping.
func (r *reader) member(n *yaml.Node, path string, before []Member) Member {
	var m Member
	read := r.memberFields(&m)
	if s := r.see(n, path); s != nil && s.Kind == yaml.ScalarNode {
		read[0].read(n, path)
	} else {
		r.mapping(n, path, false, read)
		if !r.given(path+".server") && !r.faulty(path) {
			r.fault(n, join(path, "server"), "is missing",
				"the profile's name, or one for a server that has no profile")
		}
	}
	if m.URL != "" && len(m.Command) > 0 {
		r.fault(n, path, "has both a url and a command", "one of them")
	}
	if m.Server != "" && slices.ContainsFunc(before, func(b Member) bool { return b.Server == m.Server }) {
		r.fault(n, path, quote(m.Server)+" is listed twice", "it once")
	}
	return m
}

// memberFields are the fields of a member, its name first.
func (r *reader) memberFields(m *Member) []field {
	return []field{
		{"server", r.formed(&m.Server, nameForm.MatchString, "{it} is no name", nameWant)},
		{"url", r.into(&m.URL, "a URL on this machine, such as http://127.0.0.1:8000/mcp")},
		{"command", func(n *yaml.Node, path string) {
			m.Command = r.words(n, path, "a list of words, such as [python, server.py]")
			if len(m.Command) == 0 && !r.faulty(path) {
				r.fault(n, path, "is empty", "the program's name and its arguments")
			}
		}},
		{"rate", r.rate(&m.Rate)},
		{"burst", r.burst(&m.Burst, 1)},
		{"scope", r.scope(&m.Scope)},
		{"tool", r.into(&m.Tool, "a tool's name")},
		{"args", r.into(&m.Arguments, `a JSON object in quotes, such as '{"n": 1}'`)},
	}
}
