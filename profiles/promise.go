package profiles

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/promise"
)

// promise reads a list of laws, each as text or as a mapping. One that stands alone is
// a list of one.
func (r *reader) promise(to *promise.Promise) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		*to = nil
		seen := map[string]string{}
		one := func(n *yaml.Node, path string) {
			l, ok := r.law(n, path)
			if !ok {
				return
			}
			if first, twice := seen[l.String()]; twice {
				r.fault(n, path, "says what "+first+" says: "+l.String(), "it once")
				return
			}
			seen[l.String()] = path
			*to = append(*to, l)
			r.at[path] = n
		}
		target := r.see(n, path)
		if target == nil {
			return
		}
		if target.Kind != yaml.SequenceNode {
			one(n, path)
			return
		}
		switch count := len(target.Content); {
		case count == 0:
			r.fault(n, path, "is empty", "a list of laws, "+promise.WantLaw)
		case count > promise.MaxLaws:
			r.fault(n, path, fmt.Sprintf("has %d laws", count), fmt.Sprintf("at most %d", promise.MaxLaws))
			return
		}
		for i, c := range target.Content {
			one(c, fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

// law reads one law.
func (r *reader) law(n *yaml.Node, path string) (promise.Law, bool) {
	target := r.see(n, path)
	if target == nil {
		return promise.Law{}, false
	}
	if target.Kind == yaml.MappingNode {
		return r.lawMapping(n, path)
	}
	text, ok := r.scalar(n, path, "a mapping, or text "+promise.WantLaw, "!!str", "!!int", "!!float")
	if !ok {
		return promise.Law{}, false
	}
	l, err := promise.Parse(text)
	if bad := new(promise.SyntaxError); errors.As(err, &bad) {
		r.fault(n, path, bad.Problem, bad.Want)
	}
	return l, err == nil
}

// lawKinds are the fields that name a law's kind, with its number.
var lawKinds = []string{"bucket", "window", "quota", "cap", "sessions"}

// lawMapping reads a law that is spelt out.
func (r *reader) lawMapping(n *yaml.Node, path string) (promise.Law, bool) {
	before := r.wrong()
	l, kinds := promise.Law{}, []string{}
	kind := func(name string, read func(*yaml.Node, string)) field {
		return field{name, func(n *yaml.Node, path string) { kinds = append(kinds, name); read(n, path) }}
	}
	r.mapping(n, path, false, slices.Concat([]field{
		kind("bucket", r.rate(&l.Rate)),
		kind("window", r.number(&l.N, 1, 1_000_000_000)),
		kind("quota", r.number(&l.N, 1, 1_000_000_000)),
		kind("cap", r.number(&l.N, 1, 1_000_000_000)),
		kind("sessions", r.number(&l.N, 1, 1_000_000_000)),
		{"burst", func(n *yaml.Node, at string) {
			if !r.given(path + ".bucket") {
				r.fault(n, at, "is a bucket's", "bucket: RATE beside it")
				return
			}
			r.burst(&l.N, 1)(n, at)
		}},
		{"every", func(n *yaml.Node, at string) { r.every(n, at, r.given(path+".quota"), &l) }},
		{"kind", r.style(&l.Style)},
		{"steps", r.steps(&l)},
		{"zone", r.into(&l.Zone, "a time zone, such as UTC or Europe/Paris")},
	}, r.lawMore(&l)))
	switch want := "one of " + strings.Join(lawKinds, ", "); {
	case len(kinds) == 0 && r.wrong() == before:
		r.fault(n, path, "names no kind of law", want)
	case len(kinds) > 1:
		r.fault(n, path, "is a "+strings.Join(kinds, " and a ")+" at once", want)
	case len(kinds) == 1:
		if l.Kind = promise.Kind(kinds[0]); l.Kind == promise.Sessions && l.Charge.Methods == nil {
			l.Charge.Methods = promise.SessionCharge().Methods
		}
		r.lawMissing(n, path, l)
	}
	if r.wrong() > before || r.spent {
		return l, false
	}
	if err := l.Validate(); err != nil {
		r.fault(n, path, err.Error(), "")
		return l, false
	}
	return l, true
}

// lawMissing notes what a law of its kind must say.
func (r *reader) lawMissing(n *yaml.Node, path string, l promise.Law) {
	missing := func(name, want string) {
		if !r.given(path + "." + name) {
			r.fault(n, path+"."+name, "is missing", want)
		}
	}
	switch l.Kind {
	case promise.Bucket:
		missing("burst", "a whole number of tokens, 1 or more")
	case promise.Window:
		missing("every", promise.WantSpan)
	case promise.Quota:
		missing("every", "hour, day or month")
	}
}

// lawMore are the fields that laws of every kind may have.
func (r *reader) lawMore(l *promise.Law) []field {
	c := &l.Charge
	return []field{
		{"per", r.key(&l.Key)},
		{"methods", r.filled(&c.Methods, r.methods(&c.Methods, true))},
		{"may", r.filled(&c.May, r.methods(&c.May, true))},
		{"free", r.filled(&c.Free, r.methods(&c.Free, false))},
		{"tools", r.filled(&c.Tools, r.texts(&c.Tools, `tools' names, such as search or "render_*"`))},
		{"units", r.units(&c.Units)},
		{"outcomes", func(n *yaml.Node, path string) {
			if text, ok := r.oneOf(n, path, "all", string(promise.Failures), string(promise.Successes)); ok &&
				text != "all" {
				c.Outcomes = promise.Outcomes(text)
			}
		}},
		{"refusals", func(n *yaml.Node, path string) {
			if text, ok := r.oneOf(n, path, "charged", "free"); ok {
				c.Refused = text == "charged"
			}
		}},
		{"elastic", r.truth(&l.Elastic)},
		{"queue", r.span(&l.Wait)},
		{"lockout", r.span(&l.Lockout)},
		{"name", r.into(&l.Name, "what the server calls the limit")},
	}
}

// wrong is how many faults there are, warnings apart.
func (r *reader) wrong() (n int) {
	for _, f := range r.faults {
		if !f.Warning {
			n++
		}
	}
	return n + r.more
}

// filled refuses a list with nothing in it.
func (r *reader) filled(list *[]string, read func(*yaml.Node, string)) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		before := r.wrong()
		read(n, path)
		if len(*list) == 0 && r.wrong() == before && !r.spent {
			r.fault(n, path, "is empty", "one at least, or no such field")
		}
	}
}

// span reads a time above 0.
func (r *reader) span(to *time.Duration) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		text, ok := r.text(n, path, promise.WantSpan)
		if !ok {
			return
		}
		got, err := promise.ParseSpan(text)
		if err != nil {
			r.fault(n, path, problemOf(err), promise.WantSpan)
			return
		}
		*to = got
	}
}

// every reads the length of a window, or a quota's calendar unit.
func (r *reader) every(n *yaml.Node, path string, quota bool, l *promise.Law) {
	if !quota {
		r.span(&l.Every)(n, path)
		return
	}
	if text, ok := r.oneOf(n, path, string(promise.Hour), string(promise.Day), string(promise.Month)); ok {
		l.Unit = promise.Unit(text)
	}
}

// style reads where windows lie.
func (r *reader) style(to *promise.Style) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		if text, ok := r.oneOf(n, path, string(promise.Sliding), string(promise.Fixed), string(promise.Aligned),
			string(promise.Counter)); ok {
			*to = promise.Style(text)
		}
	}
}

// steps reads how many tokens come at once, and how often.
func (r *reader) steps(l *promise.Law) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		r.mapping(n, path, false, []field{
			{"tokens", r.number(&l.Step, 1, 1_000_000_000)},
			{"every", r.span(&l.Every)},
		})
		for name, want := range map[string]string{"tokens": "how many come at once", "every": promise.WantSpan} {
			if !r.given(path+"."+name) && !r.faulty(path) {
				r.fault(n, path+"."+name, "is missing", want)
			}
		}
	}
}

// key reads who shares a counter: a text, or a list.
func (r *reader) key(to *promise.Key) func(*yaml.Node, string) {
	const want = "session, credential, address, tool, method, everybody, or a list of them"
	return func(n *yaml.Node, path string) {
		target := r.see(n, path)
		if target == nil {
			return
		}
		var words []string
		if target.Kind == yaml.SequenceNode {
			r.texts(&words, want)(n, path)
			if len(words) == 0 && !r.faulty(path) {
				r.fault(n, path, "is empty", want)
			}
		} else if text, ok := r.text(n, path, want); ok {
			words = []string{text}
		}
		if len(words) == 0 {
			return
		}
		key, err := promise.ParseKey(strings.Join(words, "+"))
		if err != nil {
			r.fault(n, path, problemOf(err), want)
			return
		}
		*to = key
	}
}

// units reads what a call of a tool costs.
func (r *reader) units(to *map[string]int) func(*yaml.Node, string) {
	const want = "tools and what a call of each costs, such as {search: 1, crawl: 5}"
	return func(n *yaml.Node, path string) {
		m := r.see(n, path)
		if m == nil {
			return
		}
		if m.Kind != yaml.MappingNode || len(m.Content) == 0 {
			r.fault(n, path, "is "+kindOf(m)+orEmpty(m), want)
			return
		}
		*to = map[string]int{}
		for i := 0; i+1 < len(m.Content); i += 2 {
			tool, ok := r.text(m.Content[i], path, "a tool's name")
			if !ok {
				continue
			}
			if _, twice := (*to)[tool]; twice {
				r.fault(m.Content[i], path+"."+printable(tool), "is given twice", "it once")
				continue
			}
			cost := 0
			r.number(&cost, 0, 1_000_000_000)(m.Content[i+1], path+"."+printable(tool))
			(*to)[tool] = cost
		}
	}
}

func orEmpty(n *yaml.Node) string {
	if n.Kind == yaml.MappingNode {
		return " without a tool"
	}
	return ""
}

// truth reads true or false.
func (r *reader) truth(to *bool) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		text, ok := r.scalar(n, path, "true or false", "!!bool")
		switch {
		case !ok:
		case strings.EqualFold(text, "true"), strings.EqualFold(text, "false"):
			*to = strings.EqualFold(text, "true")
		default:
			r.fault(n, path, "is a truth value by its tag alone", "true or false")
		}
	}
}

// asked reports if a plan asks a law that names this method with it, whatever else it sends.
func asked(method string) bool {
	return slices.Contains([]string{"tools/list", "ping", "resources/list", "prompts/list", "initialize", "prompts/get",
		"resources/read", "completion/complete"}, method)
}

// checkPromise notes a limit that the promise doesn't have, and laws that no call can
// meet.
func (r *reader) checkPromise(p *Profile) {
	if !r.given("promise") || r.faulty("promise") {
		return
	}
	if r.given("limit") && !r.faulty("limit") && r.stated.Rate > 0 &&
		!slices.ContainsFunc(p.Promise, func(l promise.Law) bool {
			return l.Kind == promise.Bucket && l.Rate == r.stated.Rate && l.N == r.stated.Burst
		}) {
		r.fault(r.at["limit"], "limit", fmt.Sprintf("%s is no law of the promise", r.stated),
			"a bucket that the promise has as well, or no limit")
	}
	for x, l := range p.Promise {
		method, tool := p.Call.Method, p.Call.Tool
		if p.Call.Unsaid {
			method, tool = "tools/call", "" // a tool of the server's may be chosen
		}
		if !l.Applies(method, tool) {
			if len(l.Charge.Tools) > 0 {
				continue // the server may have such that are harmless, which are asked
			}
			if k := slices.IndexFunc(l.Charge.Methods, asked); k >= 0 {
				method, tool = l.Charge.Methods[k], ""
			}
		}
		why := p.Promise.Unreached(x, method, tool)
		if why == "" {
			continue
		}
		r.warn(r.place(fmt.Sprintf("promise[%d]", x), "promise"), fmt.Sprintf("promise[%d]", x),
			"no call of the plan can meet this law: "+why, "")
	}
}

// promisedIn says where a promise stands.
func (r *reader) promisedIn() string {
	n := r.at["promise"]
	if n == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d", filepath.ToSlash(r.file), n.Line)
}
