package drive

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// readStream reads an event stream until it ends, or is closed. answered is called
// once the answer that the request awaits is there, asked with what each event brings.
func readStream(reply *conform.Reply, r conform.Request, in io.Reader, answered func(),
	asked func([]conform.Message)) error {
	return scanEvents(in, func(e conform.Event) bool {
		reply.Events = append(reply.Events, e)
		if e.Kind == "" || e.Kind == "message" {
			list := conform.ReadMessages([]byte(e.Data))
			reply.Messages = append(reply.Messages, list...)
			asked(list)
		}
		if r.Await != "" && !r.Streams && answered != nil && reply.Answer(r.Await) != nil {
			answered()
			answered = nil
		}
		return len(reply.Events) < 10_000
	})
}

// scanEvents reads events until they end or nobody wants more.
func scanEvents(in io.Reader, each func(conform.Event) bool) error {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, maxBody)
	scanner.Split(eventLines())
	first := true
	var e conform.Event
	var data []string
	some := false
	for scanner.Scan() {
		line := scanner.Text()
		if first {
			line, first = strings.TrimPrefix(line, "\ufeff"), false
		}
		if line == "" {
			if some {
				e.Data, e.Bare = strings.Join(data, "\n"), len(data) == 0
				if !each(e) {
					return nil
				}
			}
			e, data, some = conform.Event{}, nil, false
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "":
			continue // a comment
		case "id":
			e.ID = value
		case "event":
			e.Kind = value
		case "retry":
			if ms, err := strconv.Atoi(value); err == nil && ms >= 0 {
				e.Retry = time.Duration(ms) * time.Millisecond
			}
		case "data":
			data = append(data, value)
		}
		some = true
	}
	return scanner.Err()
}

// eventLines cuts lines, each of which ends as soon as one of the ends that event streams
// have is there: CR, LF, or both.
func eventLines() bufio.SplitFunc {
	afterCR := false
	return func(data []byte, last bool) (int, []byte, error) {
		skip := 0
		if afterCR && len(data) > 0 && data[0] == '\n' {
			skip = 1
		}
		if len(data) > 0 {
			afterCR = false
		}
		end := bytes.IndexAny(data[skip:], "\r\n")
		switch {
		case end >= 0:
			end += skip
			afterCR = data[end] == '\r'
			return end + 1, data[skip:end], nil
		case last && len(data) > skip:
			return len(data), data[skip:], nil
		case skip > 0:
			return skip, nil, nil
		}
		return 0, nil, nil
	}
}
