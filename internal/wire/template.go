package wire

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// A template writes the HTTP/1.1 requests of the sessions that differ in
// nothing but their session ids, without a memory allocation for most calls.
// What it writes is what a poster and an era write, which do it for whatever
// isn't the plain case.
type template struct {
	of     *era
	era    era // of all its sessions, but for the session id
	url    *url.URL
	host   string
	header http.Header // of every request
	known  map[headKey]opening
	verbs  map[string][]byte // heads of requests without a body

	// Of the latest request, because the next one is mostly like it.
	key     headKey
	latest  opening
	compact []byte // arguments that compactObject takes
}

// A headKey says what the head of a request depends on.
type headKey struct{ method, tool string }

// An opening is the head of a request up to its length, and the start of its
// body up to the arguments.
type opening struct {
	head    []byte // up to "Content-Length: "
	before  []byte // of the body, after the id
	general bool   // the arguments are repeated in headers: encode must do it
}

// newTemplate returns a template for sessions like this one.
func newTemplate(s *Session, u *url.URL, header http.Header) *template {
	of := s.era.Load()
	e := *of
	e.sessionID = ""
	host := u.Host
	if h := header.Get("Host"); h != "" {
		host = h
	}
	return &template{of: of, era: e, url: u, host: host, header: header, known: map[headKey]opening{},
		verbs: map[string][]byte{}}
}

// request appends the request of one call to b. It fails where the
// arguments are no JSON object.
func (t *template) request(b []byte, own marks, id int64, method, tool string, arguments json.RawMessage) ([]byte,
	error) {
	h := t.opening(method, tool)
	if t.extraordinary(h, arguments) {
		return t.general(b, own, id, method, tool, arguments)
	}
	var digits [20]byte
	number := strconv.AppendInt(digits[:0], id, 10)
	glue, params, after := t.ends(method, arguments)
	size := len(bodyStart) + len(number) + len(h.before) + len(glue) + len(params) + len(after)
	b = append(b, h.head...)
	b = strconv.AppendInt(b, int64(size), 10)
	b = own.append(b)
	return h.body(b, number, glue, params, after), nil
}

// message appends what is no call: a request of the session era that has been written,
// or one without a body.
func (t *template) message(b []byte, own marks, verb string, q request) []byte {
	if verb == http.MethodPost {
		b = append(b, t.opening(q.method, "").head...)
		b = strconv.AppendInt(b, int64(len(q.body)), 10)
		return append(own.append(b), q.body...)
	}
	h, ok := t.verbs[verb]
	if !ok {
		var more http.Header
		if verb == http.MethodGet {
			more = http.Header{"Accept": {eventStream}}
		}
		h = t.headOf(verb, t.era.header("", "", nil), more)
		t.verbs[verb] = h
	}
	return own.append(append(b, h...))
}

// body appends the body of a request.
func (h opening) body(b, number []byte, glue string, params []byte, after string) []byte {
	b = append(b, bodyStart...)
	b = append(b, number...)
	b = append(b, h.before...)
	b = append(b, glue...)
	b = append(b, params...)
	return append(b, after...)
}

// line appends the body of a request alone, as one line with its end.
func (t *template) line(b []byte, id int64, method, tool string, arguments json.RawMessage) ([]byte, error) {
	h := t.opening(method, tool)
	if t.extraordinary(h, arguments) {
		q, err := t.era.encode(id, method, tool, arguments)
		return append(append(b, q.body...), '\n'), err
	}
	var digits [20]byte
	glue, params, after := t.ends(method, arguments)
	b = slices.Grow(b, len(bodyStart)+len(digits)+len(h.before)+len(glue)+len(params)+len(after)+1)
	return append(h.body(b, strconv.AppendInt(digits[:0], id, 10), glue, params, after), '\n'), nil
}

// opening returns what is the same in all calls of a method and a tool.
func (t *template) opening(method, tool string) opening {
	key := headKey{method, tool}
	if key == t.key && t.latest.head != nil {
		return t.latest
	}
	h, known := t.known[key]
	if !known {
		h = t.newOpening(method, tool)
		t.known[key] = h
	}
	t.key, t.latest = key, h
	return h
}

// extraordinary reports if only encode can write a request.
func (t *template) extraordinary(h opening, arguments json.RawMessage) bool {
	switch {
	case h.general, t.era.trace != nil:
		return true
	case len(t.compact) > 0 && bytes.Equal(arguments, t.compact):
		return false
	case !compactObject(arguments) || t.era.stateless && bytes.Contains(arguments, []byte(`"_meta"`)):
		return true
	}
	t.compact = append(t.compact[:0], arguments...)
	return false
}

const bodyStart = `{"jsonrpc":"2.0","id":`

// marks are what tells a session's requests from those of others with its template.
type marks struct {
	id, cookie, token string
	trace             *tracer
}

// append appends them, and the end of the head.
func (m marks) append(b []byte) []byte {
	if m.id != "" {
		b = append(append(b, "\r\nMcp-Session-Id: "...), m.id...)
	}
	if m.cookie != "" {
		b = append(append(b, "\r\nCookie: "...), m.cookie...)
	}
	if m.token != "" {
		b = append(append(b, "\r\nAuthorization: Bearer "...), m.token...)
	}
	return append(b, "\r\n\r\n"...)
}

// ends returns what follows the start of a body: what joins the arguments to
// it, the arguments, and what closes the objects around them.
func (t *template) ends(method string, arguments json.RawMessage) (glue string, params []byte, after string) {
	none := len(arguments) == 0
	switch {
	case method == methodCall && none:
		return "{}", nil, "}}"
	case method == methodCall:
		return "", arguments, "}}"
	case !t.era.stateless && none:
		return "", nil, "}"
	case !t.era.stateless:
		return `,"params":`, arguments, "}"
	case none || string(arguments) == "{}":
		return "", nil, "}}"
	}
	return ",", arguments[1:], "}" // beside the metadata, in one object
}

// newOpening writes what is the same in all calls of a method and a tool.
func (t *template) newOpening(method, tool string) opening {
	name := quote(tool)
	switch {
	case !t.era.stateless:
	case method == "prompts/get", method == "resources/read", string(name) == `"_meta"`,
		len(t.era.params[tool]) > 0 && method == methodCall:
		return opening{general: true}
	}
	before := append([]byte(`,"method":`), quote(method)...)
	if t.era.stateless {
		before = append(append(before, `,"params":{"_meta":`...), t.era.meta...)
	}
	if method == methodCall {
		start := `,"params":{"name":`
		if t.era.stateless {
			start = `,"name":`
		}
		before = append(append(append(before, start...), name...), `,"arguments":`...)
	}
	return opening{head: t.head(t.era.header(method, tool, nil)), before: before}
}

// head writes the head of a POST up to its length.
func (t *template) head(own http.Header) []byte {
	text := t.headOf(http.MethodPost, postHeader(request{header: own}), nil)
	text = bytes.Replace(text, []byte("\r\nContent-Length: 0"), nil, 1)
	return append(text, "\r\nContent-Length: "...)
}

// headOf writes the head of a request without the ends of its last line.
func (t *template) headOf(verb string, own, more http.Header) []byte {
	q := http.Request{Method: verb, Host: t.host, URL: t.url, Header: http.Header{}, ProtoMajor: 1, ProtoMinor: 1}
	for _, header := range []http.Header{t.header, own, more} {
		maps.Copy(q.Header, header)
	}
	q.Header.Del("Host")
	var b bytes.Buffer
	// Writing to memory doesn't fail.
	_ = q.Write(&b)
	return bytes.TrimSuffix(b.Bytes(), []byte("\r\n\r\n"))
}

// general writes any request, as the plain path does.
func (t *template) general(b []byte, own marks, id int64, method, tool string, arguments json.RawMessage) ([]byte,
	error) {
	e := t.era
	e.trace = own.trace // the template is that of several sessions
	q, err := e.encode(id, method, tool, arguments)
	if err != nil {
		return nil, err
	}
	return t.whole(b, own, q), nil
}

// whole appends a request that an era has written.
func (t *template) whole(b []byte, own marks, q request) []byte {
	b = append(b, t.head(q.header)...)
	b = strconv.AppendInt(b, int64(len(q.body)), 10)
	return append(own.append(b), q.body...)
}

// compactObject reports if arguments are none, or an object without white
// space between its tokens.
func compactObject(arguments json.RawMessage) bool {
	if len(arguments) == 0 {
		return true
	}
	if arguments[0] != '{' {
		return false
	}
	c := cursorOver(arguments)
	if _, err := c.Value(); err != nil || c.Pos != len(arguments) {
		return false
	}
	inside := false
	for i := 0; i < len(arguments); i++ {
		switch b := arguments[i]; {
		case b == '"':
			inside = !inside
		case b == '\\':
			i++
		case !inside && (b == ' ' || b == '\n' || b == '\r' || b == '\t'):
			return false
		}
	}
	return true
}
