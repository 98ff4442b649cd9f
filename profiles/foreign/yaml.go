package foreign

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"github.com/mcpload/mcpload/promise"
)

// maxDepth is how deep a file may nest.
const maxDepth = 100

// yaml reads what Envoy, Kong, Traefik, ToolHive and agentgateway are configured with, as YAML
// or JSON, wherever in the file it stands: also within a Kubernetes object, or another tool's template.
func (in *Import) yaml(data []byte) error {
	loader, err := yaml.NewLoader(bytes.NewReader(data),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		return err
	}
	var plugins []plugin
	served := serving{}
	for {
		var doc yaml.Node
		if err := loader.Load(&doc); errors.Is(err, io.EOF) {
			in.kongs(plugins, served)
			return nil
		} else if err != nil {
			return fmt.Errorf("no YAML, no nginx configuration, and no Python: %w", err)
		}
		for _, root := range doc.Content {
			moved(root, in.below)
			f := flattener{map[*yaml.Node]int{}}
			if root, err = f.flatten(root); err != nil {
				return err
			}
			served.gather(root, "", 0)
			plugins = in.walk(root, 0, scope{}, plugins, "rateLimit")
		}
	}
}

// walk looks for mappings that are known to hold limits. Kong's plugins are gathered
// first: which of them hold the others say. A mapping is called by its key, or its
// object's name.
func (in *Import) walk(n *yaml.Node, depth int, at scope, plugins []plugin, called string) []plugin {
	if n.Anchor != "" { // what several have is read where it is anchored
		if slices.Contains(in.met, n) {
			return plugins
		}
		in.met = append(in.met, n)
	}
	if n.Kind == yaml.ScalarNode {
		in.embedded(n)
	}
	if depth > maxDepth || in.traefikNode(n, called) || in.toolhive(n) || in.agentgateway(n) {
		return plugins
	}
	if n.Kind == yaml.MappingNode {
		switch name := text(n, "name") + text(n, "plugin"); {
		case get(n, "token_bucket") != nil:
			in.envoyLocal(n)
			return plugins
		case get(n, "domain") != nil && get(n, "descriptors") != nil:
			in.place(n.Line)
			in.envoyGlobal(get(n, "descriptors"), counted{source: "domain " + text(n, "domain")})
			return plugins
		case strings.Contains(name, "ratelimiting") || strings.Contains(name, "rate-limiting"):
			if get(n, "config") != nil {
				return append(plugins, plugin{n, name, at.of(n)})
			}
			if get(n, "configFrom") != nil {
				in.note(n.Line, "%s: its configuration is another object's: isn't read", name)
			}
		case strings.HasSuffix(text(n, "@type"), ".ratelimit.v3.RateLimit") && get(n, "domain") != nil:
			in.note(n.Line, "a rate limit service holds the limits of domain %s, which aren't in this file unless "+
				"they are named above or below", text(n, "domain"))
		}
	}
	for i, c := range n.Content {
		within, named := at, called
		if n.Kind == yaml.MappingNode && i%2 == 1 {
			member := n.Content[i-1].Value
			within, named = at.below(member), cmpOr(text(get(n, "metadata"), "name"), member)
		} else if n.Kind == yaml.SequenceNode {
			within = at.named(c)
		}
		plugins = in.walk(c, depth+1, within, plugins, named)
	}
	return plugins
}

// get is a member of a mapping; nil where there is none.
func get(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

func text(n *yaml.Node, name string) string {
	if c := get(n, name); c != nil && c.Kind == yaml.ScalarNode {
		return c.Value
	}
	return ""
}

// whole is a member that is a whole number of at least 1.
func (in *Import) whole(n *yaml.Node, name string) (int, bool) {
	c := get(n, name)
	if c == nil || c.ShortTag() == "!!null" {
		return 0, false
	}
	i, err := strconv.Atoi(c.Value)
	if err != nil || i < 1 {
		in.note(c.Line, "%s: %q is no whole number above 0: only the one who fills it in knows", name, c.Value)
		return 0, false
	}
	return i, true
}

// versions is what isn't known of Envoy's local buckets.
const versions = "Envoy's local buckets fill in steps of a timer up to version 1.30, and continuously since; " +
	"the version isn't said here, so what both allow is judged"

// envoyLocal reads a local rate limit, whose descriptors may have buckets of their own.
func (in *Import) envoyLocal(n *yaml.Node) {
	if kind := text(n, "@type"); strings.Contains(kind, ".filters.network.") || strings.Contains(kind,
		".filters.listener.") {
		in.note(n.Line, "token_bucket: it counts connections, which a law can't say: isn't taken")
		return
	}
	for _, name := range []string{"filter_enabled", "filter_enforced"} {
		if why := envoyShare(n, name); why != "" {
			in.note(n.Line, "token_bucket: %s: isn't taken", why)
			return
		}
	}
	in.place(get(n, "token_bucket").Line)
	in.envoyBucket(get(n, "token_bucket"), counted{source: "token_bucket"})
	if d := get(n, "descriptors"); d != nil {
		for _, one := range d.Content {
			of := in.descriptor(get(one, "entries"))
			if b := get(one, "token_bucket"); b != nil {
				in.note(b.Line, "%s: what matches it is counted by this bucket, and the one above counts the rest or "+
					"both, by version", of.source)
				in.envoyBucket(b, of)
			}
		}
	}
	if text(n, "local_rate_limit_per_downstream_connection") == "true" {
		in.note(n.Line, "each connection has a bucket of its own, which a key can't say: hold it against one "+
			"connection")
	}
	if code, err := strconv.Atoi(text(get(n, "status"), "code")); err == nil {
		in.status(code)
	}
}

// envoyShare says that a limit isn't for all requests; empty where it is. Nothing said is none.
func envoyShare(n *yaml.Node, name string) string {
	c := get(n, name)
	if c == nil {
		if get(n, "stat_prefix") != nil { // the filter's, not a part of one
			return name + " isn't said, which is 0 %, so that Envoy doesn't hold this limit"
		}
		return ""
	}
	v := get(c, "default_value")
	numerator, err := strconv.ParseFloat(text(v, "numerator"), 64)
	whole := map[string]float64{"": 100, "HUNDRED": 100, "TEN_THOUSAND": 10_000,
		"MILLION": 1_000_000}[text(v, "denominator")]
	if err != nil || numerator < whole {
		return name + " is less than all requests, so that Envoy doesn't hold this limit for all"
	}
	return ""
}

func (in *Import) envoyBucket(b *yaml.Node, of counted) {
	source := of.source
	most, ok := in.whole(b, "max_tokens")
	every, problem := span(get(b, "fill_interval"))
	if !ok || problem != "" {
		in.note(b.Line, "%s: %s", source, cmpOr(problem, "max_tokens isn't known"))
		return
	}
	step := 1
	if get(b, "tokens_per_fill") != nil {
		if step, ok = in.whole(b, "tokens_per_fill"); !ok {
			return
		}
	}
	step = min(step, most) // what doesn't fit is lost
	in.note(b.Line, "%s", versions)
	in.take(b.Line, of, promise.Law{Kind: promise.Bucket, N: most, Rate: float64(step) / every.Seconds(),
		Step: step, Every: every})
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// span reads a time as protobuf's JSON has it.
func span(n *yaml.Node) (time.Duration, string) {
	if n == nil {
		return 0, "fill_interval isn't said"
	}
	d, err := time.ParseDuration(n.Value)
	if err != nil || d <= 0 {
		return 0, fmt.Sprintf("fill_interval %q is not a time such as 1s", n.Value)
	}
	return d, ""
}

// descriptor is what a local limit's entries tell apart.
func (in *Import) descriptor(entries *yaml.Node) counted {
	of := counted{source: "descriptor"}
	if entries != nil {
		for _, e := range entries.Content {
			of = in.entryOf(e, of)
		}
	}
	return of
}

// entry adds what a descriptor's entry tells apart.
func (in *Import) entry(line int, key promise.Key, name string) promise.Key {
	k, known := keyOf(name)
	switch {
	case name == "remote_address" || name == "masked_remote_address":
		k, known = promise.Key{promise.Address}, true
	case name == "generic_key" || name == "destination_cluster" || name == "source_cluster" || name == "path" ||
		name == "method":
		known = true
	case strings.Contains(name, "user") || strings.Contains(name, "sub") || strings.Contains(name, "client") ||
		strings.Contains(name, "token"):
		k, known = promise.Key{promise.Credential}, true
		in.note(line, "%s: taken as who authenticates; the routes' actions say what it is", name)
	case strings.Contains(name, "tool"):
		k, known = promise.Key{promise.Tool}, true
		in.note(line, "%s: taken as the tool; the routes' actions say what it is", name)
	}
	if !known {
		in.note(line, "%s: what it tells apart the routes' actions say: taken as one counter for everybody", name)
	}
	for _, d := range k {
		if !key.Has(d) {
			key = append(append(promise.Key(nil), key...), d)
		}
	}
	return key
}

// units are those of Envoy's rate limit service and of Kong. Both count by the clock.
var units = map[string]time.Duration{"second": time.Second, "minute": time.Minute, "hour": time.Hour,
	"day": 24 * time.Hour}

// counted is what a descriptor's entries tell apart, and which requests they are about.
type counted struct {
	source string
	key    promise.Key
	tools  []string // only calls of these, of which entries have the names
	only   string   // requests of which no law can say which they are; empty: of all
}

// entryOf is what one entry more makes of it.
func (in *Import) entryOf(e *yaml.Node, of counted) counted {
	name, value := text(e, "key"), text(e, "value")
	of.source, of.key = of.source+", "+name, in.entry(e.Line, of.key, name)
	switch {
	case value == "" || value == "*":
		return of
	case strings.HasSuffix(value, "*"):
		of.only = name + "=" + value
	case strings.Contains(name, "tool"):
		of.tools = []string{value}
	case name != "generic_key":
		of.only = name + "=" + value
	}
	of.source += "=" + value
	return of
}

// take adds a law of what is counted, where a law can say of which requests it is.
func (in *Import) take(line int, of counted, l promise.Law) {
	l.Key, l.Charge.Tools = of.key, of.tools
	if of.only != "" {
		in.untaken(line, of.source, l, "only requests with %s are counted", of.only)
		return
	}
	in.law(line, of.source, l)
}

// envoyGlobal reads the tree of descriptors of Envoy's rate limit service. Of those side
// by side the one with the request's value counts it, and else the one without any.
func (in *Import) envoyGlobal(list *yaml.Node, within counted) {
	for _, d := range list.Content {
		of := in.entryOf(d, within)
		if of.only == "" && anyValue(d) {
			for _, sibling := range list.Content {
				if text(sibling, "key") == text(d, "key") && !anyValue(sibling) {
					of.only = "a value of " + text(d, "key") + " that no other descriptor has"
				}
			}
		}
		inner := get(d, "descriptors")
		if l := get(d, "rate_limit"); l != nil {
			if inner != nil {
				in.note(l.Line, "%s: counts what the routes send with no further entry", of.source)
			}
			for _, mode := range []string{"shadow_mode", "quota_mode"} {
				if text(d, mode) == "true" {
					in.note(l.Line, "%s: %s: nothing is refused", of.source, mode)
					l = nil
					break
				}
			}
			in.envoyLimit(l, of)
		}
		if inner != nil {
			if anyValue(d) {
				of.only = within.only
			}
			in.envoyGlobal(inner, of)
		}
	}
}

// limitMembers are those of a rate_limit.
var limitMembers = []string{"unit", "requests_per_unit", "unlimited", "name", "replaces"}

// anyValue reports if a descriptor counts whatever value comes, each apart.
func anyValue(d *yaml.Node) bool { v := text(d, "value"); return v == "" || v == "*" }

func (in *Import) envoyLimit(l *yaml.Node, of counted) {
	if l == nil {
		return
	}
	source := of.source
	unit := strings.ToLower(text(l, "unit"))
	for i := 0; l.Kind == yaml.MappingNode && i+1 < len(l.Content); i += 2 {
		if name := l.Content[i].Value; !slices.Contains(limitMembers, name) {
			in.note(l.Content[i].Line, "%s: %s isn't known, and may change what is counted: isn't taken", source, name)
			return
		}
	}
	switch {
	case text(l, "unlimited") == "true":
		in.note(l.Line, "%s: unlimited", source)
		return
	case units[unit] == 0:
		in.note(l.Line, "%s: a unit of %q: no law has windows of this length that begin by the clock", source, unit)
		return
	}
	if n, ok := in.whole(l, "requests_per_unit"); ok {
		in.take(l.Line, of, promise.Law{Kind: promise.Window, Style: promise.Aligned, N: n, Every: units[unit],
			Name: text(l, "name")})
	}
}
