package catalogue

import (
	"github.com/mcpload/mcpload/internal/revision"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
)

// Words are the values that a flag can have, for shells that complete a command line, each
// with what it is behind a tab. It reports false of a flag that isn't known.
func Words(flag string) (list []string, ok bool) {
	fixed := map[string][]string{
		"allow":     {"flood", "forgery"},
		"transport": {"auto", "http", "sse", "stdio"},
		"scope":     {"global", "client", "session", "credential"},
		"shape":     {"fastmcp2", "fastmcp4", "http429"},
		"shard":     {"auto"},
		"against":   {"declared", "observed"},
		"verdict":   {"pass", "fail", "inconclusive"},
	}
	add := func(name, doc string) { list = append(list, name+"\t"+doc) }
	switch flag {
	case "scenario":
		for _, s := range EveryScenario() {
			add(s.Name, s.Doc)
		}
		list = append(list, "all")
	case "fault":
		for _, f := range append(mock.Faults(), mock.AuditFaults()...) {
			add(f.Name, f.Doc)
		}
	case "startup-fault":
		for _, f := range mock.StartFaults() {
			add(f.Name, f.Doc)
		}
	case "protocol":
		list = append([]string{"auto"}, revision.All()...)
	default:
		list, ok = fixed[flag]
		return list, ok
	}
	return list, true
}

// ServerNames are the names of all profiles, those in folders of the caller's own among
// them.
func ServerNames(folders []string) (names []string) {
	catalog, err := profiles.Load(folders...)
	if err != nil {
		return nil
	}
	for _, p := range catalog.All() {
		names = append(names, p.Name)
	}
	return names
}
