package foreign

import (
	"regexp"
	"strings"

	"github.com/mcpload/mcpload/promise"
)

// whose is the key by which a function tells clients apart, as far as what it returns says so:
// FastMCP makes a counter of each text that get_client_id returns, whatever that is. It reports
// false where it may be anything, such as one thing for some clients and another for the rest.
//
// For example `lambda c: c.fastmcp_context.session_id` is a counter for each session, which a
// promise for each credential would fail as soon as two sessions share one.
func whose(text, function string) (promise.Key, bool) {
	body := function
	if isName(function) {
		body = bodyOf(text, function)
	} else if _, returned, ok := strings.Cut(function, ":"); ok && strings.HasPrefix(function, "lambda") {
		body = "return " + returned
	}
	if oneForAll.MatchString(body) {
		return nil, true // all are one client
	}
	var key promise.Key
	for _, sign := range signs {
		if sign.form.MatchString(body) {
			key = append(key, sign.by)
		}
	}
	return key, len(key) == 1
}

// oneForAll is a function that returns a text, and nothing else anywhere.
var oneForAll = regexp.MustCompile(`^\s*(?:"""[^"]*"""\s*)?return\s*(?:"[^"]*"|'[^']*')\s*$`)

// signs are names by which programs ask who a client is.
var signs = []struct {
	form *regexp.Regexp
	by   promise.Dimension
}{
	{regexp.MustCompile(`(?i)session_?id`), promise.Session},
	{regexp.MustCompile(`(?i)client\.host|remote_addr|client_ip|forwarded`), promise.Address},
	{regexp.MustCompile(`(?i)token|authorization|api_?key|client_id|user`), promise.Credential},
}

// bodyOf is the body of a function that a program defines, empty where it doesn't.
func bodyOf(text, name string) string {
	form := regexp.MustCompile(`(?m)^([ \t]*)(?:async )?def ` + name + `\([^)]*\)[^:\n]*:(.*)$`)
	at := form.FindStringSubmatchIndex(text)
	if at == nil {
		return ""
	}
	indent := text[at[2]:at[3]]
	lines := []string{text[at[4]:at[5]]}
	for _, line := range strings.Split(text[at[1]:], "\n")[1:] {
		inside := strings.HasPrefix(line, indent+" ") || strings.HasPrefix(line, indent+"\t")
		if strings.TrimSpace(line) != "" && !inside {
			break
		}
		lines = append(lines, line)
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
