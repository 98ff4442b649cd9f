package results

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/internal/yamltext"
)

// LongestQuarantine is how far ahead an entry may expire. What nobody looks at
// for longer than that is not in quarantine but forgotten.
const LongestQuarantine = 92 * 24 * time.Hour

// mostKnown is how long a list of known findings may be, in bytes.
const mostKnown = 4 << 20

// An Expiry is what every entry of a list of known findings says.
type Expiry struct {
	Until  string // the last day on which it holds, as 2026-12-31 (UTC); required
	Reason string // why, for whoever finds it; required
}

// holds reports if the entry has not expired yet.
func (e Expiry) holds(now time.Time) bool { return now.UTC().Format(time.DateOnly) <= e.Until }

// check says what is wrong with the expiry of the entry of a finding.
func (e Expiry) check(of string, now time.Time) error {
	switch {
	case e.Reason == "":
		return fmt.Errorf("the entry of %s gives no reason", of)
	case e.Until == "":
		return fmt.Errorf("the entry of %s never expires: give until, as in until: 2026-12-31", of)
	}
	until, err := time.Parse(time.DateOnly, e.Until)
	switch {
	case err != nil:
		return fmt.Errorf("until: %q is no date such as 2026-12-31", e.Until)
	case until.Sub(now) > LongestQuarantine:
		return fmt.Errorf("until: %s lies more than %d days ahead", e.Until, int(LongestQuarantine.Hours()/24))
	}
	return nil
}

// readKnown reads a list of known findings in YAML, which what names: of none where it is
// empty, or nothing but comments. It hands over what each entry gives of some fields. Every
// fault is reported, with its line.
func readKnown(in io.Reader, name, what string, fields []string,
	add func(given map[string]string, e Expiry) error) error {
	text, err := invoked.Bounded(in, name, mostKnown)
	if err != nil {
		return fmt.Errorf("cannot read the %s: %w", what, err)
	}
	root, wrong := yamltext.Document(name, what, text, mostKnown)
	switch {
	case len(wrong) > 0:
		return wrong
	case root == nil:
		return nil
	case root.Kind != yaml.SequenceNode:
		return fmt.Errorf("%s:%d: a %s is a list of entries with %s", name, root.Line, what, words.And(fields))
	}
	var faults []error
	for _, node := range root.Content {
		given, line, err := entry(node, fields)
		if err == nil {
			err = add(given, Expiry{Until: given["until"], Reason: given["reason"]})
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s:%d: %w", name, line, err))
		}
	}
	return errors.Join(faults...)
}

// entry is what an entry gives of some fields, and the line that an error is about.
func entry(node *yaml.Node, fields []string) (given map[string]string, line int, err error) {
	if node.Kind != yaml.MappingNode {
		return nil, node.Line, fmt.Errorf("an entry has the fields %s", words.And(fields))
	}
	given = map[string]string{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		_, twice := given[key.Value]
		switch {
		case !slices.Contains(fields, key.Value):
			return nil, key.Line, fmt.Errorf("unknown field %q; there are %s", key.Value, words.And(fields))
		case twice:
			return nil, key.Line, fmt.Errorf("%s is given twice", key.Value)
		case value.Kind != yaml.ScalarNode:
			return nil, value.Line, fmt.Errorf("%s is a text", key.Value)
		}
		given[key.Value] = strings.TrimSpace(value.Value)
	}
	return given, node.Line, nil
}
