package conform

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A Listener holds single results to the rows that can be judged by a result alone,
// whoever asked for it: R11, R16, T07, T09, P13 and P14, and errors to R12. It sends nothing. Its methods may be
// called from several goroutines.
type Listener struct {
	revision string
	rows     []heardRow
	outputs  map[string]func() *jsonschema.Schema // by tool
	seed     maphash.Seed

	mu       sync.Mutex
	right    map[uint64]struct{} // results that were right, by what they say
	checked  int64
	wrong    int64
	about    map[string]int64 // by row, what was looked into that it is about
	breaches []Breach
}

// A Breach is a row that results of a method broke.
type Breach struct {
	Row
	Method string
	Saw    string // of the first
	First  []byte // the result itself; nil where it was an error
	Count  int64  // results that broke it
}

// mostRight bounds how many right results are remembered, so that none is looked into
// twice.
const mostRight = 1 << 14

type heardRow struct {
	Row
	about func(revision, method string, result json.RawMessage) bool
	wrong func(method string, result json.RawMessage, revision string) string
}

// heard are the rows that a Listener holds results to, by their ids, each with what it is
// about and what is wrong with it; empty where nothing is.
var heard = map[string]heardRow{
	"R11": {wrong: func(_ string, result json.RawMessage, _ string) string {
		if text(member(result, "resultType")) == "" {
			return "the result has no resultType"
		}
		return ""
	}},
	"R16": {about: func(_, method string, _ json.RawMessage) bool { return shapes[method] != "" },
		wrong: func(method string, result json.RawMessage, _ string) string {
			return wrong("the result", method, result)
		}},
	"T09": {about: only("tools/call"), wrong: func(_ string, result json.RawMessage, revision string) string {
		_, why := badContent(revision, result)
		return why
	}},
	"P13": {about: only("prompts/get"), wrong: func(_ string, result json.RawMessage, revision string) string {
		_, why := badRole(revision, result)
		return why
	}},
	"P14": {about: only("completion/complete"), wrong: func(_ string, result json.RawMessage, _ string) string {
		if values := completed(result); len(values) > mostValues {
			return fmt.Sprintf("it gives %d values", len(values))
		}
		return ""
	}},
}

// only are results of one method, that don't ask for more input.
func only(want string) func(revision, method string, result json.RawMessage) bool {
	return func(_, method string, _ json.RawMessage) bool { return method == want }
}

// outputSchemas are those of tools, as a server describes them, by their names. Each is
// read once it is needed; nil is one that can't be judged.
func outputSchemas(tools []json.RawMessage) map[string]func() *jsonschema.Schema {
	out := map[string]func() *jsonschema.Schema{}
	for _, tool := range tools {
		raw := member(tool, "outputSchema")
		if raw != nil && string(raw) != "null" {
			out[text(member(tool, "name"))] = sync.OnceValue(func() *jsonschema.Schema { return compiledSchema(raw) })
		}
	}
	return out
}

// badOutput says how a tool's result breaks its outputSchema. known reports if there is
// one, and if that could be judged.
func (l *Listener) badOutput(tool string, result json.RawMessage) (why string, known bool) {
	schema := l.outputs[tool]
	if schema == nil || string(member(result, "isError")) == "true" {
		return "", false
	}
	return badOutput(tool, schema(), result)
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

// Listen returns what holds results to the rows of a revision, those of calls to what
// the server says of its tools.
func Listen(revision string, tools []json.RawMessage) *Listener {
	l := &Listener{revision: revision, outputs: outputSchemas(tools), seed: maphash.MakeSeed(),
		right: map[uint64]struct{}{}, about: map[string]int64{}}
	for _, r := range Rows() {
		h, known := heard[r.ID]
		if revision < r.From || r.To != "" && revision > r.To || !known && r.ID != codesRow && r.ID != outputRow {
			continue
		}
		h.Row = r
		l.rows = append(l.rows, h)
	}
	return l
}

// The rows that take more than a result: an error's code, and whose result it is.
const (
	codesRow  = "R12"
	outputRow = "T07"
)

// row is one that is listened for; nil where the revision doesn't have it.
func (l *Listener) row(id string) *Row {
	for i := range l.rows {
		if l.rows[i].ID == id {
			return &l.rows[i].Row
		}
	}
	return nil
}

// Hear takes in a result of a method, and of a tool where that is a call. One of which
// nothing is demanded is not counted.
func (l *Listener) Hear(method, tool string, result json.RawMessage) {
	if !Heard(l.revision, method) {
		return
	}
	key := l.key(method+" "+tool, result)
	l.mu.Lock()
	l.checked++
	_, right := l.right[key]
	l.mu.Unlock()
	if right {
		return
	}
	bad := false
	note := func(r *Row, why string) {
		if bad = bad || why != ""; why != "" {
			l.note(*r, method, why, result)
		}
	}
	for i := range l.rows {
		r := &l.rows[i]
		if r.wrong == nil || r.about != nil && (!r.about(l.revision, method, result) || asksMore(l.revision, result)) {
			continue
		}
		l.count(r.ID)
		note(&r.Row, r.wrong(method, result, l.revision))
	}
	if r := l.row(outputRow); r != nil && method == "tools/call" && !asksMore(l.revision, result) {
		if why, known := l.badOutput(tool, result); known {
			l.count(r.ID)
			note(r, why)
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

// HearError takes in the code of an error.
func (l *Listener) HearError(method string, code int) {
	r := l.row(codesRow)
	if r == nil {
		return
	}
	l.count(r.ID)
	if why := badCode(code); why != "" {
		l.note(*r, method, why, nil)
		l.mu.Lock()
		l.wrong++
		l.mu.Unlock()
	}
}

func (l *Listener) count(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.about[id]++
}

func (l *Listener) key(method string, result []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(l.seed)
	_, _ = h.WriteString(method) // a hash takes everything
	_ = h.WriteByte(0)
	_, _ = h.Write(result)
	return h.Sum64()
}

func (l *Listener) note(r Row, method, why string, result []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := slices.IndexFunc(l.breaches, func(b Breach) bool { return b.ID == r.ID && b.Method == method })
	if k < 0 {
		l.breaches = append(l.breaches, Breach{Row: r, Method: method, Saw: why, First: bytes.Clone(bounded(result))})
		k = len(l.breaches) - 1
	}
	l.breaches[k].Count++
}

// Heard returns how many results were looked into, how many of them, and of the errors,
// broke a row, and each row that was broken, by method, in the order in which that was
// first seen.
func (l *Listener) Heard() (checked, wrong int64, breaches []Breach) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.checked, l.wrong, slices.Clone(l.breaches)
}

// Report is what came of each row. unheard is how many results came that weren't looked
// into: then nothing passes for certain, and the report says that it isn't whole.
func (l *Listener) Report(transport string, unheard int64) Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := Report{Revision: l.revision, Transport: transport}
	for _, r := range l.rows {
		f := Finding{Row: r.Row, Answer: pass("the answers that were looked into, %d that differ", l.about[r.ID])}
		if l.about[r.ID] == 0 {
			f.Answer = skip("no answer came that it is about")
		}
		for _, b := range l.breaches {
			if b.ID == r.ID && f.State != Fail {
				f.Answer = fail(nil, "%s, %d times: %s", b.Method, b.Count, b.Saw)
				if b.First != nil {
					f.Shows = []*Exchange{{Reply: Reply{Body: b.First}}}
				}
			}
		}
		out.Findings = append(out.Findings, f)
	}
	if unheard > 0 {
		out.Ended = fmt.Sprintf("%d more answers came in a way in which they can't be looked into", unheard)
	}
	return out
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
		case !isText(member(part, "mimeType")):
			return parts, "an " + kind + " of the content has no mimeType"
		default:
			if _, err := base64.StdEncoding.DecodeString(text(member(part, "data"))); err != nil {
				return parts, "the data of an " + kind + " of the content is no Base64"
			}
		}
	}
	return parts, ""
}

// badRole says which message of a prompt has no role, or no content of a known type, and
// how many were looked at.
func badRole(revision string, result json.RawMessage) (messages int, why string) {
	var list []json.RawMessage
	if json.Unmarshal(member(result, "messages"), &list) != nil {
		return 0, "" // another row's matter
	}
	for _, m := range list {
		messages++
		if role := text(member(m, "role")); role != "user" && role != "assistant" {
			return messages, "a message has the role " + spelling(member(m, "role"))
		}
		kind := member(member(m, "content"), "type")
		if since, known := kinds[text(kind)]; kind != nil && (!known || revision < since) {
			return messages, "a message's content has the type " + spelling(kind)
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
