package drive

import (
	"bufio"
	"io"
	"strings"

	"github.com/mcpload/mcpload/scenarios/conform"
)

// readStream reads an event stream until it ends, or is closed. answered is called
// once the answer that the request awaits is there.
func readStream(reply *conform.Reply, r conform.Request, in io.Reader, answered func()) error {
	return scanEvents(in, func(e conform.Event) bool {
		reply.Events = append(reply.Events, e)
		if e.Kind == "" || e.Kind == "message" {
			reply.Messages = append(reply.Messages, conform.ReadMessages([]byte(e.Data))...)
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
	var e conform.Event
	var data []string
	some := false
	for scanner.Scan() {
		line := strings.TrimSuffix(scanner.Text(), "\r")
		if line == "" {
			if some {
				e.Data = strings.Join(data, "\n")
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
		case "data":
			data = append(data, value)
		}
		some = true
	}
	return scanner.Err()
}
