package history

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// A Writer writes a history file, a call at a time. It is buffered: call Flush
// at the end, and heed its error. It isn't safe for concurrent use.
type Writer struct {
	w     *bufio.Writer
	line  []byte // the last line, kept for its memory
	calls int    // calls written
}

// NewWriter returns a Writer to w. Closing w is the caller's.
func NewWriter(w io.Writer) *Writer {
	return &Writer{w: bufio.NewWriterSize(w, 64<<10)}
}

// Write writes a call on a line of its own. What isn't UTF-8 in its strings
// becomes U+FFFD. A call that a Reader would refuse (a negative instant,
// received before sent, an invalid outcome, a line over MaxLine) is an error
// that names its position from 1, and nothing of it is written. An error of
// the underlying writer comes back from this and all later calls.
func (w *Writer) Write(c *Call) error {
	if _, problem := c.fault(); problem != "" {
		return fmt.Errorf("history: call %d: %s", w.calls+1, problem)
	}
	if int(c.Outcome) >= len(outcomeNames) {
		return fmt.Errorf("history: call %d: outcome %d is invalid", w.calls+1, c.Outcome)
	}
	if int(c.Kind) >= len(kindNames) {
		return fmt.Errorf("history: call %d: kind %d is invalid", w.calls+1, c.Kind)
	}
	w.line = appendCall(w.line[:0], c)
	if len(w.line) > MaxLine {
		return fmt.Errorf("history: call %d: its line would have %d bytes, more than %d", w.calls+1, len(w.line),
			MaxLine)
	}
	w.line = append(w.line, '\n')
	if _, err := w.w.Write(w.line); err != nil {
		return fmt.Errorf("history: writing call %d: %w", w.calls+1, err)
	}
	w.calls++
	return nil
}

// Flush writes what is still in the buffer.
func (w *Writer) Flush() error {
	if err := w.w.Flush(); err != nil {
		return fmt.Errorf("history: writing: %w", err)
	}
	return nil
}

// appendCall appends a call's object. The first seven fields are always there,
// so that a filter can rely on them; the others where they say something.
func appendCall(b []byte, c *Call) []byte {
	b = append(b, '{')
	b = appendInt(b, keySent, int64(c.Sent))
	b = appendInt(b, keyReceived, int64(c.Received))
	b = appendString(b, keyOutcome, c.Outcome.word())
	b = appendString(b, keyClient, c.Client)
	b = appendString(b, keyMethod, c.Method)
	b = appendInt(b, keyDue, int64(c.Due))
	b = appendInt(b, keyCode, int64(c.Code))
	if c.Outcome.word() == wordUnknown && c.Outcome != Unknown {
		b = appendString(b, keyResult, c.Outcome.String())
	}
	for _, n := range [...]struct {
		key   string
		value int64
	}{{keyID, c.ID}, {keyStatus, int64(c.Status)}, {keyRetryAfter, int64(c.RetryAfter)},
		{keyAttempt, int64(c.Attempt)}} {
		if n.value != 0 {
			b = appendInt(b, n.key, n.value)
		}
	}
	if c.Kind != Request {
		b = appendString(b, keyKind, c.Kind.String())
	}
	for _, s := range [...]struct{ key, value string }{{keyLabel, c.Label}, {keyTool, c.Tool}, {keySession, c.Session},
		{keyMedia, c.Media}, {keyHints, c.Hints}, {keyTrace, c.Trace}, {keyDetail, c.Detail}} {
		if s.value != "" {
			b = appendString(b, s.key, s.value)
		}
	}
	return append(b, '}')
}

func appendKey(b []byte, key string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, key...)
	return append(b, '"', ':')
}

func appendInt(b []byte, key string, v int64) []byte {
	return strconv.AppendInt(appendKey(b, key), v, 10)
}

// appendString appends a member whose value is a JSON string. Only what JSON
// demands is escaped: a history is read by people too.
func appendString(b []byte, key, s string) []byte {
	b = append(appendKey(b, key), '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r) // U+FFFD for what isn't UTF-8
			i += size
			continue
		}
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= ' ':
			b = append(b, c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		default:
			const hex = "0123456789abcdef"
			b = append(b, `\u00`...)
			b = append(b, hex[c>>4], hex[c&15])
		}
		i++
	}
	return append(b, '"')
}
