package agents

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
)

// arguments are those of all tools. Each tool's schema says which it takes.
type arguments struct {
	Server    string          `json:"server"`
	URL       string          `json:"url"`
	Command   []string        `json:"command"`
	Tool      string          `json:"tool"`
	Arguments json.RawMessage `json:"arguments"`
	Promise   []string        `json:"promise"`
	Scenarios []string        `json:"scenarios"`
	Virtual   bool            `json:"virtual"`
	Seed      *uint64         `json:"seed"`

	Rate       string   `json:"rate"`
	Seconds    float64  `json:"seconds"`
	Calls      int      `json:"calls"`
	Thresholds []string `json:"thresholds"`
	Rows       []string `json:"rows"`
	History    string   `json:"history"`

	Run    string   `json:"run"`
	Base   string   `json:"base"`
	Format string   `json:"format"`
	Kind   string   `json:"kind"`
	Limit  int      `json:"limit"`
	Max    []string `json:"max"`
	Across bool     `json:"across"`
}

// seed is the one to plan with.
func (a arguments) seed() uint64 {
	if a.Seed == nil {
		return 1
	}
	return *a.Seed
}

// read takes a call's arguments, and refuses those that its tool doesn't have: a
// bound that is misspelt must not be left out unseen.
func read(r mcp.CallToolRequest, schema string) (a arguments, err error) {
	text, err := json.Marshal(r.GetArguments())
	if err != nil || bytes.Equal(text, []byte("null")) {
		return a, err
	}
	var takes struct{ Properties map[string]any }
	if err := json.Unmarshal([]byte(schema), &takes); err != nil {
		return a, fmt.Errorf("internal error: the schema is no JSON: %w", err)
	}
	for name := range r.GetArguments() {
		if _, ok := takes.Properties[name]; !ok {
			return a, fmt.Errorf("there is no argument %q", name)
		}
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("the arguments don't fit the tool's schema: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return a, nil
}
