package foreign

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"github.com/mcpload/mcpload/promise"
)

// maxDepth is how deep a file may nest.
const maxDepth = 100

// yaml reads what Envoy and Kong are configured with, as YAML or JSON, wherever in the
// file it stands: also within a Kubernetes object, or another tool's template.
func (in *Import) yaml(data []byte) error {
	loader, err := yaml.NewLoader(bytes.NewReader(data), yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		return err
	}
	for {
		var doc yaml.Node
		if err := loader.Load(&doc); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("no YAML, no nginx configuration, and no Python: %w", err)
		}
		for _, root := range doc.Content {
			in.walk(root, 0)
		}
	}
}

// walk looks for mappings that are known to hold limits.
func (in *Import) walk(n *yaml.Node, depth int) {
	if depth > maxDepth {
		return
	}
	if n.Kind == yaml.MappingNode {
		switch name := text(n, "name") + text(n, "plugin"); {
		case get(n, "token_bucket") != nil:
			in.envoyLocal(n)
			return
		case get(n, "domain") != nil && get(n, "descriptors") != nil:
			in.envoyGlobal(get(n, "descriptors"), nil, "domain "+text(n, "domain"))
			return
		case strings.HasSuffix(name, "rate-limiting") && get(n, "config") != nil:
			in.kong(n, name)
			return
		case strings.HasSuffix(name, "rate-limiting-advanced") && get(n, "config") != nil:
			in.kongAdvanced(n, name)
			return
		}
	}
	for _, c := range n.Content { // an alias is read where it is anchored
		in.walk(c, depth+1)
	}
}

// get is a member of a mapping; nil where there is none.
func get(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			if n.Content[i+1].Kind == yaml.AliasNode {
				return n.Content[i+1].Alias
			}
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
	in.envoyBucket(get(n, "token_bucket"), nil, "token_bucket")
	if d := get(n, "descriptors"); d != nil {
		for _, one := range d.Content {
			key, source := in.descriptor(get(one, "entries"))
			if b := get(one, "token_bucket"); b != nil {
				in.note(b.Line, "%s: what matches it is counted by this bucket, and the one above counts the rest or both, by version", source)
				in.envoyBucket(b, key, source)
			}
		}
	}
	for _, name := range []string{"filter_enabled", "filter_enforced"} {
		in.envoyShare(n, name)
	}
	if text(n, "local_rate_limit_per_downstream_connection") == "true" {
		in.note(n.Line, "each connection has a bucket of its own, which a key can't say: hold it against one connection")
	}
	if code, err := strconv.Atoi(text(get(n, "status"), "code")); err == nil {
		in.status(code)
	}
}

// envoyShare notes that a limit isn't for all requests. Nothing said is none.
func (in *Import) envoyShare(n *yaml.Node, name string) {
	c := get(n, name)
	if c == nil {
		if get(n, "stat_prefix") != nil { // the HTTP filter's, not a listener's
			in.note(n.Line, "%s isn't said, which is 0 %%: Envoy doesn't hold this limit", name)
		}
		return
	}
	v := get(c, "default_value")
	numerator, err := strconv.ParseFloat(text(v, "numerator"), 64)
	whole := map[string]float64{"": 100, "HUNDRED": 100, "TEN_THOUSAND": 10_000, "MILLION": 1_000_000}[text(v, "denominator")]
	if err != nil || numerator < whole {
		in.note(c.Line, "%s is less than all requests: Envoy doesn't hold this limit for all", name)
	}
}

func (in *Import) envoyBucket(b *yaml.Node, key promise.Key, source string) {
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
	in.law(b.Line, source, promise.Law{Kind: promise.Bucket, N: most, Rate: float64(step) / every.Seconds(), Step: step, Every: every, Key: key})
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

// descriptor is the key that a local limit's entries make.
func (in *Import) descriptor(entries *yaml.Node) (key promise.Key, source string) {
	source = "descriptor"
	if entries == nil {
		return nil, source
	}
	for _, e := range entries.Content {
		name, value := text(e, "key"), text(e, "value")
		source += " " + name
		if value != "" {
			in.note(e.Line, "%s=%s: only requests with this value are counted, and which those are the routes' actions say", name, value)
		}
		key = in.entry(e.Line, key, name)
	}
	return key, source
}

// entry adds what a descriptor's entry tells apart.
func (in *Import) entry(line int, key promise.Key, name string) promise.Key {
	k, known := keyOf(name)
	switch {
	case name == "remote_address" || name == "masked_remote_address":
		k, known = promise.Key{promise.Address}, true
	case name == "generic_key" || name == "destination_cluster" || name == "source_cluster" || name == "path" || name == "method":
		known = true
	case strings.Contains(name, "user") || strings.Contains(name, "sub") || strings.Contains(name, "client") || strings.Contains(name, "token"):
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
var units = map[string]time.Duration{"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}

// envoyGlobal reads the tree of descriptors of Envoy's rate limit service.
func (in *Import) envoyGlobal(list *yaml.Node, key promise.Key, source string) {
	for _, d := range list.Content {
		name := text(d, "key")
		at, here := source+", "+name, in.entry(d.Line, key, name)
		if v := text(d, "value"); v != "" {
			at += "=" + v
			if name != "generic_key" {
				in.note(d.Line, "%s: only requests with this value are counted", at)
			}
		}
		if l := get(d, "rate_limit"); l != nil {
			in.envoyLimit(l, here, at, text(d, "shadow_mode") == "true")
		}
		if inner := get(d, "descriptors"); inner != nil {
			in.envoyGlobal(inner, here, at)
		}
	}
}

func (in *Import) envoyLimit(l *yaml.Node, key promise.Key, source string, shadow bool) {
	unit := strings.ToLower(text(l, "unit"))
	switch {
	case text(l, "unlimited") == "true":
		in.note(l.Line, "%s: unlimited", source)
		return
	case shadow:
		in.note(l.Line, "%s: shadow_mode: nothing is refused", source)
		return
	case units[unit] == 0:
		in.note(l.Line, "%s: a unit of %q: no law has windows of this length that begin by the clock", source, unit)
		return
	}
	if n, ok := in.whole(l, "requests_per_unit"); ok {
		in.law(l.Line, source, promise.Law{Kind: promise.Window, Style: promise.Aligned, N: n, Every: units[unit], Name: text(l, "name"), Key: key})
	}
}
