package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mcpload/mcpload/results"
)

// ErrNotRedacted is wrapped by what says that the secrets could not be taken out of
// a run. Nothing of it may be kept or shown then.
var ErrNotRedacted = errors.New("the secrets could not be taken out")

// ownFields are those of our documents whose values are words of ours, never a
// server's: without them nobody could read the document again, and a secret that is
// such a word isn't given away by them.
var ownFields = map[string]bool{"schema": true, "started": true, "verdict": true, "result": true, "check": true,
	"scenario": true, "kind": true, "transport": true, "scope": true}

// redactDocument applies a function to every text of a JSON document, and leaves
// all else as it stands: names of fields are ours, and so are numbers.
func redactDocument(document []byte, redact func(string) string) ([]byte, error) {
	var out bytes.Buffer
	field := ""
	for at := 0; at < len(document); {
		begin := bytes.IndexByte(document[at:], '"')
		if begin < 0 {
			out.Write(document[at:])
			break
		}
		begin += at
		end, err := stringEnd(document, begin)
		if err != nil {
			return nil, err
		}
		out.Write(document[at:begin])
		text := document[begin:end]
		at = end
		var s string
		if err := json.Unmarshal(text, &s); err != nil {
			return nil, fmt.Errorf("%w: byte %d of the document: %w", ErrNotRedacted, begin, err)
		}
		if after := bytes.TrimLeft(document[end:], " \t\r\n"); len(after) > 0 && after[0] == ':' {
			field = s
		} else if clean := redact(s); clean != s && !ownFields[field] {
			if text, err = quoted(clean); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrNotRedacted, err)
			}
		}
		out.Write(text)
	}
	if !json.Valid(out.Bytes()) {
		return nil, fmt.Errorf("%w: what is left is no JSON", ErrNotRedacted)
	}
	return out.Bytes(), nil
}

// stringEnd is where the string ends that begins with the quotation mark at i.
func stringEnd(text []byte, i int) (int, error) {
	for k := i + 1; k < len(text); k++ {
		switch text[k] {
		case '\\':
			k++
		case '"':
			return k + 1, nil
		}
	}
	return 0, fmt.Errorf("%w: the string at byte %d of the document doesn't end", ErrNotRedacted, i)
}

// quoted is a text as JSON, with < and > as they are.
func quoted(s string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Clean is the run without its secrets. A document that can be read before can be so
// afterwards: else nothing is left of it.
func (r Run) Clean() (Run, error) {
	clean, err := r.Redacted()
	if err != nil {
		return Run{}, err
	}
	if _, err := results.Decode(bytes.NewReader(r.Document)); err != nil {
		return clean, nil // it is of another kind, and any JSON will do
	}
	if _, err := results.Decode(bytes.NewReader(clean.Document)); err != nil {
		return Run{}, fmt.Errorf("%w: what is left is no document: %w", ErrNotRedacted, err)
	}
	return clean, nil
}
