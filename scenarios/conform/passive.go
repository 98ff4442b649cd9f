package conform

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
)

// A Listener holds single results to the rows that can be judged by a result alone,
// whoever asked for it: R11, R16, T09, P13 and P14. It sends nothing. Its methods may be
// called from several goroutines.
type Listener struct {
	revision string
	rows     []heardRow
	seed     maphash.Seed

	mu       sync.Mutex
	right    map[uint64]struct{} // results that were right, by what they say
	checked  int64
	wrong    int64
	breaches []Breach
}

// A Breach is a row that results of a method broke.
type Breach struct {
	Row
	Method string
	Saw    string // of the first
	Count  int64  // results that broke it
}

// mostRight bounds how many right results are remembered, so that none is looked into
// twice.
const mostRight = 1 << 14

type heardRow struct {
	Row
	wrong func(revision, method string, result json.RawMessage) string
}

// heard are the rows that a Listener holds results to, by their ids, each with what is
// wrong with a result; empty where nothing is.
var heard = map[string]func(revision, method string, result json.RawMessage) string{
	"R11": func(_, _ string, result json.RawMessage) string {
		if text(member(result, "resultType")) == "" {
			return "the result has no resultType"
		}
		return ""
	},
	"R16": func(revision, method string, result json.RawMessage) string {
		if _, known := shapes[method]; !known || asksMore(revision, result) {
			return ""
		}
		return wrong("the result", method, result)
	},
	"T09": func(revision, method string, result json.RawMessage) string {
		if method != "tools/call" || asksMore(revision, result) {
			return ""
		}
		_, why := badContent(revision, result)
		return why
	},
	"P13": func(revision, method string, result json.RawMessage) string {
		if method != "prompts/get" || asksMore(revision, result) {
			return ""
		}
		_, why := badRole(result)
		return why
	},
	"P14": func(_, method string, result json.RawMessage) string {
		if method != "completion/complete" {
			return ""
		}
		if values := completed(result); len(values) > mostValues {
			return fmt.Sprintf("it gives %d values", len(values))
		}
		return ""
	},
}

// asksMore reports if a result asks for input, or is an extension's, and so has other
// members than its method's.
func asksMore(revision string, result json.RawMessage) bool {
	kind := text(member(result, "resultType"))
	return Stateless(revision) && kind != "complete" && kind != ""
}

// Heard reports if anything is demanded of the results of a method in a revision that
// they show by themselves.
func Heard(revision, method string) bool {
	_, known := shapes[method]
	return known || Stateless(revision)
}

// Listen returns what holds results to the rows of a revision.
func Listen(revision string) *Listener {
	l := &Listener{revision: revision, seed: maphash.MakeSeed(), right: map[uint64]struct{}{}}
	for _, r := range Rows() {
		if check := heard[r.ID]; check != nil && revision >= r.From && (r.To == "" || revision <= r.To) {
			l.rows = append(l.rows, heardRow{Row: r, wrong: check})
		}
	}
	return l
}

// Hear takes in a result of a method. One of which nothing is demanded is not counted.
func (l *Listener) Hear(method string, result json.RawMessage) {
	if !Heard(l.revision, method) {
		return
	}
	key := l.key(method, result)
	l.mu.Lock()
	l.checked++
	_, right := l.right[key]
	l.mu.Unlock()
	if right {
		return
	}
	bad := false
	for _, r := range l.rows {
		if why := r.wrong(l.revision, method, result); why != "" {
			bad = true
			l.note(r.Row, method, why)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if bad {
		l.wrong++
	} else if len(l.right) < mostRight {
		l.right[key] = struct{}{}
	}
}

func (l *Listener) key(method string, result []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(l.seed)
	_, _ = h.WriteString(method) // a hash takes everything
	_ = h.WriteByte(0)
	_, _ = h.Write(result)
	return h.Sum64()
}

func (l *Listener) note(r Row, method, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := slices.IndexFunc(l.breaches, func(b Breach) bool { return b.ID == r.ID && b.Method == method })
	if k < 0 {
		l.breaches = append(l.breaches, Breach{Row: r, Method: method, Saw: why})
		k = len(l.breaches) - 1
	}
	l.breaches[k].Count++
}

// Heard returns how many results were looked into, how many of them broke a row, and
// each row that was broken, by method, in the order in which that was first seen.
func (l *Listener) Heard() (checked, wrong int64, breaches []Breach) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.checked, l.wrong, slices.Clone(l.breaches)
}

// badContent says what is wrong with the content of a tool's result, and how many parts
// were looked at.
func badContent(revision string, result json.RawMessage) (parts int, why string) {
	var list []json.RawMessage
	if json.Unmarshal(member(result, "content"), &list) != nil || list == nil {
		return 0, "the content is no list: " + spelling(member(result, "content"))
	}
	for _, part := range list {
		parts++
		kind := text(member(part, "type"))
		since, known := kinds[kind]
		switch {
		case !known || revision < since:
			return parts, "a part of the content has the type " + spelling(member(part, "type"))
		case kind == "text" && !isText(member(part, "text")):
			return parts, "a text of the content is " + spelling(member(part, "text"))
		case kind != "image" && kind != "audio":
		case text(member(part, "mimeType")) == "":
			return parts, "an " + kind + " of the content has no mimeType"
		default:
			if _, err := base64.StdEncoding.DecodeString(text(member(part, "data"))); err != nil {
				return parts, "the data of an " + kind + " of the content is no Base64"
			}
		}
	}
	return parts, ""
}

// badRole says which message of a prompt has no role, and how many were looked at.
func badRole(result json.RawMessage) (messages int, why string) {
	var list []json.RawMessage
	if json.Unmarshal(member(result, "messages"), &list) != nil {
		return 0, "" // another row's matter
	}
	for _, m := range list {
		messages++
		if role := text(member(m, "role")); role != "user" && role != "assistant" {
			return messages, "a message has the role " + spelling(member(m, "role"))
		}
	}
	return messages, ""
}

// mostValues is how many values a completion may have.
const mostValues = 100

// completed are the values of a completion; nil where there is no list of them.
func completed(result json.RawMessage) []json.RawMessage {
	var values []json.RawMessage
	if json.Unmarshal(member(member(result, "completion"), "values"), &values) != nil {
		return nil
	}
	return values
}
