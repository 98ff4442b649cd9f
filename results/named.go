package results

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/internal/words"
)

// mocked reports if all of these servers were mocks of those that they are named for.
func (d *Document) mocked(list []string) bool {
	return len(list) > 0 && !slices.ContainsFunc(d.Servers, func(s Server) bool {
		return s.Target.Kind != "mock" && slices.Contains(list, s.Server)
	})
}

// names are the servers', in the order of the run.
func (d *Document) names() []string {
	var list []string
	for _, s := range d.Servers {
		list = append(list, s.Server)
	}
	return list
}

// named lists servers in a sentence. A mock is never called by its server's bare
// name, as nobody has judged that server.
func (d *Document) named(list []string) string {
	switch {
	case !d.mocked(list):
		return words.And(list)
	case len(list) == 1:
		return (&Server{Server: list[0], Target: Target{Kind: "mock"}}).spoken()
	}
	return "the mocks of " + words.And(list)
}

// all is every server at once, by their number: "mocks of nine servers".
func (d *Document) all() string {
	n := len(d.Servers)
	if d.mocked(d.names()) {
		return "mocks of " + inWords(n) + " servers"
	}
	return fmt.Sprintf("%d of %d servers", n, n)
}

// revised is what a sentence calls the one server that was judged in several revisions; empty
// where there are several servers.
func (d *Document) revised() string {
	one := Server{Target: d.Servers[0].Target}
	for i, s := range d.Servers {
		name, ok := strings.CutSuffix(s.Server, " MCP "+s.Target.Protocol)
		if !ok || i > 0 && name != one.Server {
			return ""
		}
		one.Server = name
	}
	return one.spoken()
}

var numerals = []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
	"twelve"}

// inWords spells a small number out.
func inWords(n int) string {
	if n < len(numerals) {
		return numerals[n]
	}
	return fmt.Sprint(n)
}

// Called is a server's name, or whose mock it is: "mock of acb".
func (s *Server) Called() string {
	if s.Target.Kind == "mock" {
		return "mock of " + s.Server
	}
	return s.Server
}

// spoken is what a sentence calls a server.
func (s *Server) spoken() string {
	if s.Target.Kind == "mock" {
		return "the mock of " + s.Server
	}
	return s.Server
}
