package apikey

import (
	"bytes"
	"errors"
	"io"
)

// A Place is where a credential stands in what Scan read.
type Place struct {
	Offset   int64  // in bytes, from the beginning
	Line     int    // from 1
	Column   int    // in bytes, from 1
	Bytes    int    // how long it is
	Family   string // as a Match has it
	Encoding string
	Masked   string // what may be shown of it
}

// Scan reads a text of any length and calls found for each credential in it, in
// order. It holds no more than a few hundred KiB of the text at a time. It ends
// with the first error of either.
func (r *Redactor) Scan(src io.Reader, found func(Place) error) error {
	s := scan{known: r.secrets(), found: found, line: 1}
	buf := make([]byte, 0, chunk)
	for {
		n, err := io.ReadFull(src, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return err
		}
		if err := s.chunk(buf, last); err != nil || last {
			return err
		}
		gone := len(buf) - overlap
		s.pass(buf[:gone])
		s.from += int64(gone)
		buf = append(buf[:0], buf[gone:]...)
	}
}

type scan struct {
	known  *secrets
	found  func(Place) error
	from   int64 // where the chunk begins
	line   int   // the line of its first byte
	before int   // how many bytes of that line stand before it
	told   int64 // where what was told of ends
}

// pass counts the lines of what is let go.
func (s *scan) pass(text []byte) {
	if i := bytes.LastIndexByte(text, '\n'); i >= 0 {
		s.line += bytes.Count(text, []byte("\n"))
		s.before = len(text) - i - 1
		return
	}
	s.before += len(text)
}

// chunk tells of the credentials in a chunk: those that begin at its end are seen
// whole in the next one.
func (s *scan) chunk(text []byte, last bool) error {
	for _, m := range merge(s.known.find(&view{text: text}, 0)) {
		if s.from > 0 && m.Start < edge || !last && m.Start >= len(text)-overlap+edge ||
			s.from+int64(m.Start) < s.told {
			continue
		}
		p := Place{Offset: s.from + int64(m.Start), Bytes: m.End - m.Start, Family: m.Family, Encoding: m.Encoding,
			Masked: hidden}
		p.Line, p.Column = s.line, s.before+m.Start+1
		if i := bytes.LastIndexByte(text[:m.Start], '\n'); i >= 0 {
			p.Line, p.Column = s.line+bytes.Count(text[:m.Start], []byte("\n")), m.Start-i
		}
		if m.Encoding == "" && m.Family != registered && bytes.IndexByte(text[m.Start:m.End], '\n') < 0 {
			p.Masked = Mask(string(text[m.Start:m.End]))
		}
		if p.Encoding == escaped && bytes.IndexByte(text[m.Start:m.End], '%') >= 0 {
			p.Encoding = "percent"
		}
		if err := s.found(p); err != nil {
			return err
		}
		s.told = s.from + int64(m.End)
	}
	return nil
}
