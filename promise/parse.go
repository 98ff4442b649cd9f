package promise

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// WantLaw says what Parse reads.
const WantLaw = `such as "15/s burst 40", "30 per 10s sliding per session", "quota 1000 per day UTC", or "4 at a time"`

// Parse reads a law as people write it: its numbers, then what else there is to say,
// in any order, with or without commas.
//
//	15/s burst 40                  a bucket; also "8 req/sec, burst 16"
//	10/s burst 20 steps 10 every 1s
//	100 per 15m                    a window of unsaid kind; then fixed, aligned, sliding,
//	                               counter, elastic
//	quota 1000 per day UTC         also per hour, per month
//	4 at a time                    a cap
//	per session                    the key; also credential, address, tool, method, and
//	                               several: "per session and tool"
//	tools render_*,search          the charge: only these tools; methods, free, may
//	units search=1,crawl=5         units a call of these tools
//	only failures                  or successes
//	refusals charged
//	queue 2s, lockout 60s          waits before it refuses; refuses all after a refusal
//	named daily                    what the server calls it
//
// Its error is a *SyntaxError, or what Validate says of the law, as one.
func Parse(s string) (Law, error) {
	p := &parser{text: s, said: map[string]bool{}}
	l, problem := p.law()
	if problem == "" {
		problem = l.problem()
	}
	if problem != "" {
		return Law{}, &SyntaxError{Problem: quote(s) + ": " + problem, Want: WantLaw}
	}
	return l, nil
}

// itemForm is one item of a list: a quoted one, or what stands up to the next comma,
// space or bracket.
const itemForm = `(?:"(?:[^"\\]|\\.)*"|[^\s",;()]+)`

var tokenForm = regexp.MustCompile(itemForm + `(?:,` + itemForm + `)*,?|"`)

// tokens cuts a text at spaces, semicolons and brackets. A list, its items joined by
// commas, is one token.
func tokens(s string) []string { return tokenForm.FindAllString(s, -1) }

// ParseAll reads a promise: a law a text, or several with semicolons between them. Its error
// is as Parse's, or what Validate says of all of them.
func ParseAll(texts ...string) (Promise, error) {
	var p Promise
	for _, text := range texts {
		l, err := Parse(strings.TrimSpace(text))
		if several := strings.Split(text, ";"); err != nil && len(several) > 1 {
			more, err := ParseAll(several...)
			if err != nil {
				return nil, err
			}
			p = append(p, more...)
			continue
		}
		if err != nil {
			return nil, err
		}
		p = append(p, l)
	}
	return p, p.Validate()
}

type parser struct {
	text   string
	tokens []string
	said   map[string]bool

	rate     string // an amount for a time, as ParseRate reads it; empty: there is none
	fraction string // what is wrong with the amount if it is no rate
	bucket   bool   // it was called one
	shared   bool   // by everybody
}

// next takes the next token; "" at the end.
func (p *parser) next() string {
	if len(p.tokens) == 0 {
		return ""
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return t
}

// peek is the next token as a word: lower case, without the comma that ends it.
func (p *parser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return word(p.tokens[0])
}

func word(token string) string { return strings.ToLower(strings.TrimSuffix(token, ",")) }

func (p *parser) take(words ...string) bool {
	if slices.Contains(words, p.peek()) && len(p.tokens) > 0 {
		p.next()
		return true
	}
	return false
}

func whole(s string) (int, string) {
	n, err := ParseBurst(s)
	if err != nil {
		return 0, err.(*SyntaxError).Problem
	}
	return n, ""
}

// orWindow makes a rate without a burst a window.
func orWindow(k Kind) Kind {
	if k == "" {
		return Window
	}
	return k
}

func (p *parser) steps(l *Law) (problem string) {
	p.take("of")
	if l.Step, problem = whole(word(p.next())); problem != "" {
		return problem
	}
	if !p.take("every", "per") {
		return `after the tokens of a step stands "every" and a time`
	}
	l.Every, problem = p.span("steps")
	return problem
}

func (p *parser) span(of string) (time.Duration, string) {
	text := word(p.next())
	secs, ok := readSpan(text)
	if !ok {
		return 0, fmt.Sprintf("%s: %s is not a time above 0", of, quote(text))
	}
	return time.Duration(math.Round(secs * 1e9)), ""
}

// list reads one of the charge's lists.
func (p *parser) list(name string, c *Charge) string {
	token := p.next()
	for strings.HasSuffix(token, ",") && len(p.tokens) > 0 && !clauses[p.peek()] {
		token += p.next() // "a, b"
	}
	items, err := split(strings.TrimSuffix(token, ","))
	if err != nil || len(items) == 0 {
		return fmt.Sprintf("after %q stands a list, such as a,b", name)
	}
	switch name {
	case "methods":
		c.Methods = items
	case "may":
		c.May = items
	case "free":
		c.Free = items
	case "tools":
		c.Tools = items
	case "units":
		c.Units = map[string]int{}
		for _, item := range items {
			at := strings.LastIndex(item, "=")
			n, err := strconv.Atoi(item[at+1:])
			if at < 1 || err != nil {
				return fmt.Sprintf("%q is not of the form tool=units", item)
			}
			c.Units[item[:at]] = n
		}
	}
	return ""
}

// clauses are the words that begin one.
var clauses = map[string]bool{"per": true, "for": true, "by": true, "burst": true,
	"resets": true, "methods": true, "may": true, "free": true, "tools": true,
	"units": true, "only": true, "failures": true, "successes": true, "refusals": true, "queue": true, "lockout": true,
	"named": true, "fixed": true, "aligned": true, "sliding": true, "counter": true, "elastic": true, "steps": true}

// split cuts a list at its commas, and unquotes what is quoted.
func split(list string) ([]string, error) {
	var items []string
	for list != "" {
		item, rest, _ := strings.Cut(list, ",")
		if list[0] == '"' {
			quoted, err := strconv.QuotedPrefix(list)
			if err != nil {
				return nil, err
			}
			if item, err = strconv.Unquote(quoted); err != nil {
				return nil, err
			}
			rest = strings.TrimPrefix(list[len(quoted):], ",")
		}
		items = append(items, item)
		list = rest
	}
	return items, nil
}
