package profiles

import (
	pathpkg "path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/promise"
)

var (
	nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	envForm  = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)
	// no other has a digit, which every key has
	providerForm = regexp.MustCompile(`^(?:[a-z][a-z-]{0,31}|e2b|context7|1password|auth0|mem0|n8n)$`)
)

const (
	nameWant = "1 to 64 of letters, digits, dot, dash and underscore, the first a letter or digit"
	// Said of values that may be credentials, which are never repeated.
	envWant      = "the name of an environment variable, such as OPENAI_API_KEY: never the value in it"
	providerWant = "who issues the credential, in small letters, such as openai or generic"
)

// profile reads a document onto p: what the document doesn't give keeps the
// value that p has, which is the parent's.
func (r *reader) profile(doc *yaml.Node, p *Profile) {
	r.at[""] = doc
	r.mapping(doc, "", false, []field{
		{"name", func(*yaml.Node, string) {}}, // read before, since others may inherit from it
		{"inherits", func(*yaml.Node, string) {}},
		{"doc", r.into(&p.Doc, "one sentence")},
		{"pattern", r.choice(&p.Pattern, patternNames()...)},
		{"limit", func(n *yaml.Node, path string) { r.limit(n, path, &p.Limit) }},
		{"promise", r.promise(&p.Promise)},
		{"observed", func(n *yaml.Node, path string) { r.observed(n, path, p) }},
		{"launch", func(n *yaml.Node, path string) { r.launch(n, path, &p.Launch) }},
		{"credentials", func(n *yaml.Node, path string) { r.credentials(n, path, p) }},
		{"providers", func(n *yaml.Node, path string) { p.Providers = r.providers(n, path) }},
		{"call", func(n *yaml.Node, path string) { r.call(n, path, &p.Call) }},
		{"refusal", func(n *yaml.Node, path string) { r.refusal(n, path, &p.Refusal) }},
	})
}

// into reads a text into a field.
func (r *reader) into(s *string, want string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		if text, ok := r.text(n, path, want); ok {
			*s = text
		}
	}
}

// formed reads a text that fits into a field. Of one that doesn't it says the problem, in
// which {it} is the text.
func (r *reader) formed(s *string, fits func(string) bool, problem, want string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		text, ok := r.text(n, path, want)
		if ok && !fits(text) {
			r.fault(n, path, strings.Replace(problem, "{it}", quote(text), 1), want)
		} else if ok {
			*s = text
		}
	}
}

// words reads the words of a command line.
func (r *reader) words(n *yaml.Node, path, want string) (words []string) {
	r.list(n, path, want, func(n *yaml.Node, path string) {
		if word, ok := r.scalar(n, path, "a word", "!!str", "!!int", "!!float", "!!bool", "!!timestamp"); ok {
			words = append(words, word)
		}
	})
	return words
}

// choice reads one of the known texts into a field.
func (r *reader) choice(s *string, known ...string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		if text, ok := r.oneOf(n, path, known...); ok {
			*s = text
		}
	}
}

// texts reads a list of different texts into a field.
func (r *reader) texts(list *[]string, want string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		*list = nil
		r.list(n, path, "a list of "+want, func(n *yaml.Node, path string) {
			text, ok := r.text(n, path, want)
			switch {
			case !ok:
			case slices.Contains(*list, text):
				r.fault(n, path, quote(text)+" is listed twice", "it once")
			default:
				*list = append(*list, text)
			}
		})
	}
}

// scope reads a scope into a field.
func (r *reader) scope(s *Scope) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		if text, ok := r.oneOf(n, path, string(Global), string(Client)); ok {
			*s = Scope(text)
		}
	}
}

// limit reads a limit: a mapping, or a text in the fleet's notation. A limit
// with numbers of its own is no longer inherited, nor a tier's.
func (r *reader) limit(n *yaml.Node, path string, l *Limit) {
	target := r.see(n, path)
	if target == nil {
		return
	}
	if target.Kind == yaml.ScalarNode {
		r.limitText(n, path, l)
		return
	}
	own := func(f field) field {
		return field{f.name, func(n *yaml.Node, path string) {
			l.Tier, l.Inherited = "", ""
			f.read(n, path)
		}}
	}
	r.mapping(n, path, false, []field{
		own(field{"tier", func(n *yaml.Node, path string) { r.tier(n, path, l) }}),
		own(field{"rate", r.rate(&l.Rate)}),
		own(field{"burst", r.burst(&l.Burst, 1)}),
		{"scope", r.scope(&l.Scope)},
		{"key", func(n *yaml.Node, path string) {
			if text, ok := r.oneOf(n, path, string(SessionKey), string(CredentialKey)); ok {
				l.Key = Key(text)
			}
		}},
		{"charges", r.methods(&l.Charges, true)},
		{"may_charge", r.methods(&l.MayCharge, true)},
		{"free", r.methods(&l.Free, false)},
	})
	if r.given("limit.tier") {
		for _, name := range []string{"limit.rate", "limit.burst"} {
			if r.given(name) {
				r.fault(r.at[name], name, "is given beside a tier", "a tier, or a rate and a burst")
			}
		}
	}
	if r.given("limit.charges") {
		l.Presumed = false
	}
}

func (r *reader) limitText(n *yaml.Node, path string, l *Limit) {
	text, ok := r.scalar(n, path, "a mapping, or text "+limitForms, "!!str", "!!int", "!!float")
	if !ok {
		return
	}
	given, problem := readLimit(text)
	switch {
	case problem != "":
		r.fault(n, path, problem, limitForms)
	case given.Burst == 0:
		r.fault(n, path, quote(text)+" names no burst", limitForms)
	default:
		l.Rate, l.Burst, l.Tier, l.Inherited = given.Rate, given.Burst, "", ""
	}
}

func (r *reader) tier(n *yaml.Node, path string, l *Limit) {
	name, ok := r.oneOf(n, path, tierNames()...)
	for _, t := range tiers {
		if ok && t.Name == name {
			l.Rate, l.Burst, l.Tier = t.Rate, t.Burst, t.Name
		}
	}
}

func (r *reader) rate(rate *float64) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		text, ok := r.scalar(n, path, promise.WantRate, "!!str", "!!int", "!!float")
		if !ok {
			return
		}
		got, problem := readRate(text)
		if problem != "" {
			r.fault(n, path, problem, promise.WantRate)
			return
		}
		*rate = got
	}
}

// burst reads a whole number of tokens; least 0 is for what was observed.
func (r *reader) burst(burst *int, least int) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		want := "a whole number of tokens, " + strconv.Itoa(least) + " or more"
		text, ok := r.scalar(n, path, want, "!!int", "!!float")
		if !ok {
			return
		}
		if least == 0 && text == "0" {
			*burst = 0
			return
		}
		got, problem := readBurst(text)
		if problem != "" {
			r.fault(n, path, problem, want)
			return
		}
		*burst = got
	}
}

// methods reads a list of JSON-RPC methods. A method that the protocol
// doesn't have is a warning only: a server may have its own.
func (r *reader) methods(list *[]string, any bool) func(*yaml.Node, string) {
	read := r.texts(list, "methods, such as tools/call")
	return func(n *yaml.Node, path string) {
		read(n, path)
		if !any && slices.Contains(*list, promise.Any) {
			r.fault(n, path, `"*" has no place here`, "methods, such as ping")
			*list = slices.DeleteFunc(*list, func(m string) bool { return m == promise.Any })
		}
		for _, m := range *list {
			if m != promise.Any && !slices.Contains(methods, m) && !promise.IsNotification(m) {
				r.warn(n, path, quote(m)+" is no method of the protocol"+DidYouMean(m, methods), "")
			}
		}
	}
}

// observed reads what the server's own code sets. It replaces the parent's
// whole: half of one server's code beside half of another's tells nothing.
func (r *reader) observed(n *yaml.Node, path string, p *Profile) {
	o := &Observed{Scope: Global}
	p.Observed = o
	r.mapping(n, path, false, []field{
		{"rate", func(n *yaml.Node, path string) {
			if s := r.see(n, path); s != nil && s.Kind == yaml.ScalarNode && s.Value == "0" {
				return // no limiter was found
			}
			r.rate(&o.Rate)(n, path)
		}},
		{"burst", r.burst(&o.Burst, 0)},
		{"scope", r.scope(&o.Scope)},
		{"promise", r.promise(&o.Promise)},
		{"source", r.into(&o.Source, "where it was read, such as server.py:65")},
		{"note", r.into(&o.Note, "one sentence")},
	})
}

// launch reads how a server is started.
func (r *reader) launch(n *yaml.Node, path string, l *Launch) {
	r.mapping(n, path, false, []field{
		{"install", r.install(&l.Install)},
		{"command", func(n *yaml.Node, path string) {
			l.Command = r.words(n, path, "a list of words, such as [python, -m, server], or [] for none")
			if len(l.Command) > 0 && strings.TrimSpace(l.Command[0]) == "" {
				r.fault(n, path, "begins with a blank", "the program's name")
			}
		}},
		{"env", func(n *yaml.Node, path string) {
			l.Env = nil
			r.list(n, path, "a list of names of environment variables", func(n *yaml.Node, path string) {
				if name, ok := r.env(n, path, l.Env); ok {
					l.Env = append(l.Env, name)
				}
			})
		}},
		{"logs", r.logs(&l.Logs)},
		{"transport", func(n *yaml.Node, path string) {
			if t, ok := r.oneOf(n, path, "http", "sse", "stdio"); ok && t != l.Transport {
				// The parent's place belongs to the parent's transport.
				l.Transport, l.Path = t, ""
				if t == "stdio" {
					l.Host, l.Port = "", 0
				}
			}
		}},
		{"host", r.host(&l.Host)},
		{"port", r.number(&l.Port, 1, 65535)},
		{"path", r.path(&l.Path)},
		{"ready", r.ready(&l.Ready)},
		{"note", r.into(&l.Note, "one sentence")},
	})
}

// logs reads patterns of files, as path.Match has them.
func (r *reader) logs(list *[]string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		r.texts(list, "patterns of files, such as logs/*.log")(n, path)
		for _, pattern := range *list {
			if _, err := pathpkg.Match(pattern, ""); err != nil {
				r.fault(n, path, quote(pattern)+" is no pattern",
					"a file's path, in which * stands for any characters but /")
			}
		}
	}
}

func (r *reader) host(host *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		text, ok := r.text(n, path, "a host, such as 127.0.0.1")
		if ok && strings.ContainsAny(text, "/@?# \t\n[]") {
			r.fault(n, path, quote(text)+" is no host", "a host alone, such as 127.0.0.1")
		} else if ok {
			*host = text
		}
	}
}

func (r *reader) path(to *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		text, ok := r.text(n, path, "a path, such as /mcp")
		if ok && (text[0] != '/' || strings.ContainsAny(text, " \t\r\n#")) {
			r.fault(n, path, quote(text)+" is no path", "one that begins with /, such as /mcp")
		} else if ok {
			*to = text
		}
	}
}

func (r *reader) ready(d *time.Duration) func(*yaml.Node, string) {
	const want = "a time above 0 and up to 1h, such as 30s"
	return func(n *yaml.Node, path string) {
		text, ok := r.text(n, path, want)
		if !ok {
			return
		}
		got, err := time.ParseDuration(text)
		if err != nil || got <= 0 || got > time.Hour {
			r.fault(n, path, quote(text)+" is no such time", want)
			return
		}
		*d = got
	}
}

// number reads a whole number of a range into a field.
func (r *reader) number(i *int, least, most int) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		want := "a whole number from " + strconv.Itoa(least) + " to " + strconv.Itoa(most)
		text, ok := r.scalar(n, path, want, "!!int", "!!float")
		if !ok {
			return
		}
		got, err := strconv.Atoi(text)
		if err != nil || got < least || got > most {
			r.fault(n, path, quote(text)+" is out of range", want)
			return
		}
		*i = got
	}
}
