package wire

import (
	"bytes"
	"unicode/utf8"
)

// This file recognises the reply that nearly every call of a load gets: one
// response, with our id, whose result says that all went well. It decides
// nothing else, and never anything that readMessages and classify would decide
// otherwise: whatever it doesn't recognise goes to them.

// The members of a message and of a result that matter.
const (
	sawVersion = 1 << iota
	sawID
	sawResult
	sawMethod
)

// plainSuccess reports if a reply's body is such a response to the request id,
// and returns its result. The end is how much of the body had to be read for
// it, which says when the response was there. Soft says which texts may be
// refusals in disguise.
func plainSuccess(kind bodyKind, text []byte, id int64, method string, modern bool, soft softness) (result []byte,
	end int, ok bool) {
	end = len(text)
	switch kind {
	case jsonBody:
	case eventBody:
		if text, end, ok = onlyMessage(text); !ok {
			return nil, 0, false
		}
	default:
		return nil, 0, false
	}
	s := hotScan{cursor: cursorOver(text), id: id, modern: modern, call: method == methodCall, soft: soft}
	ok = s.response() && utf8.Valid(text)
	return s.result, end, ok
}

// onlyMessage returns the data of the only event of a stream that carries a
// message, and where the event ends. It takes lines that end in LF or CR LF,
// and data of one line.
func onlyMessage(stream []byte) (data []byte, end int, ok bool) {
	if len(stream) == 0 || stream[0] == 0xef { // perhaps a byte order mark
		return nil, 0, false
	}
	var line []byte
	found, current := false, false
	for at := 0; at < len(stream); {
		n := bytes.IndexByte(stream[at:], '\n')
		if n < 0 {
			return nil, 0, false // cut inside a line
		}
		line, at = stream[at:at+n], at+n+1
		line = bytes.TrimSuffix(line, []byte("\r"))
		if bytes.IndexByte(line, '\r') >= 0 {
			return nil, 0, false
		}
		switch {
		case len(line) == 0:
			if current {
				if found = len(data) > 0; found {
					end = at
				}
				current = false
			}
		case line[0] == ':':
		case bytes.HasPrefix(line, []byte("data:")):
			if found || current {
				return nil, 0, false
			}
			current, data = true, bytes.TrimPrefix(line[5:], []byte(" "))
		case string(line) == "event: message", string(line) == "event:message",
			bytes.HasPrefix(line, []byte("id:")), bytes.HasPrefix(line, []byte("retry:")):
		default:
			return nil, 0, false
		}
	}
	return data, end, found && !current
}

// A hotScan walks over one message.
type hotScan struct {
	cursor
	id           int64 // 0: any, which it then becomes
	modern, call bool  // the era and the method
	soft         softness
	result       []byte
	seen         int
}

// response walks over the message, and reports if it is the expected one.
func (s *hotScan) response() bool {
	if s.Peek() != '{' {
		return false
	}
	ok := s.members(ofMessage)
	s.Space()
	return ok && s.Pos == len(s.Data) && s.seen == sawVersion|sawID|sawResult
}

// messageMember walks over a member of the message, and reports if it may be
// one of the expected response.
func (s *hotScan) messageMember(name []byte) bool {
	switch string(name) {
	case `"jsonrpc"`:
		version, ok := s.plain()
		return ok && s.once(sawVersion) && string(version) == `"2.0"`
	case `"id"`:
		raw, ok := s.plain()
		return ok && s.once(sawID) && s.spells(raw)
	case `"result"`:
		if s.Peek() != '{' || !s.once(sawResult) {
			return false
		}
		start := s.Pos
		ok := s.members(ofResult)
		s.result = s.Data[start:s.Pos]
		return ok
	case `"method"`, `"error"`:
		return false
	}
	_, ok := s.plain()
	return ok
}

// The objects that a hotScan walks over. They are numbers and no functions, so
// that the compiler sees that a scan stays where it is, and takes no memory.
const (
	ofMessage = iota
	ofResult
	ofContent
)

func (s *hotScan) member(of int, name []byte) bool {
	switch of {
	case ofMessage:
		return s.messageMember(name)
	case ofResult:
		return s.resultMember(name)
	}
	return s.contentMember(name)
}

// once notes a member, and reports if it is the first of its name.
func (s *hotScan) once(member int) bool {
	first := s.seen&member == 0
	s.seen |= member
	return first
}

// plain walks over any value.
func (s *hotScan) plain() ([]byte, bool) {
	raw, err := s.Value()
	return raw, err == nil
}

// members walks over an object of a kind and calls member for the members, whose
// quoted names hold no escape. It is object without its errors.
func (s *hotScan) members(of int) bool {
	s.Depth++ // value counts on from here
	defer func() { s.Depth-- }()
	s.Pos++
	if s.Peek() == '}' {
		s.Pos++
		return true
	}
	for {
		s.Space()
		name, err := s.Text()
		if err != nil || bytes.IndexByte(name, '\\') >= 0 || s.Peek() != ':' {
			return false
		}
		s.Pos++
		if !s.member(of, name) {
			return false
		}
		if done, err := s.Next('}'); done || err != nil {
			return err == nil
		}
	}
}

// resultMember walks over a member of the result, and reports if it says
// nothing but that all went well.
func (s *hotScan) resultMember(name []byte) bool {
	switch {
	case string(name) == `"isError"`:
		raw, ok := s.plain()
		return ok && string(raw) != "true"
	case string(name) == `"resultType"` && s.modern:
		raw, ok := s.plain()
		return ok && string(raw) == `"complete"`
	case string(name) == `"content"` && s.call && s.soft != trusting && s.Peek() == '[':
		return s.soft == wary && s.contents()
	case string(name) == `"structuredContent"` && s.call && s.soft != trusting:
		raw, ok := s.plain()
		return ok && s.soft == wary && !maySayFailed(raw)
	}
	_, ok := s.plain()
	return ok
}

// A softness says which results that don't say isError may be refusals.
type softness uint8

const (
	trusting softness = iota // none
	wary                     // those that are a JSON object which says that it failed
	doubting                 // any: each is to be read
)

// softness is how closely results have to be looked at.
func (r Refusal) softness() softness {
	switch {
	case r.Plain != nil || r.Wary:
		return doubting
	case r.Text != nil:
		return wary
	}
	return trusting
}

// maySayFailed reports if a JSON text may be an object that says that it failed.
// It may say yes where none is, and never no where one is: what says so is the
// name of a member, or a word beside it, or is spelled with an escape.
func maySayFailed(raw []byte) bool {
	for _, sign := range [...]string{"error", "fail", "false", `\`} {
		if bytes.Contains(raw, []byte(sign)) {
			return true
		}
	}
	return false
}

// contents walks over the content of a result.
func (s *hotScan) contents() bool {
	s.Depth++
	defer func() { s.Depth-- }()
	s.Pos++
	if s.Peek() == ']' {
		s.Pos++
		return true
	}
	for {
		if s.Peek() != '{' || !s.members(ofContent) {
			return false
		}
		if done, err := s.Next(']'); done || err != nil {
			return err == nil
		}
	}
}

// contentMember walks over a member of a content item. A text that may be a
// JSON object, after white space that may be escaped, may be a soft failure.
func (s *hotScan) contentMember(name []byte) bool {
	raw, ok := s.plain()
	if !ok || string(name) != `"text"` || raw[0] != '"' {
		return ok
	}
	for _, c := range raw[1:] {
		switch {
		case c == ' ':
			continue
		case c == '{' || c == '\\' || c >= 0x80:
			return false
		}
		return true
	}
	return true
}

// spells reports if a JSON number is written as the id is.
func (s *hotScan) spells(raw []byte) bool {
	if len(raw) == 0 || len(raw) > 18 || raw[0] == '0' {
		return false
	}
	n := int64(0)
	for _, c := range raw {
		if c < '0' || c > '9' {
			return false
		}
		n = 10*n + int64(c-'0')
	}
	if s.id == 0 {
		s.id = n
	}
	return n == s.id
}

// anySuccess reports if a line is such a response to any request, and returns
// which, and its result. It takes every method for tools/call, whose results
// have most ways not to be one.
func anySuccess(line []byte, modern bool, soft softness) (id int64, result []byte, ok bool) {
	s := hotScan{cursor: cursorOver(line), modern: modern, call: true, soft: soft}
	ok = s.response() && utf8.Valid(line)
	return s.id, s.result, ok
}
