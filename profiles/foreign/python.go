package foreign

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/promise"
)

// constructors are those of FastMCP, slowapi and Upstash, with their arguments in the order
// of their sources, and slowapi's decorators.
var constructors = map[string][]string{
	"RateLimitingMiddleware": {"max_requests_per_second", "burst_capacity", "get_client_id",
		"global_limit"},
	"SlidingWindowRateLimitingMiddleware": {"max_requests", "window_minutes", "get_client_id"},

	"Limiter":              {"key_func", "default_limits", "application_limits", "headers_enabled", "strategy"},
	"limiter.limit":        {"limit_value", "key_func", "per_method", "methods"},
	"limiter.shared_limit": {"limit_value", "scope", "key_func"},

	"FixedWindow":   {"max_requests", "window", "unit"},
	"SlidingWindow": {"max_requests", "window", "unit"},
	"TokenBucket":   {"max_tokens", "refill_rate", "interval", "unit"},
}

// needs are the libraries without which a name says nothing.
var needs = map[string]string{"Limiter": "slowapi", "FixedWindow": "upstash_ratelimit",
	"SlidingWindow": "upstash_ratelimit", "TokenBucket": "upstash_ratelimit"}

var (
	constructorForm = regexp.MustCompile(`\b([A-Za-z_]\w*)\s*\(`)
	aliasForm       = regexp.MustCompile(`\b((?:SlidingWindow)?RateLimitingMiddleware)\s+as\s+(\w+)`)
	derivedForm     = regexp.MustCompile(`(?m)^[ \t]*class\s+(\w+)\s*\([^)]*RateLimitingMiddleware\b`)
	handedForm      = regexp.MustCompile(
		`[=(,\[]\s*(?:\w+\.)*((?:SlidingWindow)?RateLimitingMiddleware)\s*(?:[,)\]\n]|$)`)
	importForm = regexp.MustCompile(`\bfrom\s+[\w.]+\s+import\s*(?:\([^)]*\)|[^\n]*)`)
	branchForm = regexp.MustCompile(`^(?:if|elif|else|for|while|try|except|match|case)\b`)
)

// python reads what FastMCP's middleware, slowapi and Upstash's limiter are constructed
// with. Numbers that stand there are known, and names of such that the file gives once.
func (in *Import) python(text string) {
	code := blank(text)
	text = uncommented(text, code)
	for _, at := range derivedForm.FindAllStringSubmatchIndex(code, -1) {
		in.note(1+strings.Count(code[:at[2]], "\n"), "class %s is made of a middleware: what it limits isn't read",
			code[at[2]:at[3]])
	}
	in.handedOn(code)
	called := map[string]string{}
	for _, m := range aliasForm.FindAllStringSubmatch(code, -1) {
		called[m[2]] = m[1]
	}
	var slow []slowLimiter
	for _, at := range constructorForm.FindAllStringSubmatchIndex(code, -1) {
		name, line := code[at[2]:at[3]], 1+strings.Count(code[:at[2]], "\n")
		if constructors[name] == nil {
			name = called[name]
		}
		if name == "" || !strings.Contains(code, needs[name]) {
			continue
		}
		if before := strings.TrimSpace(code[strings.LastIndex(code[:at[2]], "\n")+1 : at[2]]); before == "class" ||
			before == "def" {
			continue
		}
		end := closing(code, at[1]-1)
		if end < 0 {
			in.note(line, "%s( isn't closed", name)
			continue
		}
		args, ok := in.arguments(name, line, text[at[1]:end], code[at[1]:end])
		if ok {
			if on := condition(code[:at[2]]); on != "" {
				in.note(line, "%s: stands below %q, so that it may not hold", name, on)
			}
			if kept := idle(code, at[2]); kept != "" {
				in.note(line, "%s: nothing in this file uses %s, so that it may not hold", name, kept)
			}
			switch source := name + "(" + squeeze(text[at[1]:end]) + ")"; needs[name] {
			case "":
				in.fastMCP(name, line, source, text, args)
			case "slowapi":
				slow = append(slow, slowLimiter{line, source, args})
			default:
				in.upstashPython(name, line, source, args)
			}
		}
	}
	in.slowapi(slow, text, code)
}

// handedOn notes middleware whose name is handed to what constructs it.
func (in *Import) handedOn(code string) {
	imported := importForm.FindAllStringIndex(code, -1)
	for _, at := range handedForm.FindAllStringSubmatchIndex(code, -1) {
		if !slices.ContainsFunc(imported, func(i []int) bool { return i[0] <= at[2] && at[2] < i[1] }) &&
			!strings.HasPrefix(strings.TrimSpace(code[strings.LastIndex(code[:at[2]], "\n")+1:at[2]]), "class ") {
			in.note(1+strings.Count(code[:at[2]], "\n"), "%s: is handed on by its name: what it is constructed with "+
				"isn't read", code[at[2]:at[3]])
		}
	}
}

var assignForm = regexp.MustCompile(`^[ \t]*(\w+)[ \t]*(?::[^=\n]*)?=[ \t]*(?:\w+\.)*$`)

// idle is the name that what is constructed at an offset is given, where that stands nowhere
// else in the code; empty where it does, or is given none.
func idle(code string, at int) string {
	m := assignForm.FindStringSubmatch(code[strings.LastIndex(code[:at], "\n")+1 : at])
	if m == nil || len(regexp.MustCompile(`\b`+m[1]+`\b`).FindAllString(code, 2)) > 1 {
		return ""
	}
	return m[1]
}

// condition is the innermost line above that decides if what follows is run; empty where
// there is none.
func condition(code string) string {
	lines := strings.Split(code, "\n")
	indent := func(s string) int { return len(s) - len(strings.TrimLeft(s, " \t")) }
	least := indent(lines[len(lines)-1])
	for i := len(lines) - 2; i >= 0 && least > 0; i-- {
		line := strings.TrimSpace(lines[i])
		if line == "" || indent(lines[i]) >= least {
			continue
		}
		if branchForm.MatchString(line) {
			return line
		}
		least = indent(lines[i])
	}
	return ""
}

// arguments are those of a call by their names, as they are written.
func (in *Import) arguments(name string, line int, text, code string) (map[string]string, bool) {
	args := map[string]string{}
	place, from, depth := 0, 0, 0
	take := func(to int) bool {
		part, bare := strings.TrimSpace(text[from:to]), strings.TrimSpace(code[from:to])
		from = to + 1
		if part == "" || bare == "" {
			return true
		}
		key, value, named := strings.Cut(part, "=")
		switch {
		case strings.HasPrefix(part, "*"):
			in.note(line, "%s: %s may hold any argument", name, part)
			return false
		case named && !strings.HasPrefix(value, "=") && isName(strings.TrimSpace(key)):
			args[strings.TrimSpace(key)] = squeeze(value)
		case place < len(constructors[name]):
			args[constructors[name][place]] = squeeze(part)
			place++
		default:
			in.note(line, "%s: %q is one argument too many", name, part)
			return false
		}
		return true
	}
	for i := range len(code) {
		switch code[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case ',':
			if depth == 0 && !take(i) {
				return nil, false
			}
		}
	}
	return args, take(len(code))
}

func isName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// uncommented is a program with its comments blanked out, but not its texts.
func uncommented(text, code string) string {
	out := []byte(text)
	for i := range out {
		if code[i] == ' ' { // of what was no space, only a comment is one now
			out[i] = ' '
		}
	}
	return string(out)
}

// fastMCP adds what a constructor's arguments promise. Both kinds charge every request.
func (in *Import) fastMCP(name string, line int, source, text string, args map[string]string) {
	number := func(arg string, otherwise float64) (float64, bool) {
		value, ok := args[arg]
		if !ok || value == "None" {
			return otherwise, otherwise != 0
		}
		n, known := figure(blank(text), value)
		if !known {
			in.note(line, "%s: %s is %q, which only the program knows", name, arg, value)
			return 0, false
		}
		return n, true
	}
	var l promise.Law
	if name == "RateLimitingMiddleware" {
		rate, ok := number("max_requests_per_second", 10)
		burst, known := number("burst_capacity", float64(int(2*rate)))
		if !ok || !known {
			return
		}
		l = promise.Law{Kind: promise.Bucket, Rate: rate, N: int(burst)}
	} else {
		n, ok := number("max_requests", 0)
		minutes, known := number("window_minutes", 1)
		if !ok || !known {
			if _, said := args["max_requests"]; !said {
				in.note(line, "%s: max_requests isn't said", name)
			}
			return
		}
		l = promise.Law{Kind: promise.Window, Style: promise.Sliding, N: int(n),
			Every: time.Duration(minutes * float64(time.Minute))}
	}
	switch who, global := args["get_client_id"], args["global_limit"]; {
	case global != "" && global != "True" && global != "False":
		in.note(line, "%s: global_limit is %q, which only the program knows: taken as one counter for everybody", name,
			global)
	case global == "True" || who == "" || who == "None": // without a function, all are one client
	default:
		key, known := whose(text, who)
		if l.Key = key; !known {
			l.Key = promise.Key{promise.Credential}
			in.note(line, "%s: who shares a counter is what %s returns: taken as one counter a credential", name, who)
		}
	}
	in.law(line, source, l)
}

// blank is a program with its comments and texts blanked out, each byte where it was.
func blank(text string) string {
	out := []byte(text)
	for i := 0; i < len(out); {
		switch c := out[i]; c {
		case '#':
			for i < len(out) && out[i] != '\n' {
				out[i] = ' '
				i++
			}
		case '"', '\'':
			i = blankText(out, i)
		default:
			i++
		}
	}
	return string(out)
}

// blankText blanks the text that begins at i, and returns where it has ended.
func blankText(out []byte, i int) int {
	quote := string(out[i])
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(string(out[i:min(len(out), i+3)]), triple) {
		quote = triple
	}
	for i += len(quote); i < len(out); i++ {
		switch {
		case out[i] == '\\' && i+1 < len(out):
			out[i] = 'x'
			if i++; out[i] != '\n' {
				out[i] = 'x'
			}
		case strings.HasPrefix(string(out[i:min(len(out), i+len(quote))]), quote):
			return i + len(quote)
		case out[i] == '\n' && len(quote) == 1:
			return i
		case out[i] != '\n':
			out[i] = 'x'
		}
	}
	return i
}

// closing is where the bracket at from is closed; -1 where it isn't.
func closing(code string, from int) int {
	depth := 0
	for i := from; i < len(code); i++ {
		switch code[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// squeeze makes one line of several.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
