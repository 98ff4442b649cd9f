package wire

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/mcpload/mcpload/history"
)

// maxRounds bounds how often a server may ask for input before it answers.
const maxRounds = 10

// inputRequired is the resultType of a result that asks for input.
const inputRequired = "input_required"

// An inputResult is a result that asks for input in place of answering: the request is
// to be sent again with it (revision 2026-07-28, Multi Round-Trip Requests).
type inputResult struct {
	Wants map[string]struct {
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	} `json:"inputRequests"`
	State json.RawMessage `json:"requestState"`
}

// What a result may ask for, and of which requests.
var (
	inputs = []string{"sampling/createMessage", "elicitation/create", "roots/list"}
	asking = []string{methodCall, "prompts/get", "resources/read"}
)

// input returns the members that a request's parameters get where its answer asks for
// input, and all of it is declared. The state goes back as it came.
func (s *Session) input(method string, a answer) (more []byte, ok bool) {
	if !s.asksInput(method, a) {
		return nil, false
	}
	var r inputResult
	if json.Unmarshal(a.reply.result, &r) != nil || r.Wants == nil && r.State == nil {
		return nil, false
	}
	results := make(map[string]json.RawMessage, len(r.Wants))
	for key, want := range r.Wants {
		result := s.o.Answers.result(&message{method: want.Method, params: want.Params})
		if result == nil || !slices.Contains(inputs, want.Method) {
			return nil, false
		}
		results[key] = result
	}
	if r.Wants != nil {
		more = append([]byte(`"inputResponses":`), mustMarshal(results)...)
	}
	if r.State != nil {
		if more != nil {
			more = append(more, ',')
		}
		more = append(append(more, `"requestState":`...), r.State...)
	}
	return more, true
}

// asksInput reports if an answer asks for input, of a request that it may ask for.
func (s *Session) asksInput(method string, a answer) bool {
	m := a.reply
	return s.era.Load().stateless && s.o.Answers.some() && a.fault == nil && m != nil &&
		m.resultType == inputRequired &&
		a.again == nil && a.status/100 <= 2 && slices.Contains(asking, method)
}

// exchange sends a request, and once more with what its answer asks for. Each is a
// request of its own for the server: those before the last are noted aside.
func (s *Session) exchange(ctx context.Context, call *history.Call, q request) answer {
	got := s.link.exchange(ctx, q)
	first := got.sent
	for range maxRounds {
		more, ok := s.input(call.Method, got)
		if !ok || ctx.Err() != nil {
			break
		}
		s.nextRound(call, got)
		next, err := s.supplied(call, more)
		if err != nil {
			panic("internal error: wire: a request that was sent can't be written: " + err.Error())
		}
		next.tool, next.again = q.tool, q.again
		got = s.link.exchange(ctx, next)
	}
	got.sent = first
	return got
}

// nextRound notes a request that was answered by asking for input, and gives the call
// the id of the next.
func (s *Session) nextRound(call *history.Call, a answer) {
	a.tool = call.Tool
	s.aside(history.Request, call.Method, a)
	s.number(call)
}

// supplied is the request of a call with more in its parameters.
func (s *Session) supplied(call *history.Call, more []byte) (request, error) {
	e := *s.era.Load()
	e.more = more
	return e.encode(call.ID, call.Method, call.Tool, call.Arguments)
}
