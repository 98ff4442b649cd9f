package profiles

import (
	"errors"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/promise"
)

// credentials reads which environment variables hold credentials. What stands
// in the place of a name may be the credential itself, so it is not repeated.
func (r *reader) credentials(n *yaml.Node, path string, p *Profile) {
	p.Credentials = nil
	var seen []string
	r.list(n, path, "a list of mappings with env, provider, required or optional, one_of",
		func(n *yaml.Node, path string) {
			if c := r.credential(n, path, seen); c.Env != "" {
				seen = append(seen, c.Env)
				p.Credentials = append(p.Credentials, c)
			}
		})
}

// credential reads one of them. What is no name of a variable stays empty, and was noted.
func (r *reader) credential(n *yaml.Node, path string, seen []string) Credential {
	c := Credential{Provider: "generic"}
	optional := false
	r.mapping(n, path, true, []field{
		{"env", func(n *yaml.Node, path string) { c.Env, _ = r.env(n, path, seen) }},
		{"provider", r.formed(&c.Provider, providerForm.MatchString, "is no provider's name", providerWant)},
		{"required", r.truth(&c.Required)},
		{"optional", r.truth(&optional)},
		{"one_of", r.formed(&c.OneOf, nameForm.MatchString, "is no name of a group", groupWant)},
	})
	c.Required = c.Required || c.OneOf != ""
	switch {
	case optional && r.given(path+".required") && c.Required:
		r.fault(n, path+".optional", "contradicts required", "one of them")
	case optional && c.OneOf != "":
		r.fault(n, path+".optional", "contradicts one_of, of which one is required", "one of them")
	case r.given(path + ".optional"):
		c.Required = !optional
	}
	if !r.given(path+".env") && !r.faulty(path) {
		r.fault(n, path+".env", "is missing", envWant)
	}
	return c
}

// env returns the name of an environment variable that isn't in the list yet.
func (r *reader) env(n *yaml.Node, path string, seen []string) (string, bool) {
	name, ok := r.text(n, path, envWant)
	switch {
	case !ok:
		return "", false
	case !envForm.MatchString(name):
		r.fault(n, path, "is no name of an environment variable", envWant)
		return "", false
	case slices.Contains(seen, name):
		r.fault(n, path, quote(name)+" is listed twice", "it once")
		return "", false
	}
	return name, true
}

// call reads the request to load the server with. Another tool or method than
// the parent's drops the parent's arguments.
func (r *reader) call(n *yaml.Node, path string, c *LoadCall) {
	r.mapping(n, path, false, []field{
		{"method", func(n *yaml.Node, path string) {
			if method, ok := r.text(n, path, "a method, such as tools/list"); ok {
				c.Method, c.Tool, c.Arguments, c.Unsaid = method, "", nil, false
				if promise.IsNotification(method) {
					r.fault(n, path, quote(method)+" gets no answer", "a request, such as tools/list")
				}
			}
		}},
		{"tool", func(n *yaml.Node, path string) {
			if tool, ok := r.text(n, path, "a tool's name"); ok {
				c.Tool, c.Arguments, c.Unsaid = tool, nil, false
				if !r.given("call.method") {
					c.Method = "tools/call"
				}
			}
		}},
		{"arguments", func(n *yaml.Node, path string) { c.Arguments = r.json(n, path) }},
		{"never", r.texts(&c.Never, `tools' names, such as send_message or "delete_*"`)},
	})
}

// refusal reads how the server signals that it refused.
func (r *reader) refusal(n *yaml.Node, path string, f *Refusal) {
	r.mapping(n, path, false, []field{
		{"codes", r.numbers(&f.Codes, math.MinInt32, math.MaxInt32)},
		{"statuses", r.numbers(&f.Statuses, 400, 599)},
		{"text", r.pattern(&f.Text)},
		{"plain", r.pattern(&f.Plain)},
		{"resets", r.truth(&f.Resets)},
		{"not", func(n *yaml.Node, path string) {
			r.mapping(n, path, false, []field{
				{"codes", r.numbers(&f.Not.Codes, math.MinInt32, math.MaxInt32)},
				{"statuses", r.numbers(&f.Not.Statuses, 400, 599)},
				{"text", r.pattern(&f.Not.Text)},
			})
		}},
		{"status", r.number(&f.Shape.Status, 400, 599)},
		{"code", r.number(&f.Shape.Code, math.MinInt32, math.MaxInt32)},
		{"retry_after", r.choice(&f.Shape.RetryAfter, retryForms...)},
		{"headers", r.choice(&f.Shape.Headers, headerForms...)},
	})
	// Whoever promises a sign means it to be one.
	if s := f.Shape.Status; s != 0 && !slices.Contains(f.Statuses, s) {
		f.Statuses = append(slices.Clone(f.Statuses), s)
	}
	if c := f.Shape.Code; c != 0 && !slices.Contains(f.Codes, c) {
		f.Codes = append(slices.Clone(f.Codes), c)
	}
}

// pattern reads a pattern for refusals into a field.
func (r *reader) pattern(to *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		const want = `an RE2 pattern, such as "rate limit", or "" for none`
		text, ok := r.scalar(n, path, want, "!!str")
		if !ok {
			return
		}
		if problem := badPattern(text); problem != "" {
			r.fault(n, path, problem, want)
			return
		}
		*to = text
	}
}

// badPattern says what is wrong with a pattern for refusals. One that matches
// the empty text matches every text, so that any error would count as a
// refusal.
func badPattern(text string) string {
	const most = 1000
	if text == "" {
		return ""
	}
	if len(text) > most {
		return "is longer than 1000 bytes"
	}
	re, err := regexp.Compile(text)
	switch {
	case err != nil:
		var why *syntax.Error
		if errors.As(err, &why) {
			return quote(text) + " is no pattern: " + why.Code.String() + " at " + quote(why.Expr)
		}
		return quote(text) + " is no pattern"
	case re.MatchString(""):
		return quote(text) + " matches every text"
	}
	return ""
}

func (r *reader) numbers(list *[]int, least, most int) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		*list = nil
		r.list(n, path, "a list of whole numbers", func(n *yaml.Node, path string) {
			before, got := len(r.faults)+r.more, 0
			r.number(&got, least, most)(n, path)
			switch {
			case len(r.faults)+r.more > before || r.spent:
			case slices.Contains(*list, got):
				r.fault(n, path, "is listed twice", "it once")
			default:
				*list = append(*list, got)
			}
		})
	}
}
