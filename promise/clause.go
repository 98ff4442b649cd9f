package promise

import (
	"fmt"
	"strings"
	"time"
)

// repeated are the words that may stand several times.
var repeated = map[string]bool{"per": true, "/": true, "with": true, "a": true, "an": true, "-": true, "window": true,
	".": true}

// clause reads one of what may follow the numbers.
func (p *parser) clause(l *Law) (problem string) {
	token := p.next()
	name := strings.TrimSuffix(word(token), "-window")
	switch name {
	case "fixed", "aligned", "sliding", "counter", "rolling", "moving", "clock-aligned":
		return p.style(l, name)
	case "elastic":
		l.Kind, l.Elastic = orWindow(l.Kind), true
	case "window":
		l.Kind = orWindow(l.Kind)
	case "with", "a", "an", "-", "–", "—", ".", "sustained", "steady":
	case "burst", "bursts", "bursting", "capacity":
		return p.burst(l, "")
	case "zone", "timezone", "tz":
		return p.zone(l)
	case "token", "leaky":
		if !p.take("bucket") {
			return fmt.Sprintf("%q says nothing here", name)
		}
		if p.bucket = true; l.Kind == Window && l.Style == Unsaid {
			l.Kind = ""
		}
	case "steps":
		return p.steps(l)
	case "per", "by", "each", "/", "keyed":
		p.take("by")
		return p.key(l)
	case "for", "on", "only":
		return p.about(l, name)
	case "global", "globally", "overall", "everybody", "shared", "across", "in":
		return p.everybody(l, name)
	case "methods", "may", "free", "tools", "units":
		return p.list(name, &l.Charge)
	case "tool", "method":
		return p.list(name+"s", &l.Charge)
	case "failures", "successes":
		p.take("only")
		l.Charge.Outcomes = Outcomes(name)
	case "refusals":
		if !p.take("charged") {
			return `after "refusals" stands "charged"`
		}
		l.Charge.Refused = true
	case "queue":
		l.Wait, problem = p.span(name)
	case "lockout":
		l.Lockout, problem = p.span(name)
	case "resets", "reset", "resetting":
		return p.resets(l)
	case "named":
		items, err := split(strings.TrimSuffix(p.next(), ","))
		if err != nil || len(items) != 1 {
			return `after "named" stands one name`
		}
		l.Name = items[0]
	default:
		return p.other(l, strings.TrimSuffix(token, ","))
	}
	return problem
}

// other reads a word that begins no clause: a time zone, a burst with its number, a
// method, or a key that is written as one word.
func (p *parser) other(l *Law, token string) string {
	name := strings.ToLower(token)
	if n, ok := strings.CutPrefix(name, "burst"); ok && strings.ContainsAny(n, "=:") {
		return p.burst(l, strings.TrimLeft(n, "=:"))
	}
	if of, ok := strings.CutPrefix(name, "per-"); ok {
		p.tokens = append([]string{of}, p.tokens...)
		return p.key(l)
	}
	if isMethod(name) && l.Kind != Quota {
		p.tokens = append([]string{token}, p.tokens...)
		problem := p.list("methods", &l.Charge)
		p.take("only")
		return problem
	}
	if isZone(token) && l.Kind != Bucket && l.Kind != Cap && l.Kind != Quota {
		if problem := p.calendar(l); problem != "" {
			return problem
		}
	}
	if l.Kind == Quota && l.Zone == "" {
		l.Zone = token
		return ""
	}
	next := p.peek()
	_, dimensional := dimension(next)
	switch joined := name == "and" || name == "+" || name == "plus"; {
	case joined && (dimensional || adjectives[next]):
		return p.key(l)
	case numeral(name) && (next == "burst" || next == "bursts"):
		p.next()
		return p.burst(l, name)
	case numeral(name) || joined && numeral(next):
		return fmt.Sprintf("%q begins another law: a semicolon stands before it", token)
	}
	better := instead[strings.TrimRight(name, ":=0123456789")]
	if strings.HasPrefix(instead[next], "units") {
		better = "units " + token + "=5"
	}
	if better != "" {
		return fmt.Sprintf("%q says nothing here: perhaps %q", token, better)
	}
	return fmt.Sprintf("%q says nothing here", token)
}

func numeral(word string) bool { return word != "" && word[0] >= '0' && word[0] <= '9' }

// instead are examples of what to write, by other people's words.
var instead = map[string]string{
	"block": "lockout 60s", "blocked": "lockout 60s", "ban": "lockout 60s", "banned": "lockout 60s",
	"blockduration": "lockout 60s", "cooldown": "lockout 60s", "lock": "lockout 60s", "penalty": "lockout 60s",
	"delay": "queue 2s", "waits": "queue 2s", "wait": "queue 2s", "queued": "queue 2s", "queues": "queue 2s",
	"cost": "units search=5", "costs": "units search=5", "weight": "units search=5", "weighted": "counter",
	"except": "free ping", "excluding": "free ping", "exempt": "free ping", "without": "free ping",
	"called": "named daily", "name": "named daily", "including": "refusals charged", "rejected": "refusals charged",
	"refill": "10/s burst 20", "step": "steps 10 every 1s", "successful": "only successes", "failed": "only failures",
}

// style reads how windows lie.
func (p *parser) style(l *Law, name string) string {
	style := Style(name)
	switch name {
	case "rolling", "moving":
		style = Sliding
	case "clock-aligned":
		style = Aligned
	}
	p.take("window", "log")
	if style == Sliding && p.take("counter") {
		style = Counter
	}
	if l.Style != Unsaid && l.Style != style {
		return fmt.Sprintf("a window is %s or %s", l.Style, style)
	}
	l.Kind, l.Style = orWindow(l.Kind), style
	return ""
}

// about reads whose or which requests a law is about.
func (p *parser) about(l *Law, name string) string {
	if len(p.tokens) > 0 && isMethod(p.peek()) {
		return p.list("methods", &l.Charge)
	}
	switch next := p.peek(); {
	case name == "only" && (next == "tools" || next == "methods"):
	case name == "only" && next == "":
		return `after "only" stands "failures" or "successes"`
	case name == "only":
		l.Charge.Outcomes = Outcomes(word(p.next()))
	case next == "all" || next == "everyone" || next == "everybody":
		return p.everybody(l, name)
	case (next == "tools" || next == "tool" || next == "method") && len(p.tokens) > 1:
		return p.list(strings.TrimSuffix(word(p.next()), "s")+"s", &l.Charge)
	default:
		if _, known := dimension(next); !known && !adjectives[next] && !several[next] {
			return fmt.Sprintf("%q says nothing here: perhaps %q", name+" "+next, "tools "+next)
		}
		return p.key(l)
	}
	return ""
}

// everybody reads that no one has a counter of its own.
func (p *parser) everybody(l *Law, name string) string {
	said := p.take("by", "across", "between", "among") || name != "in" && name != "across"
	for p.take("all", "total", "everyone", "everybody", "users", "clients", "sessions", "callers", "requests",
		"tools") {
		said = true
	}
	switch {
	case !said:
		return fmt.Sprintf("%q says nothing here", name)
	case len(l.Key) > 0:
		return fmt.Sprintf("a counter is everybody's, or one %s", l.Key)
	}
	p.shared = true
	return ""
}

// resets reads that a quota is the calendar's. A time zone may follow.
func (p *parser) resets(l *Law) string {
	for p.take("at", "on", "the", "every", "each", "daily", "monthly", "hourly", "midnight", "00:00", "0:00", "day",
		"month", "hour", "1st", "first", "of") {
		continue
	}
	if next := p.peek(); strings.Contains(next, ":") {
		return fmt.Sprintf("a quota begins at midnight of its time zone, not at %s", next)
	}
	return p.calendar(l)
}

// zone reads the time zone of a quota's calendar.
func (p *parser) zone(l *Law) string {
	name := strings.TrimSuffix(p.next(), ",")
	if !isZone(name) {
		return fmt.Sprintf("%q is no time zone, such as UTC or Europe/Berlin", name)
	}
	if problem := p.calendar(l); problem != "" {
		return problem
	}
	l.Zone = name
	return ""
}

// isZone reports if a word is a time zone's name.
func isZone(s string) bool {
	if s != "UTC" && s != "GMT" && !strings.Contains(s, "/") {
		return false
	}
	_, err := time.LoadLocation(s)
	return err == nil
}

// key reads dimensions, as long as there are any.
func (p *parser) key(l *Law) string {
	var words []string
	for {
		token := p.next()
		words = append(words, word(token))
		next := p.peek()
		_, more := dimension(next)
		switch glued := !strings.HasSuffix(token, ","); {
		case p.shared:
			return fmt.Sprintf("a counter is everybody's, or one %s", words[0])
		case p.take("and", "+", "x", "×", "&"): // the next is one more
			if words = append(words, "+"); numeral(p.peek()) {
				return fmt.Sprintf("%q begins another law: a semicolon stands before it", p.peek())
			}
		case glued && (further[next] || adjectives[word(token)] && more):
		case !glued && (more || adjectives[next]): // a comma ends the key, unless another dimension follows it
			words = append(words, "+")
		default:
			return l.keyed(strings.Join(words, " "))
		}
	}
}

// keyed adds to the key what another text names.
func (l *Law) keyed(text string) string {
	if len(l.Key) > 0 {
		text = l.Key.String() + " + " + text
	}
	key, err := ParseKey(text)
	if err != nil {
		return err.(*SyntaxError).Sentence()
	}
	l.Key = key
	return ""
}
