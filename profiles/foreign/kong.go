package foreign

import (
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/promise"
)

// A plugin is one of Kong's, and what it is for.
type plugin struct {
	*yaml.Node
	name string
	of   scope
}

// A scope is what a plugin is for: the more specific, the higher its rank. The zero scope
// is everything.
type scope struct {
	rank int
	name string
}

// scopes are Kong's entities that plugins are for, as a plugin and a list name them.
var scopes = []string{"service", "route", "consumer_group", "consumer"}

// shared is the highest rank at which requests of anybody meet a plugin.
const shared = 2

// below is the scope of what stands below a member of this name.
func (s scope) below(member string) scope {
	for i, one := range scopes {
		if member == one+"s" {
			return scope{i + 1, one}
		}
	}
	return s
}

// named is a scope that has the name of one of a list.
func (s scope) named(n *yaml.Node) scope {
	if name := cmpOr(text(n, "username"), text(n, "name")); s.rank > 0 && !strings.Contains(s.name, " ") && name != "" {
		s.name += " " + name
	}
	return s
}

// of is the scope of a plugin: it may name what it is for itself.
func (s scope) of(plugin *yaml.Node) scope {
	if kind := text(plugin, "kind"); s.rank == 0 && kind != "" {
		s.name = kind + " " + text(get(plugin, "metadata"), "name")
	}
	for i, one := range scopes {
		if c := get(plugin, one); c != nil && i+1 > s.rank {
			s = scope{i + 1, one + " " + cmpOr(c.Value, text(c, "name"))}
		}
	}
	return s
}

// serving says of services and routes, as a scope names them, if they look like an MCP server's.
type serving map[string]bool

// gather adds those that stand in a file: a route serves MCP if it says so, or its service
// does; and a service if a route of its own does.
func (s serving) gather(n *yaml.Node, service string, depth int) {
	if depth > maxDepth {
		return
	}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		kind, list := strings.TrimSuffix(n.Content[i].Value, "s"), n.Content[i+1]
		if kind+"s" != n.Content[i].Value || kind != "service" && kind != "route" || list.Kind != yaml.SequenceNode {
			continue
		}
		for _, c := range list.Content {
			name, of := kind+" "+text(c, "name"), service
			if by := get(c, "service"); kind == "route" && by != nil {
				of = "service " + cmpOr(by.Value, text(by, "name"))
			}
			says := text(c, "name") + text(c, "url") + text(c, "path") + text(c, "host")
			if paths := get(c, "paths"); paths != nil {
				for _, p := range paths.Content {
					says += " " + p.Value
				}
			}
			s[name] = s[name] || strings.Contains(strings.ToLower(says), "mcp") || kind == "route" && s[of]
			if kind == "route" && of != "" {
				s[of] = s[of] || s[name]
			}
			if kind == "service" {
				s.gather(c, name, depth+1)
			}
		}
	}
}

// other reports if a scope is a service or route that doesn't look like an MCP server's in
// a file where others do.
func (s serving) other(of scope) bool {
	if of.rank == 0 || of.rank > shared || s[of.name] {
		return false
	}
	for _, mcp := range s {
		if mcp {
			return true
		}
	}
	return false
}

// met is by what a plugin is one of several of which a request meets one.
func (p plugin) met() string { return p.name + " " + text(p.Node, "kind") }

// kongs reads plugins. Of those of one name a request meets one alone, that of the most
// specific scope: others aren't taken.
func (in *Import) kongs(plugins []plugin, served serving) {
	chosen := map[string]plugin{}
	for _, p := range plugins {
		if served.other(p.of) {
			continue
		}
		was, ok := chosen[p.met()]
		better := p.of.rank > was.of.rank || p.of.rank == was.of.rank &&
			strings.Contains(p.of.name, "mcp") && !strings.Contains(was.of.name, "mcp")
		if !off(p.Node) && p.of.rank <= shared && (!ok || better) {
			chosen[p.met()] = p
		}
	}
	for _, p := range plugins {
		held := chosen[p.met()]
		if text(p.Node, "kind") == "KongPlugin" {
			in.note(p.Line, "%s: holds where another object names it", p.name)
		}
		switch {
		case in.kongOff(p.Node, p.name):
		case p.of.rank > shared:
			in.note(p.Line, "%s: of %s alone, which a law can't say: isn't taken", p.name, p.of.name)
		case served.other(p.of):
			in.note(p.Line, "%s: of %s, which doesn't look like the MCP server's: isn't taken", p.name, p.of.name)
		case held.Node != p.Node:
			in.note(p.Line, "%s: isn't taken: requests that meet the one of line %d%s don't meet this one", p.name,
				held.Line, held.of.words())
		case strings.HasPrefix(p.name, "rate-limiting-advanced"):
			in.kongAdvanced(p.Node, p.name)
		case strings.HasPrefix(p.name, "rate-limiting"):
			in.kong(p.Node, p.name)
		default:
			in.note(p.Line, "%s: isn't read: it counts something else than requests", p.name)
		}
	}
}

func (s scope) words() string {
	if s.name == "" {
		return ""
	}
	return " (" + s.name + ")"
}

// kong reads the plugin rate-limiting: a window by the clock for each unit that is set.
func (in *Import) kong(plugin *yaml.Node, name string) {
	config := get(plugin, "config")
	key := in.kongKey(config, name, "limit_by", "consumer")
	for _, unit := range []string{"second", "minute", "hour", "day", "month", "year"} {
		c := get(config, unit)
		n, ok := in.whole(config, unit)
		if !ok {
			continue
		}
		l := promise.Law{Kind: promise.Window, Style: promise.Aligned, N: n, Every: units[unit], Name: unit, Key: key}
		switch unit {
		case "month":
			l = promise.Law{Kind: promise.Quota, N: n, Unit: promise.Month, Zone: "UTC", Name: unit, Key: key}
		case "year":
			in.note(c.Line, "%s: %d a year: no law is of a year", name, n)
			continue
		}
		in.law(c.Line, name+" "+unit+": "+strconv.Itoa(n), l)
	}
	switch policy := text(config, "policy"); policy {
	case "", "local":
		in.note(plugin.Line, "%s: policy local: each node counts for itself, so several let through as many times "+
			"as much", name)
	default:
		if text(config, "fault_tolerant") != "false" {
			in.note(plugin.Line, "%s: fault_tolerant: while the store can't be reached, nothing is refused", name)
		}
		if rate := text(config, "sync_rate"); rate != "" && rate != "-1" {
			in.note(plugin.Line, "%s: sync_rate %s: nodes tell each other that late, so more may be let through", name,
				rate)
		}
	}
	if code, err := strconv.Atoi(text(config, "error_code")); err == nil {
		in.status(code)
	}
}

// kongAdvanced reads the plugin rate-limiting-advanced: limits beside the seconds of
// their windows, which are weighted counters unless they are said to be fixed.
func (in *Import) kongAdvanced(plugin *yaml.Node, name string) {
	config := get(plugin, "config")
	limits, sizes := get(config, "limit"), get(config, "window_size")
	if limits == nil || sizes == nil || limits.Kind != yaml.SequenceNode || sizes.Kind != yaml.SequenceNode ||
		len(limits.Content) != len(sizes.Content) {
		in.note(config.Line, "%s: limit and window_size aren't lists of the same length", name)
		return
	}
	style := promise.Counter
	if text(config, "window_type") == "fixed" {
		style = promise.Aligned
	}
	key := in.kongKey(config, name, "identifier", "consumer")
	for i, c := range limits.Content {
		n, err := strconv.Atoi(c.Value)
		seconds, bad := strconv.Atoi(sizes.Content[i].Value)
		if err != nil || bad != nil || n < 1 || seconds < 1 {
			in.note(c.Line, "%s: %q in %q s aren't whole numbers above 0", name, c.Value, sizes.Content[i].Value)
			continue
		}
		in.law(c.Line, name+" limit", promise.Law{Kind: promise.Window, Style: style, N: n,
			Every: time.Duration(seconds) * time.Second, Key: key})
	}
	if rate := text(config, "sync_rate"); rate != "0" {
		in.note(plugin.Line, "%s: nodes tell each other late unless sync_rate is 0, so several may let more through",
			name)
	}
	if text(get(config, "throttling"), "enabled") == "true" {
		in.note(get(config, "throttling").Line, "%s: throttling: what is too much waits and is tried again before "+
			"it is refused, which the law here doesn't say", name)
	}
	if text(config, "disable_penalty") != "true" && style == promise.Counter {
		in.note(plugin.Line, "%s: refused requests are counted too unless disable_penalty is true", name)
		for i := range in.Laws {
			if l := &in.Laws[i]; l.Source == name+" limit" {
				l.Charge.Refused = true
			}
		}
	}
	if code, err := strconv.Atoi(text(config, "error_code")); err == nil {
		in.status(code)
	}
}

func (in *Import) kongOff(plugin *yaml.Node, name string) bool {
	if off(plugin) {
		in.note(plugin.Line, "%s: not enabled", name)
	}
	return off(plugin)
}

// off reports if a plugin is switched off, as Kong's own files or Kubernetes' say it.
func off(plugin *yaml.Node) bool {
	return text(plugin, "enabled") == "false" || text(plugin, "disabled") == "true"
}

// kongKey is what a plugin counts by.
func (in *Import) kongKey(config *yaml.Node, name, field, otherwise string) promise.Key {
	by := cmpOr(text(config, field), otherwise)
	line := config.Line
	if c := get(config, field); c != nil {
		line = c.Line
	}
	switch by {
	case "consumer", "credential", "consumer-group":
		in.note(line, "%s: requests that don't authenticate are counted by address", name)
		return promise.Key{promise.Credential}
	case "ip":
		return promise.Key{promise.Address}
	case "service", "path", "route":
		return nil
	case "header":
		if key, ok := keyOf(text(config, "header_name")); ok {
			return key
		}
	}
	in.note(line, "%s: what %s %s tells apart isn't known: taken as one counter a credential", name, field, by)
	return promise.Key{promise.Credential}
}
