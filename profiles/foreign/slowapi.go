package foreign

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/promise"
)

var (
	decoratorForm = regexp.MustCompile(`@\s*\w+\.(limit|shared_limit)\s*\(`)
	functionForm  = regexp.MustCompile(`(?m)^[ \t]*(?:async[ \t]+)?def[ \t]+\w+`)
	routeForm     = regexp.MustCompile(`@\s*\w+\.(?:get|post|put|delete|patch|api_route|route)\(\s*["']([^"'\n]*)["']`)
	quotedForm    = regexp.MustCompile(`"[^"\n]*"|'[^'\n]*'`)
	limitForm     = regexp.MustCompile(`^(\d+)\s*(?:/|\s+per\s+)\s*(\d+)?\s*(second|minute|hour|day|month|year)s?$`)
	constantForm  = regexp.MustCompile(`^lambda[^:]*:\s*["']`)
)

// A slowLimiter is what slowapi's Limiter is constructed with.
type slowLimiter struct {
	line   int
	source string
	args   map[string]string
}

// A slowLimit is one limit in slowapi's words, and who it is for.
type slowLimit struct {
	line    int
	source  string
	text    string // as it stands in the program
	key     string // the function that names who shares a counter
	options map[string]string
}

// slowapi reads the limits of slowapi: those of its Limiter, and of the routes that are
// decorated. A route with limits of its own isn't held by the Limiter's default ones.
func (in *Import) slowapi(limiters []slowLimiter, text, code string) {
	var l slowLimiter
	for i, one := range limiters {
		if l = one; i > 0 {
			in.note(one.line, "a second Limiter: the routes' limits are taken as this one's")
		}
		if one.args["enabled"] == "False" {
			in.note(one.line, "Limiter: enabled=False: nothing is refused")
			return
		}
	}
	overridden := false
	for _, at := range decoratorForm.FindAllStringSubmatchIndex(code, -1) {
		overridden = in.decorated(l, at, text, code) || overridden
	}
	for _, one := range limiters {
		for _, name := range []string{"default_limits", "application_limits"} {
			if said := one.args[name]; said != "" && said != "[]" {
				if name == "default_limits" && overridden {
					in.note(one.line, "default_limits: the MCP route has limits of its own, and these don't hold there")
					continue
				}
				in.slowLimits(one, slowLimit{one.line, name + " " + said, said, one.args["key_func"], nil})
			}
		}
	}
}

// decorated reads the limit of one route, and reports if it is taken, and the default ones
// don't hold there.
func (in *Import) decorated(l slowLimiter, at []int, text, code string) bool {
	name, line := code[at[2]:at[3]], 1+strings.Count(code[:at[2]], "\n")
	end := closing(code, at[1]-1)
	if end < 0 {
		in.note(line, "%s( isn't closed", name)
		return false
	}
	args, ok := in.arguments("limiter."+name, line, text[at[1]:end], code[at[1]:end])
	if !ok {
		return false
	}
	source := name + "(" + squeeze(text[at[1]:end]) + ")"
	route := routeOf(text, code, at[0])
	if methods := strings.ToLower(args["methods"]); methods != "" && !strings.Contains(methods, "post") {
		in.note(line, "%s isn't taken: it counts other HTTP methods than POST", source)
		return false
	}
	if route != "" && !strings.Contains(strings.ToLower(route), "mcp") {
		in.note(line, "%s isn't taken: it holds for %s, which doesn't look like the MCP server's", source, route)
		return false
	}
	if route == "" {
		in.note(line, "%s: taken as a limit of the MCP server's route, which isn't said here", source)
	}
	if args["exempt_when"] != "" {
		in.note(line, "%s: who is exempt is what exempt_when returns", source)
	}
	key := args["key_func"]
	if key == "" {
		key = l.args["key_func"]
	}
	taken := len(in.Laws)
	in.slowLimits(l, slowLimit{line, source, args["limit_value"], key, args})
	return len(in.Laws) > taken && args["override_defaults"] != "False"
}

// routeOf is the path of the route that a decorator stands at; empty where none is said.
func routeOf(text, code string, at int) string {
	from, to := 0, len(code)
	for _, f := range functionForm.FindAllStringIndex(code, -1) {
		if f[0] > at {
			to = f[0]
			break
		}
		from = f[1]
	}
	list := routeForm.FindAllStringSubmatch(text[from:to], -1)
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1][1]
}

// strategies are the windows of the library that slowapi counts with.
var strategies = map[string]promise.Style{"": promise.Fixed, "fixed-window": promise.Fixed,
	"fixed-window-elastic-expiry": promise.Fixed, "moving-window": promise.Sliding,
	"sliding-window-counter": promise.Counter}

// slowUnits are how long they are there.
var slowUnits = map[string]time.Duration{"second": time.Second, "minute": time.Minute, "hour": time.Hour,
	"day": 24 * time.Hour, "month": 30 * 24 * time.Hour, "year": 360 * 24 * time.Hour}

// slowLimits adds all limits of a text such as "10/minute;100 per 2 hours", or of a list of
// such.
func (in *Import) slowLimits(l slowLimiter, s slowLimit) {
	strategy := strings.Trim(l.args["strategy"], `"'`)
	style, known := strategies[strategy]
	if !known {
		in.note(l.line, "Limiter: strategy %q isn't known", strategy)
		return
	}
	quotes := quotedForm.FindAllString(s.text, -1)
	if rest := strings.Trim(quotedForm.ReplaceAllString(s.text, ""), "[]() ,"); rest != "" || len(quotes) == 0 {
		in.note(s.line, "%s: %q only the program knows", s.source, s.text)
		return
	}
	key := in.slowKey(s.line, s.source, s.key)
	for _, q := range quotes {
		for _, one := range strings.FieldsFunc(strings.Trim(q, `"'`), func(r rune) bool {
			return strings.ContainsRune(",;|", r)
		}) {
			m := limitForm.FindStringSubmatch(strings.ToLower(strings.TrimSpace(one)))
			if m == nil {
				in.note(s.line, "%s: %q isn't a limit such as 10/minute", s.source, one)
				continue
			}
			n, _ := strconv.Atoi(m[1]) // digits: what is too large is no law's
			times := 1
			if m[2] != "" {
				times, _ = strconv.Atoi(m[2])
			}
			in.law(s.line, s.source, promise.Law{Kind: promise.Window, Style: style, N: n, Key: key,
				Every: time.Duration(times) * slowUnits[m[3]], Elastic: strategy == "fixed-window-elastic-expiry"})
		}
	}
	if s.options["per_method"] == "True" {
		in.note(s.line, "%s: each HTTP method is counted apart", s.source)
	}
}

// slowKey is who shares a counter, by the function that says it.
func (in *Import) slowKey(line int, source, function string) promise.Key {
	switch {
	case function == "", strings.HasSuffix(function, "get_remote_address"), strings.HasSuffix(function, "get_ipaddr"):
		return promise.Key{promise.Address}
	case constantForm.MatchString(function):
		return nil
	}
	in.note(line, "%s: who shares a counter is what %s returns: taken as one counter a credential", source, function)
	return promise.Key{promise.Credential}
}
