package wire

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
)

// Bounds on what is read of a refusal's hints.
const (
	maxHints    = 8
	maxHintBody = 64 << 10
	maxHintDeep = 5
)

// A hintReader gathers what one refusal says of when to come back: every header
// and every member that speaks of it, each with its own precision. What it makes
// of a value is in hintvalue.go.
type hintReader struct {
	now   time.Time // ours
	date  time.Time // the server's, cut to whole seconds; zero where it doesn't say
	clean redactor
	list  []history.Hint
}

// readHints reads a refusal's headers and bodies. The instant now is ours, and
// counts only where a server names an instant and no Date to compare it with.
func readHints(header http.Header, now time.Time, clean redactor, bodies ...hintBody) []history.Hint {
	r := &hintReader{now: now, clean: clean}
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		r.date = date
	}
	r.headers(header)
	for _, b := range bodies {
		r.body(b)
	}
	return r.list
}

// A hintBody is a JSON text in which a hint may stand, and what it is called.
type hintBody struct {
	name string
	text []byte
}

// add notes a hint, unless there are too many, or it stands there already.
func (r *hintReader) add(h history.Hint) {
	if h.Raw = r.raw(h.Raw); len(r.list) < maxHints && !slices.Contains(r.list, h) {
		r.list = append(r.list, h)
	}
}

// raw is a value as a hint quotes it: without secrets, in one line, and short.
func (r *hintReader) raw(text string) string {
	const most = 40
	text = r.clean.finish(excerpt([]byte(text)))
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// headers reads Retry-After first, and then the others in order.
func (r *hintReader) headers(header http.Header) {
	for _, value := range header["Retry-After"] {
		r.retryAfter(strings.TrimSpace(value))
	}
	for _, key := range slices.Sorted(maps.Keys(header)) {
		small := strings.ToLower(key)
		name := hintName(strings.Replace(key, "Ratelimit", "RateLimit", 1)) // as everybody writes it
		for _, value := range header[key] {
			value = strings.TrimSpace(value)
			switch {
			case small == "ratelimit":
				r.rateLimit(name, value)
			case strings.HasSuffix(small, "retry-after-ms"):
				r.member(name, value, member{history.HintWait, time.Millisecond})
			case small != "retry-after" && strings.HasSuffix(small, "retry-after"):
				r.member(name, value, member{history.HintWait, 0})
			case !strings.Contains(small, "ratelimit-") && !strings.Contains(small, "rate-limit-"):
			case strings.HasSuffix(small, "-reset"), strings.HasSuffix(small, "-reset-after"),
				strings.HasSuffix(small, "-reset-requests"):
				r.member(name, value, member{history.HintReset, 0})
			case strings.HasSuffix(small, "-remaining"):
				n, form := numeral(value)
				if form != noNumber && n > 0 && !strings.Contains(small, "tokens-") && !spent(header) {
					r.add(history.Hint{From: name, Raw: value, Kind: history.HintLeft})
				}
			}
		}
	}
}

// spent reports if a header says that nothing is left: of several limits that one may
// have refused.
func spent(header http.Header) bool {
	for key, values := range header {
		if !strings.HasSuffix(strings.ToLower(key), "-remaining") {
			continue
		}
		for _, value := range values {
			if n, form := numeral(strings.TrimSpace(value)); form != noNumber && n <= 0 {
				return true
			}
		}
	}
	return false
}

// retryAfter reads the header of RFC 9110, section 10.2.3: whole seconds, or a
// date.
func (r *hintReader) retryAfter(value string) {
	h := history.Hint{From: "Retry-After", Raw: value}
	at, err := http.ParseTime(value)
	switch seconds, form := numeral(value); {
	case form != noNumber && r.isEpoch(seconds):
		h.Kind, h.Note = history.HintWrong, "a time since 1970, where RFC 9110 has seconds from now"
	case form != noNumber:
		h = r.inUnits(h, seconds, form, time.Second)
		if form.digits > 0 && h.Kind == history.HintWait {
			h.Note = history.NoteFraction
		}
	case err == nil:
		h = r.instant(h, at, time.Second)
	default:
		h.Kind, h.Note = history.HintWrong, "neither whole seconds nor a date"
	}
	if h.Kind == "" {
		h.Kind = history.HintWait
	}
	r.add(h)
}

// rateLimit reads the header of the IETF draft: since its eighth version a list
// of items such as "policy";r=0;t=5, before that limit=10, remaining=0, reset=5.
// Of several items each speaks of a limit of its own, and any of them may have
// refused: only one that has nothing left says when it is whole again.
func (r *hintReader) rateLimit(name, value string) {
	left, none, resets := false, false, []string(nil)
	for item := range strings.SplitSeq(value, ",") {
		remaining, reset := "", ""
		for part := range strings.SplitSeq(item, ";") {
			key, v, _ := strings.Cut(strings.TrimSpace(part), "=")
			switch key {
			case "r", "remaining":
				remaining = v
			case "t":
				reset = v
			case "reset":
				resets = append(resets, v)
			}
		}
		n, form := numeral(remaining)
		left = left || form != noNumber && n > 0
		none = none || form != noNumber && n <= 0
		if form != noNumber && n <= 0 && reset != "" {
			resets = append(resets, reset)
		}
	}
	if left && !none {
		r.add(history.Hint{From: name, Raw: value, Kind: history.HintLeft})
		return
	}
	for _, reset := range resets {
		r.member(name, reset, member{history.HintReset, time.Second})
	}
}

// body reads a JSON object, or a text that holds one.
func (r *hintReader) body(b hintBody) {
	text := bytes.TrimSpace(b.text)
	if len(text) > 0 && text[0] == '"' {
		var inner string
		if json.Unmarshal(text, &inner) == nil {
			text = bytes.TrimSpace([]byte(inner))
		}
	}
	if len(text) == 0 || text[0] != '{' && text[0] != '[' || len(text) > maxHintBody {
		return
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value any
	if d.Decode(&value) == nil { // else it is no JSON, and says nothing
		r.walk(b.name, value, 0)
	}
}

// walk looks for members with a known name, however deep they stand: in data,
// details, error and whatever servers call it.
func (r *hintReader) walk(path string, value any, depth int) {
	if depth > maxHintDeep {
		return
	}
	switch v := value.(type) {
	case []any:
		for _, item := range v[:min(len(v), maxHints)] {
			r.walk(path, item, depth+1)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			at := path + "." + hintName(name)
			m, known := members[strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(name))]
			switch inner := v[name].(type) {
			case json.Number:
				if known {
					r.member(at, inner.String(), m)
				}
			case string:
				if known && inner != "" {
					r.member(at, strings.TrimSpace(inner), m)
				}
			case map[string]any, []any:
				r.walk(at, inner, depth+1)
			}
		}
	}
}

// hintName is a member's name as a path may hold it.
func hintName(name string) string {
	const most = 40
	name = strings.Map(func(c rune) rune {
		if c <= ' ' || c == '=' || c == ';' || c > '~' || c == '"' {
			return '_'
		}
		return c
	}, name)
	return name[:min(len(name), most)]
}

// asked is how long the refusal asks to wait, for whoever only wants to know
// that: what is told in milliseconds before the header, whose seconds are
// rounded, and that before what else the body says. It is 0 where nothing was
// said that could be heeded.
func asked(list []history.Hint) time.Duration {
	best, rank := time.Duration(0), 5
	for _, h := range list {
		at := 3
		switch header := !strings.Contains(h.From, "."); {
		case h.Kind == history.HintReset && header, h.Kind == history.HintLeft, h.Kind == history.HintWrong:
			continue
		case h.Kind == history.HintReset:
			at = 4
		case h.Hi-h.Lo <= 2*time.Millisecond && h.Note == "":
			at = 1
		case header:
			at = 2
		}
		if d := (h.Lo + h.Hi) / 2; at < rank && d > 0 {
			best, rank = d, at
		}
	}
	return best
}
