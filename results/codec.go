package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/mcpload/mcpload/verdict"
)

// ErrUnfinished is returned for a document on which Finish was not called: its
// verdicts would say inconclusive for want of anything better.
var ErrUnfinished = errors.New("the document is not finished")

// JSON writes the document, and nothing else, as indented JSON that ends in a
// newline. It fails with ErrUnfinished where Finish wasn't called.
func (d *Document) JSON(w io.Writer) error {
	if p := d.part(); p != nil {
		return p.JSON(w)
	}
	if d.Schema != Schema {
		return ErrUnfinished
	}
	var b bytes.Buffer
	if err := WriteJSON(&b, d); err != nil {
		return fmt.Errorf("cannot encode the document: %w", err)
	}
	if _, err := w.Write(unbroken(b.Bytes())); err != nil {
		return fmt.Errorf("cannot write the document: %w", err)
	}
	return nil
}

// unbroken puts lists of whole numbers on one line: a witness may name thousands
// of calls. Strings are safe from it, as JSON has no bare newline in them.
func unbroken(text []byte) []byte {
	list := regexp.MustCompile(`\[\n\s*\d+(,\n\s*\d+)*\n\s*\]`)
	blank := regexp.MustCompile(`\s+`)
	return list.ReplaceAllFunc(text, func(m []byte) []byte { return blank.ReplaceAll(m, nil) })
}

// Decode reads one document. Fields that it doesn't know are ignored, since
// later versions may add some. It refuses another schema, data behind the
// document, and a verdict that is better than its own parts: a document may be
// stricter than what it rests on, never milder.
func Decode(r io.Reader) (*Document, error) {
	d := &Document{}
	if err := decode(r, Schema, d); err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	return d, nil
}

// decode reads one document of a schema, with nothing behind it.
func decode(r io.Reader, schema string, into any) error {
	dec := json.NewDecoder(r)
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return fmt.Errorf("not a JSON document: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("there is more behind the document")
	}
	// The schema first: of another one, no other complaint would make sense.
	var head struct {
		Schema *string `json:"schema"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return fmt.Errorf("not a result document: %w", err)
	}
	if head.Schema == nil {
		return fmt.Errorf("the document names no schema, want %q", schema)
	}
	if *head.Schema != schema {
		return fmt.Errorf("schema %q is not %q", *head.Schema, schema)
	}
	return json.Unmarshal(raw, into)
}

// check finds what a reader would stumble over.
func (d *Document) check() error {
	if _, err := time.Parse(time.RFC3339, d.Started); err != nil {
		return fmt.Errorf("started %q is not a time as RFC 3339 spells it", d.Started)
	}
	for i := range d.Servers {
		s := &d.Servers[i]
		if s.Server == "" {
			return fmt.Errorf("server %d has no name", i+1)
		}
		for j := range s.Scenarios {
			sc := &s.Scenarios[j]
			where := fmt.Sprintf("scenario %q of server %q", sc.Scenario, s.Server)
			if c := sc.Calls; c.Sent != c.Admitted+c.Limited+c.Failed+c.Unknown || c.Planned < c.Sent {
				return fmt.Errorf("the calls of %s don't add up: %+v", where, c)
			}
			if err := milder(where, sc.Verdict, sc.worst()); err != nil {
				return err
			}
		}
		if err := milder(fmt.Sprintf("server %q", s.Server), s.Verdict, s.worst()); err != nil {
			return err
		}
	}
	return milder("the document", d.Verdict, d.worst())
}

func milder(what string, says, parts verdict.Verdict) error {
	if verdict.Worst(says, parts) == says {
		return nil
	}
	return fmt.Errorf("%s says %q, its parts say %q", what, says, parts)
}

// WriteJSON writes a document of any kind for machines, which people may read too.
func WriteJSON(w io.Writer, doc any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false) // "<" is common in what checks say, and no page embeds this
	return enc.Encode(doc)
}
