package foreign

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxNodes is how many values a file may have, its aliases counted as what they stand for.
const maxNodes = 1_000_000

// A flattener puts what aliases and merge keys stand for in their place, so that a reader
// of limits meets neither. What is shared keeps the line where it is anchored.
type flattener struct {
	sizes map[*yaml.Node]int // of what is done; 0 while it is being done
}

var errCircle = errors.New("an anchor stands within itself")

// flatten returns what n stands for.
func (f *flattener) flatten(n *yaml.Node) (*yaml.Node, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch size, met := f.sizes[n]; {
	case met && size == 0:
		return nil, fmt.Errorf("line %d: %w", n.Line, errCircle)
	case met:
		return n, nil
	}
	f.sizes[n] = 0
	size := 1
	for i, c := range n.Content {
		whole, err := f.flatten(c)
		if err != nil {
			return nil, err
		}
		n.Content[i] = whole
		if size += f.sizes[whole]; size > maxNodes {
			return nil, fmt.Errorf("line %d: more than %d values, aliases counted as what they stand for", n.Line,
				maxNodes)
		}
	}
	if n.Kind == yaml.MappingNode {
		for ; merged(n); size = 1 + f.all(n.Content) {
		}
	}
	f.sizes[n] = size
	return n, nil
}

func (f *flattener) all(list []*yaml.Node) (size int) {
	for _, c := range list {
		size += f.sizes[c]
	}
	return size
}

// merged puts the members of what a mapping's first merge key names in the key's place, but
// for those that the mapping has itself, and reports if there was one.
func merged(n *yaml.Node) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].ShortTag() != "!!merge" {
			continue
		}
		from := []*yaml.Node{n.Content[i+1]}
		if from[0].Kind == yaml.SequenceNode {
			from = from[0].Content
		}
		n.Content = slices.Delete(slices.Clone(n.Content), i, i+2)
		for _, m := range from {
			for j := 0; m.Kind == yaml.MappingNode && j+1 < len(m.Content); j += 2 {
				if get(n, m.Content[j].Value) == nil {
					n.Content = append(n.Content, m.Content[j], m.Content[j+1])
				}
			}
		}
		return true
	}
	return false
}

// moved puts a file that stands within another one where it stands there.
func moved(n *yaml.Node, lines int) {
	n.Line += lines
	for _, c := range n.Content {
		moved(c, lines)
	}
}

// embedded reads a configuration that stands within this one as a text, as in a ConfigMap.
func (in *Import) embedded(n *yaml.Node) {
	if n.Style&yaml.LiteralStyle == 0 || in.below > 0 {
		return
	}
	in.below = n.Line // the text begins on the line after
	defer func() { in.below = 0 }()
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(n.Value, w) })
	}
	var err error
	switch {
	case has("limit_req", "limit_conn"):
		err = in.nginx(n.Value)
	case has("descriptors", "token_bucket", "rate-limiting"):
		err = in.yaml([]byte(n.Value))
	}
	if err != nil {
		in.note(n.Line, "a text that looks like a configuration can't be read: %s", err)
	}
}
