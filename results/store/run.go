package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

// A Run is what there is to keep of a run.
type Run struct {
	Kind      string                    // "run", "probe", "startup", "load" or "fleet"
	Started   time.Time                 // by the wall clock
	Document  []byte                    // JSON, as it is printed
	Histories map[string][]history.Call // a server's calls by its name; may be nil
	Spooled   map[string]Spooled        // likewise, where they are too many for memory; a server is in one of the two
	Screen    []byte                    // what a person is shown, plain; nil where the document renders again
	Machine   Machine
	Redact    func(string) string // takes secrets out of a text; nil where there can't be any
}

// Spooled are a server's calls in a file: JSON Lines, compressed by gzip, with
// the secrets already taken out. It is copied.
type Spooled struct {
	Open  func() (io.Reader, error) // its content, from the beginning
	Calls int
}

// Redacted is the run without its secrets: in the document, in every text of
// every call, on the screen and in the command line. It fails closed: where they
// can't be taken out, there is no run. It is what Keep stores, and
// what should be printed, so that a stored run looks as a fresh one does. The
// calls that it was made from are left as they are.
func (r Run) Redacted() (Run, error) {
	if r.Redact == nil {
		return r, nil
	}
	redact := r.Redact
	clean, err := redactDocument(r.Document, redact)
	if err != nil {
		return Run{}, err
	}
	r.Document = clean
	r.Screen = []byte(redact(string(r.Screen)))
	command := make([]string, len(r.Machine.Command))
	for i, word := range r.Machine.Command {
		command[i] = redact(word)
	}
	r.Machine.Command = command
	histories := map[string][]history.Call{}
	for name, calls := range r.Histories {
		histories[redact(name)] = redactCalls(calls, redact)
	}
	spooled := map[string]Spooled{}
	for name, file := range r.Spooled {
		spooled[redact(name)] = file
	}
	r.Histories, r.Spooled, r.Redact = histories, spooled, nil
	return r, nil
}

// redactCalls copies the calls only where something has to go. The same few
// texts come again and again, so each is looked at once.
func redactCalls(calls []history.Call, redact func(string) string) []history.Call {
	const most = 1 << 14
	known := map[string]string{"": ""}
	clean := func(s string) string {
		out, ok := known[s]
		if !ok {
			if out = redact(s); len(known) < most {
				known[s] = out
			}
		}
		return out
	}
	copied := false
	for i := range calls {
		c := calls[i]
		was := &calls[i]
		c.Client, c.Method, c.Tool, c.Label = clean(c.Client), clean(c.Method), clean(c.Tool), clean(c.Label)
		c.Detail, c.Media, c.Hints = clean(c.Detail), clean(c.Media), clean(c.Hints)
		if c.Client == was.Client && c.Method == was.Method && c.Tool == was.Tool && c.Label == was.Label &&
			c.Detail == was.Detail && c.Media == was.Media && c.Hints == was.Hints {
			continue
		}
		if !copied {
			calls, copied = append([]history.Call(nil), calls...), true
		}
		calls[i] = c
	}
	return calls
}

// A head is what documents of every kind have in common, as far as they do.
type head struct {
	Schema  string  `json:"schema"`
	Version string  `json:"version"`
	Seed    uint64  `json:"seed"`
	Verdict string  `json:"verdict"`
	Result  string  `json:"result"` // a probe's verdict
	Server  name    `json:"server"`
	Servers []piece `json:"servers"`

	Target json.RawMessage `json:"target"` // of a probe: other documents have other things there, or nothing
}

type piece struct {
	Server   name              `json:"server"`
	Verdict  string            `json:"verdict"`
	Target   *results.Target   `json:"target"`
	Measured *results.Measured `json:"measured"`
}

// A name is a string; what another kind of document has in its place is no name.
type name string

func (n *name) UnmarshalJSON(text []byte) error {
	var s string
	if json.Unmarshal(text, &s) == nil { // else it stays empty, see above
		*n = name(s)
	}
	return nil
}

// headOf reads what is common.
func headOf(document []byte) (head, error) {
	var h head
	if err := json.Unmarshal(document, &h); err != nil {
		return h, fmt.Errorf("the document is no result: %w", err)
	}
	if h.Schema == "" {
		return h, errors.New("the document names no schema")
	}
	if len(h.Servers) == 0 && h.Server != "" {
		h.Servers = []piece{{Server: h.Server, Verdict: h.Verdict}}
		if t := (results.Target{}); h.Schema == results.ProbeSchema && json.Unmarshal(h.Target, &t) == nil {
			h.Servers[0].Target = &t
		}
	}
	if h.Verdict == "" {
		h.Verdict = h.Result
	}
	return h, nil
}
