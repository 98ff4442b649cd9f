package foreign

import (
	"strconv"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/promise"
)

// kong reads the plugin rate-limiting: a window by the clock for each unit that is set.
func (in *Import) kong(plugin *yaml.Node, name string) {
	config := get(plugin, "config")
	if in.kongOff(plugin, name) {
		return
	}
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
		in.note(plugin.Line, "%s: policy local: each node counts for itself, so several let through as many times as much", name)
	default:
		if text(config, "fault_tolerant") != "false" {
			in.note(plugin.Line, "%s: fault_tolerant: while the store can't be reached, nothing is refused", name)
		}
		if rate := text(config, "sync_rate"); rate != "" && rate != "-1" {
			in.note(plugin.Line, "%s: sync_rate %s: nodes tell each other that late, so more may be let through", name, rate)
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
	if in.kongOff(plugin, name) {
		return
	}
	limits, sizes := get(config, "limit"), get(config, "window_size")
	if limits == nil || sizes == nil || limits.Kind != yaml.SequenceNode || sizes.Kind != yaml.SequenceNode || len(limits.Content) != len(sizes.Content) {
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
		in.law(c.Line, name+" limit", promise.Law{Kind: promise.Window, Style: style, N: n, Every: time.Duration(seconds) * time.Second, Key: key})
	}
	if rate := text(config, "sync_rate"); rate != "0" {
		in.note(plugin.Line, "%s: nodes tell each other late unless sync_rate is 0, so several may let more through", name)
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
	off := text(plugin, "enabled") == "false"
	if off {
		in.note(plugin.Line, "%s: not enabled", name)
	}
	return off
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
