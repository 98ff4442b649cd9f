package apikey

import (
	"fmt"
	"strings"
	"unicode"
)

// Check says if a value can be what the provider issues. It takes the value as
// it stands: white space around it is a fault, not something to pass over,
// because the next program that reads the variable won't. An empty value is
// Blank; only Startup can tell that a variable isn't set.
//
// A good key takes less than a microsecond and no memory.
func (p Provider) Check(value string) Result {
	if p = p.compiled(); p.p == nil {
		return Result{Verdict: Malformed, Detail: "no provider to check it against"}
	}
	switch {
	case value == "":
		return Result{Verdict: Blank, Detail: "is empty"}
	case len(value) > longest:
		return Result{Verdict: Malformed, Detail: fmt.Sprintf("is longer than %d bytes", longest)}
	}
	for _, f := range p.p.formats {
		if f.role != plausible && f.match(value) {
			return p.p.known(f, value)
		}
	}
	trimmed := strings.TrimSpace(value)
	if trimmed == "" {
		return Result{Verdict: Blank, Detail: "is nothing but white space"}
	}
	if p.p.secret || p.p.check == nil {
		if why, bad := reference(trimmed); bad {
			return Result{Verdict: Placeholder, Detail: why}
		}
		if p.p.check == nil && elsewhere(trimmed) {
			return Result{Verdict: Placeholder, Detail: referenced}
		}
		if why, bad := placeholder(trimmed); bad {
			return Result{Verdict: Placeholder, Detail: why}
		}
	}
	if why := around(value, trimmed); why != "" {
		return Result{Verdict: Malformed, Detail: why}
	}
	if p.p.check != nil {
		return p.p.check(value)
	}
	return p.p.unknown(value)
}

// known judges a value that has a format.
func (p *provider) known(f *format, value string) Result {
	body := value[len(f.prefix()):]
	if why, bad := trivial(body); bad {
		return Result{Placeholder, f.name, why, ""}
	}
	if len(f.prefix()) < 3 && !p.open { // any token of its length, but for those that say whose they are
		if title, kind, exact := foreign(value, p); exact {
			return Result{WrongFamily, kind, "is " + article(title) + " " + kind, ""}
		}
	}
	if p.open || f.prefix() == "" {
		if why, bad := template(value); bad {
			return Result{Placeholder, f.name, why, ""}
		}
	} else if told(body) {
		return Result{Placeholder, f.name, "says itself that it is a placeholder", ""}
	}
	r := Result{Verdict: Valid, Format: f.name}
	switch {
	case f.role == wrong:
		return Result{WrongFamily, f.name, wrongKind(p.title, f.name), ""}
	case f.checksum && !summed(value, f.prefix()):
		r.Warning = "its checksum doesn't fit: it may be mistyped or made up"
	case p.open:
		if title, kind, _ := foreign(value, p); title != "" {
			r.Warning = "looks like " + article(title) + " " + kind
		}
	}
	return r
}

// article puts a or an before an issuer's name, as it is spoken.
func article(title string) string {
	switch {
	case strings.ContainsRune("AEIO", rune(title[0])), strings.HasPrefix(title, "x"), title == "npm",
		title == "NVIDIA", title == "n8n", title == "ngrok":
		return "an " + title
	}
	return "a " + title
}

func wrongKind(title, name string) string {
	return "is " + article(title) + " " + name + ", which is not the secret that is asked for"
}

// around says what surrounds a value that shouldn't.
func around(value, trimmed string) string {
	switch {
	case strings.HasSuffix(value, "\n") || strings.HasSuffix(value, "\r"):
		return "ends with a line break"
	case len(value) != len(trimmed) && strings.HasSuffix(value, trimmed):
		return "begins with white space"
	case len(value) != len(trimmed):
		return "has white space around it"
	}
	first, last := value[0], value[len(value)-1]
	if len(value) > 1 && first == last && (first == '"' || first == '\'' || first == '`') {
		return "has quotation marks around it"
	}
	return ""
}

// unknown judges a value that has no known format, is no placeholder and has
// nothing around it.
func (p *provider) unknown(value string) Result {
	if title, kind, exact := foreign(value, p); title != "" && (!p.open || title == "web") {
		return Result{WrongFamily, kind, "is " + article(title) + " " + kind, ""}
	} else if exact && p.open {
		return Result{Verdict: Valid, Format: "token", Warning: "looks like " + article(title) + " " + kind}
	}
	// Where a value begins as a format does, only guesses at that one's successors
	// count: half a project key is no newer kind of another key.
	near := p.nearest(value)
	for _, f := range p.formats {
		if f.role != plausible || near != nil && !strings.HasPrefix(f.prefix(), near.prefix()) || !f.match(value) {
			continue
		}
		if why, bad := trivial(value[len(f.prefix()):]); bad {
			return Result{Placeholder, f.name, why, ""}
		}
		return Result{Unrecognised, f.name, "has no known format, but may have a newer one", ""}
	}
	if near != nil {
		return Result{Malformed, near.name, near.fault(value), ""}
	}
	return Result{Malformed, "", p.fault(value), ""}
}

// fault says in what a value differs from a format whose beginning it has.
func (f *format) fault(value string) string {
	if i := stranger(value, base64ish); i >= 0 {
		return fmt.Sprintf("has a character at place %d that no key has", i+1)
	}
	want, body := f.least(), alnums
	if len(f.parts) > 1 && f.parts[1].class != nil {
		body = f.parts[1].class
	}
	last := f.parts[len(f.parts)-1]
	switch {
	case len(value) < want:
		return fmt.Sprintf("is too short: %d characters of %d", len(value), want)
	case len(value) > want && (last.class == nil || last.min == last.max):
		return fmt.Sprintf("is too long: %d characters, not %d", len(value), want)
	}
	if i := stranger(value[len(f.prefix()):], body); i >= 0 {
		return fmt.Sprintf("has a character at place %d that is not one of %s", len(f.prefix())+i+1, body.words)
	}
	return "has the right beginning and length, but not the right build"
}

// fault says what is wrong with a value that doesn't even begin right.
func (p *provider) fault(value string) string {
	wide := base64ish
	if i := stranger(value, wide); i >= 0 {
		return fmt.Sprintf("has a character at place %d that no key has", i+1)
	}
	shortest, prefixed := longest, true
	for _, f := range p.formats {
		if f.role != wrong {
			shortest = min(shortest, f.least())
		}
		prefixed = prefixed && f.prefix() != ""
	}
	switch {
	case prefixed:
		return "doesn't begin as the provider's keys do"
	case len(value) < shortest:
		return fmt.Sprintf("is too short: %d characters, want %d or more", len(value), shortest)
	}
	return fmt.Sprintf("has %d characters, and no format of that length and alphabet is known", len(value))
}

// stranger is the place of the first byte that isn't in a class, or -1. It looks at
// eight at a time: a private key has 1,700.
func stranger(v string, c *class) int {
	has, i := &c.has, 0
	for ; len(v)-i >= 8; i += 8 {
		w := v[i : i+8]
		if !has[w[0]] || !has[w[1]] || !has[w[2]] || !has[w[3]] ||
			!has[w[4]] || !has[w[5]] || !has[w[6]] || !has[w[7]] {
			break
		}
	}
	for ; i < len(v); i++ {
		if !has[v[i]] {
			return i
		}
	}
	return -1
}

// control is the place of the first control character, or -1.
func control(v string) int { return strings.IndexFunc(v, unicode.IsControl) }
