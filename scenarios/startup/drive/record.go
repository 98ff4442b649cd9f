package drive

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/mcpload/mcpload/scenarios/startup"
)

// mostOutput is how much of a start's output is kept, in bytes.
const mostOutput = 4 << 20

// A recorder keeps what a process writes, with the instants of the reads. Its
// methods may be called from several goroutines.
type recorder struct {
	begin   time.Time
	changed chan struct{} // gets a value when something came

	mu      sync.Mutex
	chunks  []startup.Chunk
	replies []byte // what came on the protocol's channel over http
	size    int
	cut     bool
}

func newRecorder(begin time.Time) *recorder {
	return &recorder{begin: begin, changed: make(chan struct{}, 1)}
}

// stream is where a process writes one of its outputs to.
func (r *recorder) stream(s startup.Stream) io.Writer {
	return writer(func(text []byte) {
		r.chunks = append(r.chunks, startup.Chunk{Stream: s, At: time.Since(r.begin), Text: bytes.Clone(text)})
	}, r)
}

// tap is where bodies of replies are copied to.
func (r *recorder) tap() io.Writer {
	return writer(func(text []byte) { r.replies = append(r.replies, text...) }, r)
}

type recorded struct {
	r    *recorder
	keep func([]byte)
}

func writer(keep func([]byte), r *recorder) io.Writer { return recorded{r, keep} }

// Write implements io.Writer. It never fails: a server must not notice that it
// is too talkative for us.
func (w recorded) Write(text []byte) (int, error) {
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	if w.r.size += len(text); w.r.size > mostOutput {
		w.r.cut = true
		return len(text), nil
	}
	w.keep(text)
	select {
	case w.r.changed <- struct{}{}:
	default: // somebody is told already
	}
	return len(text), nil
}

// answer finds the line on stdout that answers a request, and when it was read.
func (r *recorder) answer(id int) (at time.Duration, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var line []byte
	for _, c := range r.chunks {
		if c.Stream != startup.Stdout {
			continue
		}
		rest := c.Text
		for {
			head, tail, whole := bytes.Cut(rest, []byte("\n"))
			line = append(line, head...)
			if !whole {
				break
			}
			if answers(line, id) {
				return c.At, true
			}
			line, rest = nil, tail
		}
	}
	return 0, false
}

// answers reports if a line is the response to a request.
func answers(line []byte, id int) bool {
	var m struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Result  json.RawMessage `json:"result"`
		Error   json.RawMessage `json:"error"`
	}
	if json.Unmarshal(line, &m) != nil || m.JSONRPC != "2.0" {
		return false
	}
	return string(m.ID) == strconv.Itoa(id) && (m.Result != nil || m.Error != nil)
}

// into hands over what was kept.
func (r *recorder) into(o *startup.Observation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o.Output, o.Replies, o.Cut = r.chunks, r.replies, r.cut
}
