package promise

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
)

// law reads all of it.
func (p *parser) law() (l Law, problem string) {
	if policyForm.MatchString(p.text) {
		return policy(p.text)
	}
	if l, problem = p.head(); problem != "" {
		return l, problem
	}
	for len(p.tokens) > 0 {
		name := p.peek()
		if p.said[name] && !repeated[name] {
			return l, fmt.Sprintf("%s is said twice", name)
		}
		p.said[name] = true
		if problem = p.clause(&l); problem != "" {
			return l, problem
		}
	}
	if p.fraction != "" || l.Kind == "" {
		return l, p.unsaid(l)
	}
	return l, ""
}

// unsaid is what to say in place of a rate without a burst.
func (p *parser) unsaid(l Law) string {
	if l.Kind != "" && !p.bucket {
		return p.fraction
	}
	l.Kind = Window
	window := l.String()
	bucket := strings.Replace(window, l.head(), p.rate+" burst N", 1)
	if p.fraction != "" || p.bucket {
		return fmt.Sprintf("a bucket names its burst: write %q", bucket)
	}
	return fmt.Sprintf("a rate without a burst: write %q for a window, and for a bucket %q", window, bucket)
}

// policyForm is an item of RateLimit-Policy.
var policyForm = regexp.MustCompile(`^\s*(?:"[^"]*"|\d+)\s*;.*\bw=\d`)

// policy reads one.
func policy(text string) (Law, string) {
	h := ReadHeaders([]Field{{"RateLimit-Policy", text}})
	if len(h.Laws) != 1 || len(h.Notes) > 0 {
		return Law{}, fmt.Sprintf("as a RateLimit-Policy it has %d laws: say one by one what they are", len(h.Laws))
	}
	return h.Laws[0], ""
}

// The parts of how a law begins. Before the amount people write that it is a limit, and
// after it of what; "of what" may say what is charged.
const (
	leadForm = `(?:(?:rate[- ]?)?limit(?:ed)?(?:\s+(?:of|to))?\s*:?\s+|(?:max(?:imum)?|allows)\b\.?(?:\s+of)?:?\s*|` +
		`rate\s*[:=]\s*|(?:at most|up to|(?:no|not) more than)\s+)*`
	amountForm = `([+-]?(?:\d{1,3}(?:[,_]\d{3})+\b|\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|one\b)`
	whatForm   = `(tool[- ](?:calls?|invocations?|executions?)|` +
		`(?:(?:failed|successful)\s+)?(?:(?:mcp|http|api|json-rpc)\s+)?(?:reqs?|requests?|calls?|attempts?)|` +
		`failures|errors|successes|tokens?|units?|points?|credits?|hits?|events?|messages?|operations?|ops|invocations?|` +
		`executions?|queries|initializ(?:e|ations)|(?:mcp\s+)?sessions?|ping|` + methodForm + `|r|` + strangeForm + `)\b`
	methodForm  = `(?:tools|prompts|resources|completion|logging|sampling|subscriptions)/[a-z/]+`
	strangeForm = `(?:connections?|streams?|users?|clients?|bytes?|[km]i?b|(?:input|output|llm)\s+tokens|` +
		`failed\s+(?:logins?|authentications?|auth\s+attempts?))`
	sameForm = `at (?:a|the same) time|at once|in parallel|in flight|concurrent(?:ly)?|simultaneous(?:ly)?`
	spanForm = `(/|(?:per|in|within|over|during|an?|every|each)\b)\s*(?:(rolling|sliding|moving|any|calendar)\s+)?` +
		`((?:\d+\.?\d*|\.\d+)[\s-]+[a-z]+|[^\s,;()]+)`
)

// headForm is how a law begins: perhaps its kind, an amount, perhaps of what, and what
// it is for: a time, or "at a time".
var headForm = regexp.MustCompile(`(?i)^\s*` + leadForm +
	`(?:(quota|cap|(?:(?:token|leaky)\s+)?bucket|window)\b(?:\s+of|:)?\s+)?` + amountForm +
	`\s*(?:(concurrent|parallel|simultaneous|open|active|live)\s+)?(?:` + whatForm + `)?` +
	`\s*(?:([rq]ps|[rq]pm)\b|(` + sameForm + `)\b|` + spanForm + `)?`)

// capacityForm is a bucket that begins with what it holds: "bucket of 20, refill 10/s".
var capacityForm = regexp.MustCompile(`(?i)^\s*(?:(?:(?:(?:token|leaky)\s+)?bucket(?:\s+of)?|` +
	`capacity)[\s:=]+(\d+)(?:\s+tokens)?|(\d+)\s+tokens),?\s+` +
	`(?:(?:and|with|an?|refill\w*|fill\w*|rate|at|of)[\s:=]+)*([\d.]+\s*(?:tokens?\s*)?(?:/|per\b).*)$`)

// keyFirst is an amount that is for somebody before it is for a time: "100 per user per
// minute".
var keyFirst = regexp.MustCompile(`(?i)^(\s*` + leadForm + amountForm + `\s*(?:` + whatForm + `)?)` +
	`\s*(?:/|per\b|for each\b|each\b)\s*([a-z][a-z -]*?)\s*((?:/|(?:per|every|in|within|each|a)\b)\s*.+)$`)

// styleFirst is a window that begins with how it lies: "sliding window of 100 per 60s".
var styleFirst = regexp.MustCompile(`(?i)^\s*((?:fixed|sliding|rolling|moving|aligned)(?:[- ]window)?` +
	`(?:[- ](?:counter|log))?)(?:\s+limit)?[\s:=,]+(?:of\s+)?(.+)$`)

// turn puts first what people write later: the amount and its time.
func (p *parser) turn() {
	if m := capacityForm.FindStringSubmatch(p.text); m != nil {
		rate, rest, _ := strings.Cut(m[3], ",")
		p.text = rate + " burst " + m[1] + m[2] + " " + rest
	}
	if m := styleFirst.FindStringSubmatch(p.text); m != nil {
		p.text = m[2] + " " + m[1]
	}
	if m := keyFirst.FindStringSubmatch(p.text); m != nil {
		if _, err := ParseKey(m[4]); err == nil || several[strings.ToLower(m[4])] {
			p.text = m[1] + " " + m[5] + " per " + m[4]
		}
	}
}

// head reads the numbers, up to the clauses. A rate whose burst isn't said has no
// Kind yet: it may be a window's.
func (p *parser) head() (l Law, problem string) {
	p.turn()
	parts := headForm.FindStringSubmatch(p.text)
	if (parts == nil || parts[3]+parts[5]+parts[6]+parts[9] == "") && settingForm.MatchString(p.text) {
		return l, "these are another tool's own words: promise import reads the files of some, else say " +
			"what they come to"
	}
	if parts == nil {
		return l, "it doesn't begin with a number"
	}
	rest := p.text[len(parts[0]):]
	if parts[3] != "" { // what follows "4 concurrent calls" is no time: per session, perhaps
		rest = p.text[strings.Index(p.text, parts[3])+len(parts[3]):]
		rest = strings.TrimPrefix(strings.TrimLeft(rest, " "), parts[4])
	}
	p.tokens = tokens(strings.TrimLeft(rest, ", "))
	kind, amount, what := strings.ToLower(parts[1]), number(parts[2]), strings.ToLower(parts[4])
	style, span := strings.ToLower(parts[8]), strings.ToLower(strings.TrimSuffix(parts[9], "."))
	p.bucket = strings.HasSuffix(kind, "bucket")
	if problem = charged(what, &l.Charge); problem != "" {
		return l, problem
	}
	switch per := strings.ToLower(parts[5]); {
	case per != "":
		return p.timed(l, amount, per[2:], true)
	case strings.Contains(what, "session") && !isSpan(span):
		if span != "" { // "5 sessions per user"
			p.tokens = tokens(parts[7] + " " + p.text[len(parts[0])-len(parts[9]):])
		}
		l.Kind, l.Charge = Sessions, SessionCharge()
		l.N, problem = whole(amount)
		return l, problem
	case parts[3] != "" || parts[6] != "":
		l.Kind = Cap
		l.N, problem = whole(amount)
		return l, problem
	case span == "":
		return l, amount + " of what: a rate, a window, or at a time"
	}
	span, of, divided := strings.Cut(span, "/") // "60/min/user"
	if divided {
		p.tokens = append([]string{"/", of}, p.tokens...)
	}
	if unit := Unit(span); kind == "quota" || style == "calendar" || unit == Month {
		l.Kind, l.Unit = Quota, unit
		l.N, problem = whole(amount)
		return l, problem
	}
	l, problem = p.timed(l, amount, span, parts[7] == "/")
	if style != "" {
		l.Kind, l.Style = Window, Sliding
	}
	return l, problem
}

// settingForm is what a program or a configuration has.
var settingForm = regexp.MustCompile(`(?i)^\s*[{\["']*(?:[a-z_]\w*\.)*[a-z]+_?(?:[a-z]+_?)*["']?[=({]|` +
	`^\s*[a-z]+_[a-z_]+\s|\b\w*(?:window|interval|duration|period|ttl)\w*["']?\s*[:=(]`)

// number is an amount without what sets thousands apart.
func number(amount string) string {
	if strings.EqualFold(amount, "one") {
		return "1"
	}
	return strings.NewReplacer(",", "", "_", "").Replace(amount)
}

// timed reads an amount that is for a time: a bucket's rate, or a window.
func (p *parser) timed(l Law, amount, span string, rate bool) (Law, string) {
	if number, unit, ok := strings.Cut(span, "-"); ok && number != "" {
		span = number + " " + unit // "15-minute"
	}
	secs, ok := readSpan(span)
	switch {
	case !ok:
		return l, quote(span) + " is not a time above 0"
	case amount[0] == '-':
		return l, quote(amount) + " is below 0"
	}
	p.rate = amount + "/" + span
	l.Every = time.Duration(math.Round(secs * 1e9))
	if !rate && !p.bucket {
		l.Kind = Window
	}
	l.N, p.fraction = whole(amount)
	return l, ""
}

// isSpan reports if a text is a time.
func isSpan(text string) bool {
	text, _, _ = strings.Cut(text, "/")
	_, ok := readSpan(text)
	return ok || Unit(text) == Month
}

// burst makes a bucket of a rate.
func (p *parser) burst(l *Law, n string) (problem string) {
	for n == "" && p.take("of", "=", ":", "up", "to", "capacity", "size", "is") {
		continue
	}
	if n == "" {
		n = word(p.next())
	}
	if p.rate == "" {
		return "a burst is a bucket's, which has a rate"
	}
	if l.N, problem = whole(number(strings.TrimLeft(n, "=:"))); problem != "" {
		return "burst " + problem
	}
	p.take("tokens", "requests", "calls")
	l.Kind, l.Every, p.fraction = Bucket, 0, ""
	l.Rate, problem = readRate(p.rate)
	return problem
}

// calendar makes a quota of an amount for an hour or a day.
func (p *parser) calendar(l *Law) string {
	switch {
	case l.Kind == Quota:
		return ""
	case (l.Kind == Window || l.Kind == "") && l.Style == Unsaid && l.Every == Hour.Shortest():
		l.Unit = Hour
	case (l.Kind == Window || l.Kind == "") && l.Style == Unsaid && l.Every == 24*time.Hour:
		l.Unit = Day
	default:
		return "only quotas of an hour, a day or a month end by the calendar; windows by the clock are aligned"
	}
	l.Kind, l.Every, p.rate = Quota, 0, ""
	return p.fraction
}

// charged reads of what an amount is.
func charged(what string, c *Charge) string {
	first, _, _ := strings.Cut(what, " ")
	switch {
	case strings.HasPrefix(what, "tool"):
		c.Methods = []string{call}
		if strings.Contains(what, "/") {
			c.Methods = []string{first}
		}
	case isMethod(first):
		c.Methods = []string{first}
	case first == "initializations" || strings.Contains(what, "session"):
		*c = SessionCharge()
	case strangeOnly.MatchString(what):
		return fmt.Sprintf("a law counts requests, or units of them, not %s", what)
	case first == "failed" || first == "failures" || first == "errors":
		c.Outcomes = Failures
	case first == "successful" || first == "successes":
		c.Outcomes = Successes
	case what == "r":
		return `nginx counts a burst beside the request itself: its "rate=10r/s burst=20 nodelay" is "10/s burst 21"; ` +
			"promise import reads its file"
	}
	return ""
}

var (
	strangeOnly = regexp.MustCompile(`^` + strangeForm + `$`)
	methodOnly  = regexp.MustCompile(`^(?:initialize|ping|` + methodForm + `)$`)
)

// isMethod reports if a word is the protocol's name of a request.
func isMethod(word string) bool { return methodOnly.MatchString(word) }
