package startup

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"time"
)

// An Observation is what was seen of one start. All instants count from it.
type Observation struct {
	Started bool          // the process could be started at all
	Ran     time.Duration // how long it was watched for an answer or its exit

	Answered  bool          // it answered a request of MCP
	AnswerAt  time.Duration // when the answer was read
	Connected bool          // http: it accepted a connection, whatever it said then
	RefusedAt time.Duration // http: when the last connection that it refused was tried; 0 if none

	Exited bool          // it ended by itself, before anybody asked it to
	ExitAt time.Duration // when that was seen
	Code   int           // its exit status; -1 for a signal. Also where it was asked to end
	Ended  string        // the same in words, such as "exit status 1"

	StopAt  time.Duration // when it was asked to end; 0 if it never was
	Ignored bool          // it had to be killed

	Cut      bool     // it wrote more than was kept
	Output   []Chunk  // what it wrote on stdout and stderr, in order of reading
	Replies  []byte   // http: the bodies of its replies. Over stdio they are on stdout
	Logs     []Log    // what it added to the log files that it is known to write
	Commands []string // the command lines of its process and what that started, as far as seen
	Looks    int      // how often command lines were looked at
	Orphans  int      // processes that had left its group and outlived it
}

// A Stream is where a process writes to.
type Stream string

// The streams.
const (
	Stdout Stream = "stdout"
	Stderr Stream = "stderr"
)

// A Chunk is what one read of an output brought.
type Chunk struct {
	Stream Stream
	At     time.Duration
	Text   []byte
}

// A Log is what a start added to a log file.
type Log struct {
	Name string
	Text []byte
}

// text is what was written on a stream, all of it or what was read before the
// process was asked to end.
func (o *Observation) text(s Stream, beforeStop bool) []byte {
	var b bytes.Buffer
	for _, c := range o.Output {
		if c.Stream == s && (!beforeStop || o.StopAt == 0 || c.At < o.StopAt) {
			b.Write(c.Text)
		}
	}
	return b.Bytes()
}

// attention is how much of an output is read for what it says, in bytes: its
// last ones for messages, which end a start, its first ones for claims, which
// begin it. Secrets are looked for in all of it.
const attention = 512 << 10

// said is what a person who reads both outputs sees of a start, stderr first
// and without the colours.
func (o *Observation) said() string {
	end := func(s Stream) string {
		text := o.text(s, true)
		return plainText(text[max(0, len(text)-attention):])
	}
	return end(Stderr) + "\n" + end(Stdout)
}

// refused reports if the server ended by itself without ever having answered.
func (o *Observation) refused() bool { return o.Exited && !o.Answered }

// escapes are the sequences by which a program colours what it prints (ECMA-48),
// and by which it links (OSC 8).
var escapes = regexp.MustCompile("\x1b\\[[0-9;:?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)")

// plainText is output without colours.
func plainText(text []byte) string {
	return strings.ReplaceAll(string(escapes.ReplaceAll(text, nil)), "\r\n", "\n")
}

// pollution returns the first line on stdout that is no message of JSON-RPC.
// Blank lines are none, nor is a last line that the end of the process cut off.
func (o *Observation) pollution() (line string, ok bool) {
	text := o.text(Stdout, false)
	for len(text) > 0 {
		head, rest, whole := bytes.Cut(text, []byte("\n"))
		text = rest
		head = bytes.TrimSpace(head)
		if len(head) == 0 || isMessage(head) {
			continue
		}
		if !whole && o.StopAt > 0 && head[0] == '{' {
			continue
		}
		return string(head), true
	}
	return "", false
}

// isMessage reports if a line is a message of JSON-RPC 2.0, or a batch of them.
func isMessage(line []byte) bool {
	type message struct {
		JSONRPC string `json:"jsonrpc"`
	}
	if line[0] == '[' {
		var batch []message
		if json.Unmarshal(line, &batch) != nil || len(batch) == 0 {
			return false
		}
		for _, m := range batch {
			if m.JSONRPC != "2.0" {
				return false
			}
		}
		return true
	}
	var m message
	return json.Unmarshal(line, &m) == nil && m.JSONRPC == "2.0"
}

// messages are what came on the protocol's channel: bodies over http, the lines
// on stdout that are messages over stdio.
func (o *Observation) messages() []byte {
	if len(o.Replies) > 0 {
		return o.Replies
	}
	var b bytes.Buffer
	for line := range bytes.Lines(o.text(Stdout, false)) {
		if trimmed := bytes.TrimSpace(line); len(trimmed) > 0 && isMessage(trimmed) {
			b.Write(line)
		}
	}
	return b.Bytes()
}
