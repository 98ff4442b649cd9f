package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/revision"
)

// Methods that this package must know.
const (
	methodDiscover    = "server/discover"
	methodInitialize  = "initialize"
	methodInitialized = "notifications/initialized"
	methodCancelled   = "notifications/cancelled"
	methodList        = "tools/list"
	methodCall        = "tools/call"
)

// autoProtocol asks to find out what the server speaks.
const autoProtocol = "auto"

// The revisions that we speak, the newest first.
var (
	statelessRevisions = revision.All()[:1]
	sessionRevisions   = revision.All()[1:]
)

// firstVersionHeader is the first session revision whose requests carry the
// MCP-Protocol-Version header over HTTP.
const firstVersionHeader = revision.R2506

// Speaks reports if a text says which protocol to speak: auto, or a revision.
func Speaks(protocol string) bool { return protocol == autoProtocol || isRevision(protocol) }

// isRevision reports if a text has the form of a revision.
func isRevision(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// An era is how a request says which protocol it speaks: in the session era
// by a handshake and a session id, in the stateless era by metadata in every
// request. It is the same on every transport, but for the headers, which only
// HTTP carries.
type era struct {
	revision  string // empty until one is settled
	stateless bool
	meta      []byte // stateless: the _meta object of every request
	sessionID string // session: what the server assigned, if anything
	params    paramHeaders
	trace     *tracer // nil: requests carry no trace context
	more      []byte  // stateless: members that go to the parameters of one request
}

// statelessEra returns the era of a revision without sessions.
func statelessEra(revision string, o Options) era {
	meta, err := json.Marshal(map[string]any{
		"io.modelcontextprotocol/protocolVersion":    revision,
		"io.modelcontextprotocol/clientInfo":         map[string]string{"name": o.Name, "version": o.Version},
		"io.modelcontextprotocol/clientCapabilities": o.Answers.capabilities(),
	})
	if err != nil {
		panic("internal error: wire: strings do not marshal: " + err.Error())
	}
	return era{revision: revision, stateless: true, meta: meta}
}

// isStateless reports if a revision is of the stateless era. Revisions are
// dates, so that they compare as text.
func isStateless(revision string) bool {
	return revision >= statelessRevisions[len(statelessRevisions)-1]
}

var errParams = errors.New("the arguments are no JSON object")

// encode writes a request, or a notification where id is 0, as one line.
func (e era) encode(id int64, method, tool string, arguments json.RawMessage) (request, error) {
	q, err := e.encodeLine(id, method, tool, arguments)
	if err == nil {
		q.header = e.header(method, tool, arguments)
	}
	return q, err
}

// encodeLine is encode for a transport without headers.
func (e era) encodeLine(id int64, method, tool string, arguments json.RawMessage) (request, error) {
	params, err := e.encodeParams(method, tool, arguments)
	if err == nil {
		params, err = e.traced(id, params)
	}
	if err != nil {
		return request{}, err
	}
	b := make([]byte, 0, len(params)+len(method)+64)
	b = append(b, `{"jsonrpc":"2.0",`...)
	if id != 0 {
		b = append(b, `"id":`...)
		b = strconv.AppendInt(b, id, 10)
		b = append(b, ',')
	}
	b = append(b, `"method":`...)
	b = append(b, quote(method)...)
	if params != nil {
		b = append(b, `,"params":`...)
		b = append(b, params...)
	}
	return request{id: id, method: method, body: append(b, '}')}, nil
}

// encodeParams writes the parameters of a request; nil where it has none.
func (e era) encodeParams(method, tool string, arguments json.RawMessage) ([]byte, error) {
	object, err := oneLine(arguments)
	if err != nil {
		return nil, err
	}
	if method == methodCall {
		if object == nil {
			object = []byte("{}")
		}
		object = slices.Concat([]byte(`{"name":`), quote(tool), []byte(`,"arguments":`), object, []byte("}"))
	}
	if !e.stateless {
		return object, nil
	}
	return withMeta(joined(object, e.more), e.meta)
}

// joined is a compact object with more members.
func joined(object, more []byte) []byte {
	switch {
	case more == nil:
		return object
	case object == nil || string(object) == "{}":
		return slices.Concat([]byte("{"), more, []byte("}"))
	}
	return slices.Concat(object[:len(object)-1], []byte(","), more, []byte("}"))
}

// oneLine returns a JSON object without white space, nil for none.
func oneLine(object json.RawMessage) ([]byte, error) {
	switch {
	case len(object) == 0:
		return nil, nil
	case compactObject(object):
		return object, nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, object); err != nil {
		return nil, fmt.Errorf("%w: %w", errParams, err)
	}
	if b.Bytes()[0] != '{' {
		return nil, errParams
	}
	return b.Bytes(), nil
}

// withMeta adds metadata to a compact object, which may hold some already.
func withMeta(object, meta []byte) ([]byte, error) {
	if object == nil || string(object) == "{}" {
		return slices.Concat([]byte(`{"_meta":`), meta, []byte("}")), nil
	}
	if !bytes.Contains(object, []byte(`"_meta"`)) {
		return slices.Concat([]byte(`{"_meta":`), meta, []byte(","), object[1:]), nil
	}
	var members, own, ours map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil {
		return nil, fmt.Errorf("%w: %w", errParams, err)
	}
	if err := json.Unmarshal(meta, &ours); err != nil {
		panic("internal error: wire: our metadata is no object: " + err.Error())
	}
	if raw, ok := members["_meta"]; ok {
		if err := json.Unmarshal(raw, &own); err != nil {
			return nil, fmt.Errorf("%w: _meta: %w", errParams, err)
		}
	}
	for name, value := range own {
		ours[name] = value
	}
	// Neither can fail: these are values that were JSON before.
	members["_meta"], _ = json.Marshal(ours)
	out, _ := json.Marshal(members)
	return out, nil
}

// quote writes a JSON string.
func quote(s string) []byte {
	if strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune(`"\\<>&`, r) }) < 0 {
		return append(append(append(make([]byte, 0, len(s)+2), '"'), s...), '"')
	}
	b, err := json.Marshal(s)
	if err != nil {
		panic("internal error: wire: a string does not marshal: " + err.Error())
	}
	return b
}

// header returns the headers that say the same over HTTP. Keys are in their
// canonical spelling.
func (e era) header(method, tool string, arguments json.RawMessage) http.Header {
	h := http.Header{}
	if e.sessionID != "" {
		h["Mcp-Session-Id"] = []string{e.sessionID}
	}
	if e.revision >= firstVersionHeader {
		h["Mcp-Protocol-Version"] = []string{e.revision}
	}
	if !e.stateless {
		return h
	}
	h["Mcp-Method"] = []string{headerValue(method)}
	if name, ok := mirroredName(method, tool, arguments); ok {
		h["Mcp-Name"] = []string{headerValue(name)}
	}
	if method == methodCall {
		e.params.add(h, tool, arguments)
	}
	return h
}

// mirroredName returns what Mcp-Name repeats of a request.
func mirroredName(method, tool string, arguments json.RawMessage) (string, bool) {
	var params struct {
		Name string `json:"name"`
		URI  string `json:"uri"`
	}
	switch method {
	case methodCall:
		return tool, true
	case "prompts/get":
		err := json.Unmarshal(arguments, &params)
		return params.Name, err == nil
	case "resources/read":
		err := json.Unmarshal(arguments, &params)
		return params.URI, err == nil
	}
	return "", false
}

// What marks a header value as Base64 (revision 2026-07-28, Streamable HTTP,
// section Value Encoding).
const (
	base64Prefix = "=?base64?"
	base64Suffix = "?="
)

// headerValue makes a text fit for a header: as it is, or as marked Base64
// where it holds what a header can't, or could be taken for marked.
func headerValue(s string) string {
	safe := s == strings.TrimSpace(s) && !(strings.HasPrefix(s, base64Prefix) && strings.HasSuffix(s, base64Suffix))
	for i := range len(s) {
		safe = safe && (s[i] >= ' ' && s[i] <= '~' || s[i] == '\t')
	}
	if safe {
		return s
	}
	return base64Prefix + base64.StdEncoding.EncodeToString([]byte(s)) + base64Suffix
}

// respond answers a request by the server: ping with an empty result, what was
// declared with its answer, and whatever else it asks with method not found. In
// the stateless era it has no business to ask.
func (e era) respond(m *message, answers Answers) (request, bool) {
	if e.stateless || m.id.raw == "" {
		return request{}, false
	}
	result := `"error":{"code":-32601,"message":"method not found"}`
	if r := answers.result(m); r != nil {
		result = `"result":` + string(r)
	}
	body := slices.Concat([]byte(`{"jsonrpc":"2.0","id":`), []byte(m.id.raw), []byte(","), []byte(result), []byte("}"))
	return request{method: m.method, asked: m.at, body: body, header: e.header("", "", nil)}, true
}

// cancelledLine tells a server over stdio that nobody waits for a request.
func cancelledLine(id int64) []byte {
	return fmt.Appendf(nil, `{"jsonrpc":"2.0","method":"notifications/cancelled",`+
		`"params":{"requestId":%d,"reason":"timed out"}}`, id)
}
