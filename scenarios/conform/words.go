package conform

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode"
)

// longestExcerpt bounds what a server said in a sentence, in bytes. It is cut to what
// people read only once the secrets are out of it.
const longestExcerpt = 8 << 10

// words says what a reply was.
func (r *Reply) words() string {
	var parts []string
	if r.Status != 0 {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("HTTP %d %s", r.Status, http.StatusText(r.Status))))
	}
	switch m := r.FirstAnswer(); {
	case r.Broken != "":
		parts = append(parts, r.Broken)
	case m == nil && len(r.Body) > 0:
		parts = append(parts, excerpt(string(r.Body)))
	case m == nil:
		parts = append(parts, "no answer")
	case m.Error != nil:
		parts = append(parts, fmt.Sprintf("error %s %s", m.Error.Code, excerpt(m.Error.Message)))
	case m.HasErr:
		parts = append(parts, "an error that is none: "+excerpt(string(m.Raw)))
	default:
		parts = append(parts, "result "+excerpt(string(m.Result)))
	}
	return strings.Join(parts, ", ")
}

// besides says what came over a line in place of an answer; empty where nothing did.
func (r *Reply) besides() string {
	switch m := r.FirstAnswer(); {
	case r.Status != 0:
		return ""
	case m != nil:
		return ", but one to the id " + spelling(m.ID)
	case len(r.Body) > 0:
		return "; what it wrote is no message: " + excerpt(string(r.Body))
	}
	return ""
}

// words says what came of an exchange.
func (e *Exchange) words() string { return e.Reply.words() }

// excerpt quotes a text, cut. JSON stands as it is, as it has quotes of its own.
func excerpt(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	structured := json.Valid([]byte(s)) && strings.ContainsAny(s[:1], `{["`)
	if len(s) > longestExcerpt {
		s = strings.ToValidUTF8(s[:longestExcerpt], "") + "…"
	}
	if structured && printable(s) {
		return s
	}
	return fmt.Sprintf("%q", s)
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
