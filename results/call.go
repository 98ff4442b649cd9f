package results

import (
	"encoding/json"
	"strings"

	"github.com/mcpload/mcpload/verdict"
)

// A Call is the request that a server was loaded with, and who decided that.
type Call struct {
	Method    string          `json:"method"`
	Tool      string          `json:"tool,omitempty"`
	Arguments json.RawMessage `json:"arguments,omitempty"` // only where they were made up from the tool's schema
	// nobody named it: it was chosen from the server's list of tools
	Chosen bool   `json:"chosen,omitempty"`
	Why    string `json:"why,omitempty"` // in words
}

// toolCall is the method of tool calls.
const toolCall = "tools/call"

// words are the request as a person names it.
func (c Call) words() string {
	if c.Tool != "" {
		return c.Method + " " + c.Tool
	}
	return c.Method
}

// toolless reports if a server was judged by a request that no tool is called
// by, since no tool might be chosen, and nothing was refused: it may well limit
// tool calls.
func (s *Server) toolless() bool {
	c := s.Target.Call
	return c != nil && c.Chosen && c.Method != toolCall && s.refusals() == 0 && s.Verdict == verdict.Inconclusive &&
		!s.idle()
}

// calls adds which call was chosen for a server, and why.
func (s *view) calls() {
	for _, v := range s.doc.Servers {
		c := v.Target.Call
		if c == nil || !c.Chosen {
			continue
		}
		name := "call:"
		if len(s.doc.Servers) > 1 {
			name = v.Server + ":"
		}
		s.item(0, 11, "", name, c.words()+": "+c.Why)
	}
}

// repeat adds the command that repeats a fail, in one line however wide: it is to
// be copied.
func (s *view) repeat() {
	if s.doc.Repeat == "" {
		return
	}
	s.blank()
	words := strings.Split(s.doc.Repeat, " ") // each space counts, as it may stand inside quotes
	for i := range words {
		words[i] = s.clean(words[i])
	}
	s.raw("repeat: " + strings.Join(words, " "))
}
