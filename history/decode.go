package history

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// A decoder turns one line into one call. It allocates only for strings that
// it hasn't seen of late.
type decoder struct {
	scanner

	// One each, so that details that all differ don't push out the names.
	clients, methods, labels, tools, details, sessions, medias, hints words

	seen    fieldSet // fields that the line has
	given   fieldSet // those of them that aren't null
	outcome Outcome  // what the outcome field said
	result  Outcome  // what the result field said
}

// decode reads a line that isn't blank into c. It is the caller who knows the
// line's number.
func (d *decoder) decode(line []byte, c *Call) *LineError {
	d.on(line)
	d.seen, d.given = 0, 0
	*c = Call{}
	if !utf8.Valid(line) {
		return notUTF8(line)
	}
	if err := d.object(c); err != nil {
		return err
	}
	return d.finish(c)
}

// notUTF8 finds the first byte that isn't.
func notUTF8(line []byte) *LineError {
	at := 0
	for {
		r, size := utf8.DecodeRune(line[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return &LineError{
		Byte: at + 1, cut: !utf8.FullRune(line[at:]),
		Problem: fmt.Sprintf("byte %d, 0x%02x, is not UTF-8", at+1, line[at]),
	}
}

// truncated reports if the line that bad is about, the last one decoded, ends
// inside its object. A field's fault is found before the end is, so that the
// line is read once more for that.
func (d *decoder) truncated(bad *LineError) bool {
	if bad.Field == "" {
		return bad.cut
	}
	d.on(d.Data)
	d.Depth = 0
	err := d.skip()
	return err != nil && err.cut
}

// object reads the line's fields.
func (d *decoder) object(c *Call) *LineError {
	if first := d.Peek(); first == '[' {
		return &LineError{Byte: d.Pos + 1, Problem: "an array, want one object a line (jq -c '.[]')"}
	}
	if err := d.expect('{', "'{'"); err != nil {
		return err
	}
	if d.Peek() == '}' {
		d.Pos++
		return d.end()
	}
	for {
		key, err := d.str("a key")
		if err != nil {
			return err
		}
		field := fieldOf(key)
		if err := d.expect(':', "':'"); err != nil {
			return err
		}
		if err := d.member(field, c); err != nil {
			return err
		}
		switch d.Peek() {
		case ',':
			d.Pos++
		case '}':
			d.Pos++
			return d.end()
		default:
			return d.unexpected("',' or '}'")
		}
	}
}

// end makes sure that nothing follows the object.
func (d *decoder) end() *LineError {
	if d.Space(); d.Pos == len(d.Data) {
		return nil
	}
	err := d.unexpected("the line's end")
	err.Problem += " (one object a line)"
	return err
}

// member reads one field's value. A field of ours must not be there twice:
// readers of JSON differ in which one counts, and a judgement must not depend
// on that. Of other fields none counts.
func (d *decoder) member(field int, c *Call) *LineError {
	if field == fieldOther {
		return d.skip()
	}
	if d.seen&(1<<field) != 0 {
		name := fieldNames[field]
		return &LineError{Byte: d.Pos + 1, Field: name, Problem: name + " is there twice"}
	}
	d.seen |= 1 << field
	first := d.Peek()
	if first == 'n' && field > fieldOutcome {
		return d.skip() // as if it weren't there
	}
	d.given |= 1 << field
	switch field {
	case fieldSent, fieldReceived, fieldDue, fieldCode:
		return d.whole(field, first, c)
	case fieldClient, fieldMethod, fieldOutcome, fieldResult:
		return d.text(field, first, c)
	default:
		return d.note(field, first, c)
	}
}

// whole reads a number that must be a whole one.
func (d *decoder) whole(field int, first byte, c *Call) *LineError {
	start := d.Pos
	v, numeral, fault, err := d.integer(first)
	if err != nil {
		return err
	}
	name := fieldNames[field]
	problem := ""
	switch {
	case numeral == nil:
		problem = fmt.Sprintf("%s is %s, want a whole number", name, kindOf(first))
	case fault == fraction:
		problem = fmt.Sprintf("%s %s has a fraction, want a whole number", name, brief(numeral))
	case fault == overflow, field == fieldCode && int64(int(v)) != v:
		problem = fmt.Sprintf("%s %s is out of range", name, brief(numeral))
	}
	if problem != "" {
		return &LineError{Byte: start + 1, Field: name, Problem: problem}
	}
	switch field {
	case fieldSent:
		c.Sent = time.Duration(v)
	case fieldReceived:
		c.Received = time.Duration(v)
	case fieldDue:
		c.Due = time.Duration(v)
	case fieldCode:
		c.Code = int(v)
	}
	return nil
}

// integer reads a value of any kind. Its numeral is nil if it is no number, and
// v is 0 wherever it isn't exact.
func (d *decoder) integer(first byte) (v int64, numeral []byte, fault numeralFault, err *LineError) {
	if first != '-' && (first < '0' || first > '9') {
		return 0, nil, exact, d.skip()
	}
	start := d.Pos
	if v, ok := d.short(); ok {
		return v, d.Data[start:d.Pos], exact, nil
	}
	if err := d.Number(); err != nil {
		return 0, nil, exact, d.flawed(err)
	}
	numeral = d.Data[start:d.Pos]
	v, fault = integer(numeral)
	return v, numeral, fault, nil
}

// short reads a number that is nothing but digits and fits, as nearly all are.
// It reads nothing if this isn't one.
func (d *decoder) short() (int64, bool) {
	line, at := d.Data, d.Pos
	var v uint64 // 19 digits always fit
	for at < len(line) && '0' <= line[at] && line[at] <= '9' {
		v = v*10 + uint64(line[at]-'0')
		at++
	}
	n := at - d.Pos
	if n == 0 || n > 19 || v >= 1<<63 || n > 1 && line[d.Pos] == '0' ||
		at < len(line) && (line[at] == '.' || line[at] == 'e' || line[at] == 'E') {
		return 0, false
	}
	d.Pos = at
	return int64(v), true
}

// text reads a string that must be one.
func (d *decoder) text(field int, first byte, c *Call) *LineError {
	name, start := fieldNames[field], d.Pos
	if first != '"' {
		if err := d.skip(); err != nil {
			return err
		}
		return &LineError{Byte: start + 1, Field: name,
			Problem: fmt.Sprintf("%s is %s, want a string", name, kindOf(first))}
	}
	text, err := d.str("")
	if err != nil {
		return err
	}
	switch field {
	case fieldClient:
		c.Client = d.clients.word(text)
	case fieldMethod:
		c.Method = d.methods.word(text)
	case fieldOutcome:
		switch string(text) {
		case wordAdmitted:
			d.outcome = OK
		case wordLimited:
			d.outcome = Limited
		case wordUnknown:
			d.outcome = Unknown
		default:
			return &LineError{Byte: start + 1, Field: name,
				Problem: fmt.Sprintf("outcome %q is none of admitted, limited, unknown", brief(text))}
		}
	case fieldResult:
		i := slices.Index(outcomeNames[:], string(text))
		if i < 0 {
			return &LineError{Byte: start + 1, Field: name,
				Problem: fmt.Sprintf("result %q is none of tool-error, rejected, broken, timed-out, unsent",
					brief(text))}
		}
		d.result = Outcome(i)
	}
	return nil
}

// note reads a field that other writers may use for something else, and leaves
// it alone if it isn't of our type.
func (d *decoder) note(field int, first byte, c *Call) *LineError {
	switch field {
	case fieldID, fieldStatus, fieldRetryAfter, fieldAttempt:
		v, _, _, err := d.integer(first) // 0 if it is no whole number that fits
		if err != nil {
			return err
		}
		switch field {
		case fieldID:
			c.ID = v
		case fieldStatus:
			if int64(int(v)) == v {
				c.Status = int(v)
			}
		case fieldRetryAfter:
			c.RetryAfter = time.Duration(v)
		case fieldAttempt:
			if int64(int(v)) == v {
				c.Attempt = int(v)
			}
		}
		return nil
	}
	if first != '"' {
		return d.skip()
	}
	text, err := d.str("")
	if err != nil {
		return err
	}
	switch field {
	case fieldLabel:
		c.Label = d.labels.word(text)
	case fieldTool:
		c.Tool = d.tools.word(text)
	case fieldDetail:
		c.Detail = d.details.word(text)
	case fieldSession:
		c.Session = d.sessions.word(text)
	case fieldMedia:
		c.Media = d.medias.word(text)
	case fieldHints:
		c.Hints = d.hints.word(text)
	case fieldTrace:
		c.Trace = string(text)
	case fieldKind:
		if i := slices.Index(kindNames[:], string(text)); i > 0 { // other logs may call other things a kind
			c.Kind = Kind(i)
		}
	}
	return nil
}

// finish checks a call as a whole, and fills in what follows from other
// fields.
func (d *decoder) finish(c *Call) *LineError {
	const required = 1<<fieldSent | 1<<fieldReceived | 1<<fieldOutcome
	if d.given&required != required {
		for field := fieldSent; field <= fieldOutcome; field++ {
			if d.given&(1<<field) == 0 {
				return &LineError{Field: fieldNames[field], Problem: fieldNames[field] + " is missing"}
			}
		}
	}
	if d.given&(1<<fieldDue) == 0 {
		c.Due = c.Sent
	}
	if field, problem := c.fault(); problem != "" {
		return &LineError{Field: field, Problem: problem}
	}
	c.Outcome = d.outcome
	if d.given&(1<<fieldResult) != 0 && d.result != d.outcome {
		if d.outcome != Unknown || d.result == OK || d.result == Limited {
			return &LineError{Field: keyResult, Problem: fmt.Sprintf("result %q contradicts outcome %q", d.result,
				d.outcome.word())}
		}
		c.Outcome = d.result
	}
	return nil
}

// kindOf names the kind of the value that begins with a byte; empty if none
// does.
func kindOf(first byte) string {
	switch first {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	if first == '-' || '0' <= first && first <= '9' {
		return "a number"
	}
	return ""
}

// brief is as much of an input as an error quotes.
func brief(text []byte) string {
	const most = 40
	if len(text) <= most {
		return string(text)
	}
	end := most
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return string(text[:end]) + "…"
}
