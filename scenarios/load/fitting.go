package load

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/mail"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

// How often arguments are made up until they fit their schema, and how many calls of
// a template are tried.
const (
	mostTurns = 6
	tryCalls  = 200
)

// errUnreadable is of a schema that nothing can be held against.
var errUnreadable = errors.New("its input schema can't be read")

// offline refuses to load what a schema points at.
type offline struct{}

func (offline) Load(string) (any, error) { return nil, errors.New("it is not fetched") }

// compiled is a tool's input schema, ready to hold arguments against. Its dialect is
// the schema's own, else 2020-12, as MCP has it, or an older one that it is sound in.
func (t ToolInfo) compiled() (*jsonschema.Schema, error) {
	raw := t.InputSchema
	if len(raw) == 0 {
		raw = json.RawMessage(`{"type":"object"}`)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	if _, ok := parsed.(map[string]any); !ok {
		return nil, errors.New("it is no object")
	}
	var first error
	for _, dialect := range []*jsonschema.Draft{jsonschema.Draft2020, jsonschema.Draft7, jsonschema.Draft4} {
		c := jsonschema.NewCompiler()
		c.DefaultDraft(dialect)
		c.AssertFormat()
		c.UseRegexpEngine(pattern)
		c.RegisterFormat(&jsonschema.Format{Name: "email", Validate: mailbox})
		c.UseLoader(offline{})
		if err := c.AddResource("mcpload:schema", parsed); err != nil {
			return nil, err
		}
		s, err := c.Compile("mcpload:schema")
		if err == nil {
			return s, nil
		}
		first = cmp.Or(first, err)
	}
	return nil, first
}

// breaks says how arguments break a schema; empty where they don't.
func breaks(s *jsonschema.Schema, arguments json.RawMessage) string {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(arguments))
	if err != nil {
		return err.Error()
	}
	err = s.Validate(value)
	var invalid *jsonschema.ValidationError
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &invalid):
		return err.Error()
	}
	for len(invalid.Causes) > 0 {
		invalid = invalid.Causes[0]
	}
	lines := strings.Split(invalid.Error(), "\n")
	return strings.TrimPrefix(strings.TrimSpace(lines[len(lines)-1]), "- ")
}

// fitting makes up arguments that a tool's schema allows: every way to read it is
// tried, and what comes of each is held against it. The doubts are what a person
// should look at; the error says that nothing fits, and why.
func (t ToolInfo) fitting(literal bool) (args *yaml.Node, doubts []string, err error) {
	s, err := t.compiled()
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s", errUnreadable, oneLine(err.Error()))
	}
	why := ""
	for turn := range 4 * mostTurns {
		// Literal values come last: calls that differ are better.
		m := maker{root: t.InputSchema, turn: turn / 2 % mostTurns, plain: turn%2 == 1, literal: literal ||
			turn >= 2*mostTurns}
		args, doubts := t.made(&m)
		bad := t.unfit(s, args)
		if bad == "" || t.mended(s, &m, args, uint64(turn)) && t.unfit(s, args) == "" {
			return args, doubts, nil
		}
		if why == "" {
			why = bad
		}
	}
	return nil, nil, fmt.Errorf("no arguments could be made up that fit its input schema: %s", oneLine(why))
}

// unfit says how some calls of arguments with placeholders break a schema.
func (t ToolInfo) unfit(s *jsonschema.Schema, args *yaml.Node) string {
	r := &planReader{}
	template := r.arguments(args, names{})
	if len(r.faults) > 0 {
		return "they can't be written as a plan"
	}
	for n := range tryCalls {
		if bad := breaks(s, template.Render(Values{N: uint64(n), Seed: uint64(n), Client: "c1",
			Random: rand.New(rand.NewPCG(uint64(n), 1))})); bad != "" {
			return bad
		}
	}
	return ""
}

// mailbox is an address of mail: the validator's own takes such without a name.
func mailbox(value any) error {
	text, ok := value.(string)
	if !ok {
		return nil
	}
	address, err := mail.ParseAddress(text)
	if err == nil && address.Address != text {
		err = errors.New("it is more than an address")
	}
	return err
}
