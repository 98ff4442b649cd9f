package catalogue

import (
	"strings"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/revision"
	"github.com/mcpload/mcpload/profiles"
)

// fixed are the values of flags that can have no other; of a flag that differs from command
// to command the command stands before it.
var fixed = map[string][]string{
	"allow":             {"flood", "forgery"},
	"probe allow":       {"forgery"},
	"against":           {"declared", "observed"},
	"arrivals":          {"even", "poisson"},
	"charge":            {"all", "tools"},
	"check":             {"echo", "schema"},
	"find":              {"capacity"},
	"get-stream":        {"auto", "on", "off"},
	"kind":              {"run", "probe", "startup", "load", "conform", "fleet"},
	"history kind":      {"run", "load"},
	"promise-from":      {"headers"},
	"scope":             {"global", "client", "session", "credential"},
	"verify scope":      {"global", "client"},
	"shape":             {"fastmcp2", "fastmcp4", "http429"},
	"shard":             {"auto"},
	"transport":         {"auto", "http", "sse", "stdio", "inprocess"},
	"conform transport": {"auto", "http", "sse", "stdio"},
	"mock transport":    {"http", "sse", "stdio"},
	"startup transport": {"stdio", "http"},
	"verdict":           {"pass", "fail", "inconclusive"},
}

// listed are the listings that a flag takes the names of.
var listed = map[string]string{"scenario": "scenarios", "fault": "faults", "startup-fault": "startup-faults",
	"conform-fault": "conform-faults", "case": "startup-cases", "row": "conform"}

// Words are the values that a command's flag can have, for shells that complete a command
// line, each with what it is behind a tab. It reports false of a flag that isn't known.
func Words(command, flag string) (list []string, ok bool) {
	if list, ok = fixed[command+" "+flag]; ok {
		return list, true
	}
	if list, ok = fixed[flag]; ok {
		return list, true
	}
	if flag == "protocol" {
		return append([]string{"auto"}, revision.All()...), true
	}
	if flag == "provider" {
		for _, p := range apikey.Providers() {
			list = append(list, p.Name())
		}
		return list, true
	}
	l, ok := Named(listed[flag])
	if !ok {
		return nil, false
	}
	for _, r := range l.rows(nil) {
		says := r.cells[1]
		if flag == "row" { // its level stands there
			says, _, _ = strings.Cut(r.cells[2], "\n")
		}
		list = append(list, r.cells[0]+"\t"+says)
	}
	if flag == "scenario" {
		list = append(list, "all")
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

// elsewhere are our flags by what other tools of their kind call them, with their value where
// it isn't the same.
var elsewhere = map[string]string{"rps": "rate", "qps": "rate", "vus": "sessions", "users": "sessions",
	"concurrency": "connections", "workers": "connections", "limit": "rate", "calls": "budget", "requests": "budget",
	"token": "bearer-env VARIABLE", "bearer": "bearer-env VARIABLE", "auth": "bearer-env VARIABLE",
	"api-key": "header", "headers": "header", "json": "format json", "out": "output", "config": "profiles",
	"profile": "server", "name": "label", "endpoint": "url", "param": "args", "revision": "protocol",
	"version": "protocol", "spec": "protocol", "data": "args", "arguments": "args", "port": "addr", "listen": "addr",
	"bind": "addr", "host": "addr", "html": "format html", "sarif": "format sarif", "junit": "format junit",
	"threads": "connections", "k": "insecure", "u": "url", "r": "rate", "q": "rate", "c": "connections", "t": "tool",
	"X": "method", "f": "format"}
