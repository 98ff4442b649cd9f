package history

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
)

// A Reader reads a history file, a call at a time, in memory that doesn't grow
// with the file. It isn't safe for concurrent use.
//
// A history file is JSON Lines (jsonlines.org): UTF-8, one JSON object
// (RFC 8259) a line, one object a call, no line over MaxLine.
//
//	sent_ns         required  instant, ns: just before the request was written
//	received_ns     required  instant, ns: just after the reply was read; at least sent_ns
//	outcome         required  admitted, limited or unknown
//	client          optional  string: who sent it; "" is one anonymous client
//	method          optional  string: the JSON-RPC method
//	due_ns          optional  instant, ns: when it was planned; sent_ns where it isn't there
//	code            optional  whole number: JSON-RPC error code
//	result          optional  refines unknown: tool-error, rejected, broken, timed-out or unsent
//	kind            optional  notification, answer, stream or deletion, of a message that is no request of ours
//	id, label, attempt, tool, session, status, media_type, retry_after_ns, hints, traceparent,
//	detail
//	                optional  notes: as in Call, durations in ns
//
// An instant is a whole number from 0 to 2⁶³−1 of one clock, whose zero is
// anyone's choice: the run's start, or 1970 in a file made from an access log.
// 1.5e9 is as good as 1500000000. An optional field that is null isn't there.
// Fields with other names are ignored, whatever they hold. So is a note of
// another type than ours ("id":"req-17"), or a kind of another name: logs have
// fields of these names too, and such a one can't be ours.
// A field of ours that is there twice is refused.
type Reader struct {
	in      *bufio.Reader
	decoder decoder
	call    Call   // what Each hands out
	long    []byte // a line that is longer than in's buffer
	line    int    // lines begun
	err     error  // why there are no more lines: io.EOF, or what stopped us
}

// What ends the reading of an input that has no end of its own, such as a
// device, or a pipe into which somebody writes for ever.
const (
	maxSkip  = 64 * MaxLine  // bytes of one line that are passed over to find its end
	maxBad   = 100_000       // lines that hold no call
	maxAfter = 10_000_000    // lines after the first of those
	maxLines = math.MaxInt32 // lines in all: positions of calls are counted in 32 bits
)

// NewReader returns a Reader of r. A byte order mark at the start is skipped.
func NewReader(r io.Reader) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, 64<<10)}
}

// Line returns the number of the line that the last call, or the last
// LineError, came from: 1 for the file's first line, with blank lines counted,
// as an editor counts. It is 0 before the first Read.
func (r *Reader) Line() int { return r.line }

// Read returns the next call, or io.EOF after the last. Blank lines are passed
// over. A line that holds no call is a *LineError; the next Read goes on with
// the line after it. Any other error is final.
func (r *Reader) Read() (Call, error) {
	var c Call
	err := r.next(&c)
	return c, err
}

// Each calls fn with each call that is left and its line number, and stops at
// fn's first error, which it returns as it is. The call is good only until fn
// returns; its strings may be kept.
//
// Lines that hold no call make Each return an *Errors. After the first such
// line fn isn't called any more, because a judgement of the rest would be
// worth nothing, but the lines are read on to find the others, as far as that
// makes sense. An error of the underlying reader is returned joined to it.
func (r *Reader) Each(fn func(line int, c *Call) error) error {
	var bad *Errors
	first := 0 // bad line
	for {
		if bad != nil && (bad.Total >= maxBad || r.line-first >= maxAfter) {
			return errors.Join(bad, fmt.Errorf("history: what follows line %d was not read", r.line))
		}
		err := r.next(&r.call)
		if err == nil {
			if bad == nil {
				err = fn(r.line, &r.call)
			}
			if err != nil {
				return err
			}
			continue
		}
		if line, ok := err.(*LineError); ok { // next never wraps one
			if bad = bad.with(line); bad.Total == 1 {
				first = r.line
			}
			continue
		}
		switch {
		case bad == nil && err == io.EOF:
			return nil
		case bad == nil:
			return err
		case err == io.EOF:
			return bad
		default:
			return errors.Join(bad, err)
		}
	}
}

// next reads the next call into c. After an error c holds nothing of use.
func (r *Reader) next(c *Call) error {
	for {
		line, terminated, bad := r.readLine()
		if line == nil && bad == nil {
			return r.err
		}
		if bad == nil && blank(line) {
			continue
		}
		if bad == nil {
			bad = r.decoder.decode(line, c)
		}
		if bad == nil {
			return nil
		}
		if !terminated && r.decoder.truncated(bad) {
			bad = &LineError{Byte: len(line) + 1, Problem: "truncated: the file ends inside this line"}
		}
		bad.Line = r.line
		*c = Call{}
		return bad
	}
}

// readLine returns the next line without its break, and if it had one; or nil
// where there is none, and then r.err says why. The line is good until the
// next call.
func (r *Reader) readLine() (line []byte, terminated bool, bad *LineError) {
	if r.err == nil && r.line == maxLines {
		r.err = fmt.Errorf("history: more than %d lines", maxLines)
	}
	if r.err != nil {
		return nil, false, nil
	}
	line, err := r.in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		line, err = r.readLong(line)
	}
	if err == errEndless {
		r.err = fmt.Errorf("history: line %d %w", r.line+1, err)
		return nil, false, nil
	}
	if err != nil && err != io.EOF {
		r.err = fmt.Errorf("history: reading line %d: %w", r.line+1, err)
		return nil, false, nil
	}
	if err == io.EOF {
		r.err = io.EOF
		if len(line) == 0 {
			return nil, false, nil
		}
	}
	r.line++
	if r.line == 1 {
		if line = bytes.TrimPrefix(line, []byte("\ufeff")); foreign(line) != "" {
			r.err = fmt.Errorf("history: the input is %s, want UTF-8 text with one JSON object a line", foreign(line))
			return nil, false, nil
		}
	}
	line, terminated = bytes.CutSuffix(line, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) > MaxLine {
		bad = &LineError{Problem: fmt.Sprintf("longer than %d bytes", MaxLine)}
	}
	return line, terminated, bad
}

var errEndless = fmt.Errorf("has no end within %d MiB: this is no history", maxSkip>>20)

// readLong reads the rest of a line that begins with head. Of a line that is
// too long it keeps no more than it takes to see that, and of one that is far too
// long it doesn't look for the end.
func (r *Reader) readLong(head []byte) ([]byte, error) {
	const enough = MaxLine + 8 // room for a byte order mark and a line break
	r.long = append(r.long[:0], head...)
	for read := len(head); ; {
		more, err := r.in.ReadSlice('\n')
		if read += len(more); read > maxSkip {
			return nil, errEndless
		}
		r.long = append(r.long, more[:min(len(more), enough-len(r.long))]...)
		if err != bufio.ErrBufferFull {
			return r.long, err
		}
	}
}

// foreign names the format of a file that begins with the bytes of another
// one, which is friendlier than a complaint about each of its lines.
func foreign(start []byte) string {
	for _, f := range [...]struct{ magic, name string }{
		{"\xff\xfe", "UTF-16"}, // what PowerShell's > writes
		{"\xfe\xff", "UTF-16"},
		{"\x1f\x8b", "compressed (gzip)"},
		{"\x28\xb5\x2f\xfd", "compressed (zstd)"},
	} {
		if bytes.HasPrefix(start, []byte(f.magic)) {
			return f.name
		}
	}
	return ""
}

// blank reports if a line has nothing but white space.
func blank(line []byte) bool {
	return len(line) == 0 || line[0] <= ' ' && len(bytes.Trim(line, " \t\r")) == 0
}
