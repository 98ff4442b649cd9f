package foreign

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/promise"
)

var (
	limiterForm  = regexp.MustCompile(`\b(\w+)\s*\(\s*(\{)?`)
	renamedForm  = regexp.MustCompile(`\b(rateLimit|slowDown)\s+as\s+(\w+)`)
	importedForm = regexp.MustCompile(
		`\b(\w+)\s*(?:,\s*\{[^}]*\}\s*)?(?:from|=\s*require\s*\()\s*["']express-(rate-limit|slow-down)["']`)
	memberForm  = regexp.MustCompile(`(?s)^(?:["'](\w+)["']|(\w+))\s*:\s*(.*)$`)
	methodForm  = regexp.MustCompile(`^(?:async\s+|get\s+|\*\s*)*(\w+)\s*(?:\(|$)`)
	productForm = regexp.MustCompile(`^[\d_.\s*]+$`)
)

// limiters are the functions that make limiters, by what a program calls them.
func limiters(text string) map[string]string {
	called := map[string]string{"rateLimit": "rateLimit", "rateLimiter": "rateLimit", "expressRateLimit": "rateLimit",
		"slowDown": "slowDown"}
	for _, m := range renamedForm.FindAllStringSubmatch(text, -1) {
		called[m[2]] = m[1]
	}
	for _, m := range importedForm.FindAllStringSubmatch(text, -1) {
		called[m[1]] = map[string]string{"rate-limit": "rateLimit", "slow-down": "slowDown"}[m[2]]
	}
	return called
}

// js reads what express-rate-limit and Upstash's limiter are constructed with, in JavaScript
// or TypeScript. Only numbers that stand there are known, and products of them.
func (in *Import) js(text string) {
	code := blankJS(text, true)
	text = blankJS(text, false)
	in.upstashJS(text, code)
	called := limiters(text)
	for _, at := range limiterForm.FindAllStringSubmatchIndex(code, -1) {
		name, line := called[code[at[2]:at[3]]], 1+strings.Count(code[:at[2]], "\n")
		if name == "" || strings.HasSuffix(strings.TrimSpace(code[:at[2]]), "function") {
			continue
		}
		end := closing(code, at[1]-1)
		switch {
		case end < 0:
			in.note(line, "%s( isn't closed", name)
		case name == "slowDown":
			in.note(line, "slowDown delays and refuses nothing: no law is of that")
		case at[4] < 0:
			if strings.Contains(text, "express-rate-limit") {
				in.note(line, "%s: what it is called with stands elsewhere: isn't taken", name)
			}
		default:
			within := text[at[1]:end]
			if args, ok := in.members(name, line, listOf(within, code[at[1]:end])); ok {
				in.express(line, code[at[2]:at[3]]+"({"+squeeze(within)+"})", args)
			}
		}
	}
}

// members are those of an object by their names, as they are written, whatever they hold.
func (in *Import) members(name string, line int, list []string) (map[string]string, bool) {
	args := map[string]string{}
	for _, one := range list {
		switch m, method := memberForm.FindStringSubmatch(one), methodForm.FindStringSubmatch(one); {
		case m != nil:
			args[m[1]+m[2]] = m[3]
		case method != nil: // what it is called is also where it stands
			args[method[1]] = one
		default:
			in.note(line, "%s: %s may hold any option: isn't taken", name, one)
			return nil, false
		}
	}
	return args, true
}

// express adds what the options of one limiter promise: a window that opens with a request.
func (in *Import) express(line int, source string, args map[string]string) {
	number := func(otherwise int, names ...string) (int, bool) {
		for _, name := range names {
			if text, ok := args[name]; ok {
				n, ok := product(text)
				if !ok {
					in.note(line, "%s is %q, which only the program knows", name, text)
				}
				return n, ok
			}
		}
		return otherwise, true
	}
	length, known := number(60_000, "windowMs") // as the library has it where nobody says
	n, ok := number(5, "limit", "max")
	if !ok || !known {
		return
	}
	l := promise.Law{Kind: promise.Window, Style: promise.Fixed, N: n, Every: time.Duration(length) * time.Millisecond,
		Key: promise.Key{promise.Address}}
	if by := args["keyGenerator"]; by != "" {
		l.Key = promise.Key{promise.Credential}
		in.note(line, "who shares a counter is what keyGenerator returns: taken as one counter a credential")
	}
	switch {
	case args["skipSuccessfulRequests"] == "true":
		l.Charge.Outcomes = promise.Failures
	case args["skipFailedRequests"] == "true":
		l.Charge.Outcomes = promise.Successes
	}
	if args["skip"] != "" {
		in.note(line, "which requests are free is what skip returns")
	}
	if status, ok := product(args["statusCode"]); ok {
		in.status(status)
	}
	in.law(line, source, l)
}

// product is a whole number, as a product of several or one.
func product(text string) (int, bool) {
	if !productForm.MatchString(text) {
		return 0, false
	}
	all := 1
	for factor := range strings.SplitSeq(text, "*") {
		n, err := strconv.Atoi(strings.ReplaceAll(strings.TrimSpace(factor), "_", ""))
		if err != nil || n < 1 || n > 1<<40/all {
			return 0, false
		}
		all *= n
	}
	return all, true
}

// blankJS is a program with its comments blanked out, and its texts too where that is asked
// for, each byte where it was.
func blankJS(text string, texts bool) string {
	out := []byte(text)
	for i := 0; i < len(out); {
		end, keep := "", false
		switch rest := text[i:]; {
		case strings.HasPrefix(rest, "//"):
			end = "\n"
		case strings.HasPrefix(rest, "/*"):
			end = "*/"
		case strings.ContainsRune("\"'`", rune(text[i])):
			end, keep = text[i:i+1], !texts
		default:
			i++
			continue
		}
		if len(end) == 2 || end == "\n" {
			out[i] = ' '
		}
		for i++; i < len(out) && !strings.HasPrefix(text[i:], end); i++ {
			if text[i] == '\\' && i+1 < len(out) {
				if !keep {
					out[i] = ' '
				}
				i++
			}
			if out[i] != '\n' && !keep {
				out[i] = ' '
			}
		}
		if end == "*/" && i < len(out) {
			out[i] = ' '
		}
		i += len(end)
	}
	return strings.ReplaceAll(strings.ReplaceAll(string(out), "//", "  "), "/*", "  ")
}
