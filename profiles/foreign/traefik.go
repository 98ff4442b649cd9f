package foreign

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/promise"
)

// A setting is one value of a Traefik middleware, and where it stands.
type setting struct {
	line  int
	value string
}

// A middleware is what one of Traefik's is set to, by the rest of each setting's path in
// small letters: "average", "sourcecriterion.ipstrategy.depth".
type middleware struct {
	name, kind string
	line       int
	set        map[string]setting
}

var (
	// labelForm is a setting as labels have it, and as TOML and YAML have it once their
	// sections are put before it.
	labelForm = regexp.MustCompile(`(?i)^(?:traefik\.)?http\.middlewares\.([^.]+)\.(ratelimit|inflightreq)\.([\w.]+)$`)
	tableForm = regexp.MustCompile(`^\[+\s*([^\[\]]+?)\s*\]+$`)
)

// setting notes one setting by its whole path, and reports if that is one of a limit.
func (in *Import) setting(path string, line int, value string) bool {
	m := labelForm.FindStringSubmatch(path)
	if m == nil {
		return false
	}
	kind := strings.ToLower(m[2])
	at := slices.IndexFunc(in.traefik, func(w *middleware) bool { return w.name == m[1] && w.kind == kind })
	if at < 0 {
		at = len(in.traefik)
		in.traefik = append(in.traefik, &middleware{m[1], kind, line, map[string]setting{}})
	}
	in.traefik[at].set[strings.ToLower(m[3])] = setting{line, value}
	return true
}

// settings notes all that stands below a mapping, whose path begins so.
func (in *Import) settings(path string, n *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, v := path+"."+n.Content[i].Value, n.Content[i+1]
		if v.Kind == yaml.MappingNode {
			in.settings(name, v)
			if len(v.Content) == 0 { // ipStrategy: {}
				in.setting(name, v.Line, "")
			}
			continue
		}
		in.setting(name, v.Line, v.Value)
	}
}

// traefikNode reads a mapping that is named rateLimit or inFlightReq, or labels, and
// reports if there was any of that.
func (in *Import) traefikNode(n *yaml.Node, name string) (found bool) {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		kind := strings.ToLower(key.Value)
		switch {
		case in.setting(key.Value, key.Line, v.Value): // labels as a mapping
			found = true
		case v.Kind == yaml.MappingNode && (kind == "ratelimit" && get(v, "average") != nil ||
			kind == "inflightreq" && get(v, "amount") != nil):
			in.settings("http.middlewares."+strings.ReplaceAll(name, ".", "_")+"."+kind, v)
			found = true
		}
	}
	if n.Kind == yaml.ScalarNode { // a label in a list
		path, value, _ := strings.Cut(n.Value, "=")
		found = in.setting(path, n.Line, value)
	}
	return found
}

// toml reads the tables of Traefik's own format: of their values only those that stand in
// one line.
func (in *Import) toml(text string) {
	table := ""
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if m := tableForm.FindStringSubmatch(line); m != nil {
			table = m[1] + "."
			in.setting(m[1], i+1, "")
			continue
		}
		if name, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			value, _, _ = strings.Cut(value, " #")
			in.setting(table+strings.TrimSpace(name), i+1, strings.Trim(strings.TrimSpace(value), `"'`))
		}
	}
}

// middlewares adds what Traefik's promise, once all their settings are known.
func (in *Import) middlewares() {
	for _, m := range in.traefik {
		taken := len(in.Laws)
		if m.kind == "ratelimit" {
			in.rateLimit(m)
		} else if n, ok := in.amount(m, "amount"); ok {
			in.law(m.line, "inFlightReq "+m.name, promise.Law{Kind: promise.Cap, N: n, Key: in.criterion(m, nil)})
		}
		if len(in.Laws) > taken {
			in.place(m.line)
		}
	}
}

// rateLimit adds a bucket. Traefik holds a request back for as long as half the time
// between two tokens, rather than to refuse it.
func (in *Import) rateLimit(m *middleware) {
	source := "rateLimit " + m.name
	if average := m.set["average"]; average.value == "0" || average.value == "" {
		in.note(m.line, "%s: an average of 0 is no limit", source)
		return
	}
	average, ok := in.amount(m, "average")
	if !ok {
		return
	}
	burst := 1
	if said := m.set["burst"].value; said != "" && said != "0" {
		if burst, ok = in.amount(m, "burst"); !ok {
			return
		}
	}
	period := time.Second
	if said := m.set["period"]; said.value != "" && said.value != "0" {
		var err error
		if period, err = time.ParseDuration(said.value); err != nil {
			var n int
			n, err = strconv.Atoi(said.value) // Traefik takes a bare number for seconds
			period = time.Duration(n) * time.Second
		}
		if err != nil || period <= 0 {
			in.note(said.line, "%s: period %q is not a time such as 1m", source, said.value)
			return
		}
	}
	rate := float64(average) / period.Seconds()
	l := promise.Law{Kind: promise.Bucket, N: burst, Rate: rate, Wait: 500 * time.Millisecond,
		Key: in.criterion(m, promise.Key{promise.Address})}
	forgets := 2 * time.Second
	if rate >= 1 {
		l.Wait = time.Second / time.Duration(2*int(rate))
	} else {
		forgets = time.Duration(1+int(1/rate)) * time.Second
	}
	if l.Refilled() > forgets {
		in.note(m.line, "%s: Traefik forgets who sends nothing for %s, and then grants the burst again: that is more "+
			"than this law grants", source, forgets)
	}
	for name, said := range m.set {
		if strings.HasPrefix(name, "redis.") {
			in.note(said.line, "%s: counted in Redis, and so for all replicas together", source)
			break
		}
	}
	in.law(m.line, source, l)
}

// amount is a setting that is a whole number above 0.
func (in *Import) amount(m *middleware, name string) (int, bool) {
	said := m.set[name]
	n, err := strconv.Atoi(said.value)
	if err != nil || n < 1 {
		in.note(max(said.line, m.line), "%s %s: %s is %q, which is no whole number above 0", m.kind, m.name, name,
			said.value)
	}
	return n, err == nil && n > 0
}

// criterion is who shares a counter, where anything says it.
func (in *Import) criterion(m *middleware, otherwise promise.Key) promise.Key {
	const at = "sourcecriterion."
	if h := m.set[at+"requestheadername"]; h.value != "" {
		if key, ok := keyOf(h.value); ok {
			return key
		}
		in.note(h.line, "%s: who shares a counter is what the header %s says: taken as one counter a credential",
			m.name, h.value)
		return promise.Key{promise.Credential}
	}
	for name, said := range m.set {
		if strings.HasPrefix(name, at+"ipstrategy") {
			if strings.HasSuffix(name, "depth") || strings.HasSuffix(name, "excludedips") {
				in.note(said.line, "%s: the address is taken from X-Forwarded-For", m.name)
			}
			otherwise = promise.Key{promise.Address}
		}
	}
	if m.set[at+"requesthost"].value == "true" {
		return nil // a server has one name, as a rule
	}
	return otherwise
}
