package conform

import (
	"regexp"
	"slices"
	"strings"
)

// What only somebody inside should read: where in a program something went wrong, where its
// source is, and addresses that are known in one network only.
var (
	trace = regexp.MustCompile(
		`Traceback \(most recent call last\)|goroutine \d+ \[|\n\s+at .+\(.+:\d+:\d+\)|\bat [\w.$<>]+ \([^)]+:\d+:\d+\)|` +
			`File "/[^"]+", line \d+|panicked at |Exception in thread|/site-packages/|/node_modules/|\.java:\d+\)`)
	sourcePath = regexp.MustCompile(`(?:(?:^|[\s"'(=\[])(?:/[\w.@+-]+){2,}|\b[A-Za-z]:(?:\\+[\w.@ -]+)+)` +
		`\.(?:py|m?js|cjs|ts|go|rb|php|rs|java|kt|cs|exs?)\b`)
	innerAddress = regexp.MustCompile(`\b(?:10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|` +
		`172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2})\b`)
)

// givesAway is what a text tells that is of some kinds; empty: nothing. What was asked with is no
// news.
func (e *Exchange) givesAway(said string, kinds ...*regexp.Regexp) string {
	said = strings.ReplaceAll(said, `\n`, "\n")
	for _, kind := range kinds {
		for _, found := range kind.FindAllString(said, -1) {
			if found = strings.Trim(found, " \t\r\n\"'(=["); !strings.Contains(string(e.Request.Body), found) {
				return found
			}
		}
	}
	return ""
}

func keepsItsInside(t *Trial) Answer {
	n, served := 0, false
	for _, e := range t.exchanges {
		said, kinds := "", []*regexp.Regexp{trace, sourcePath, innerAddress}
		served = served || e.OK() && e != t.main.opened && !slices.Contains([]string{"initialize", "server/discover"},
			e.method())
		switch m := e.Reply.FirstAnswer(); {
		case m != nil && m.Error != nil:
			said = m.Error.Message + "\n" + string(m.Error.Data)
		case m != nil && e.toolFailed():
			said = e.texts()
		case m == nil && e.Reply.Status >= 400:
			said, kinds = string(e.Reply.Body), kinds[:1] // a page names scripts of its own, and who asks
		default:
			continue
		}
		if innerAddress.MatchString(t.URL) { // we are inside too
			kinds = kinds[:min(len(kinds), 2)]
		}
		n++
		if found := e.givesAway(said, kinds...); found != "" {
			return fail(e, "an error gives away %s", excerpt(found))
		}
	}
	if n == 0 || !served {
		return skip("the server sent no error, or nothing else")
	}
	return pass("%d errors", n)
}
