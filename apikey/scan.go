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
// order, from the goroutine that called it. It holds no more than a few hundred KiB of
// the text at a time, twice: two processors look through it side by side. It ends with
// the first error of either.
func (r *Redactor) Scan(src io.Reader, found func(Place) error) error {
	s := scan{found: found, line: 1}
	var ahead []*slab // that are looked through, in order
	known := r.secrets()
	var rest []byte
	var failed error
	for read := false; !read || len(ahead) > 0; {
		if !read && len(ahead) < abreast {
			p := &slab{text: append(make([]byte, 0, chunk), rest...), done: make(chan struct{})}
			n, err := io.ReadFull(src, p.text[len(rest):chunk])
			p.text = p.text[:len(rest)+n]
			p.last = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
			if read = err != nil; read && !p.last {
				failed = err
				continue
			}
			rest = p.text[max(0, len(p.text)-overlap):]
			go p.look(known)
			ahead = append(ahead, p)
			continue
		}
		p := ahead[0]
		ahead = ahead[1:]
		<-p.done
		if err := s.tell(p); err != nil {
			return err
		}
	}
	return failed
}

// abreast is how many slabs are looked through at a time.
const abreast = 2

// A slab is a chunk of the text that is looked through beside others.
type slab struct {
	text  []byte
	last  bool
	found []Match // once it is done
	done  chan struct{}
}

func (p *slab) look(known *secrets) {
	p.found = merge(known.find(&view{text: p.text}, 0))
	close(p.done)
}

type scan struct {
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

// tell tells of the credentials in a slab: those that begin at its end are seen whole in
// the next one.
func (s *scan) tell(looked *slab) error {
	text := looked.text
	for _, m := range looked.found {
		if s.from > 0 && m.Start < edge || !looked.last && m.Start >= len(text)-overlap+edge ||
			s.from+int64(m.Start) < s.told {
			continue
		}
		p := Place{Offset: s.from + int64(m.Start), Bytes: m.End - m.Start, Family: m.Family, Encoding: m.Encoding,
			Masked: hidden}
		p.Line, p.Column = s.line, s.before+m.Start+1
		if i := bytes.LastIndexByte(text[:m.Start], '\n'); i >= 0 {
			p.Line, p.Column = s.line+bytes.Count(text[:m.Start], []byte("\n")), m.Start-i
		}
		byIssuer := m.Family != registered && m.Family != generic.name // else it may be a password
		if byIssuer && m.Encoding == "" && bytes.IndexByte(text[m.Start:m.End], '\n') < 0 {
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
	if !looked.last {
		gone := len(text) - overlap
		s.pass(text[:gone])
		s.from += int64(gone)
	}
	return nil
}
