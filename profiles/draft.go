package profiles

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/mcpload/mcpload/internal/yamltext"
)

// A draft is a file on its way to a profile.
type draft struct {
	name     string
	inherits string // the parent's name; empty where there is none
	source   string
	layer    int // of the folders, in the order given; 0 is the embedded one
	doc      *yaml.Node
	reader   *reader

	state   state
	raw     Profile // what the file and its parents give: what is inherited from it
	profile Profile // the same with what is left filled in
}

type state uint8

const (
	unresolved state = iota
	resolving
	done
)

// newDraft reads a file as far as its name and its parent's.
func newDraft(file, source string, layer int, data []byte) *draft {
	r := &reader{file: file, at: map[string]*yaml.Node{}}
	d := &draft{source: source, layer: layer, reader: r}
	if d.doc = r.document(data, "profile", "a profile, at least its limit"); d.doc == nil {
		return d
	}
	if n := child(d.doc, "name"); n == nil {
		d.name = r.name(d.doc, stem(file), ", the file's name,")
	} else if name, ok := r.text(n, "name", nameWant); ok {
		d.name = r.name(n, name, "")
	}
	if n := child(d.doc, "inherits"); n != nil {
		if parent, ok := r.text(n, "inherits", "the name of a profile, such as acb"); ok {
			d.inherits = parent
		}
	}
	return d
}

// name returns a name that is one, else nothing. Names become the names of
// files, so they hold nothing that a file's may not.
func (r *reader) name(n *yaml.Node, name, whose string) string {
	if nameForm.MatchString(name) {
		return name
	}
	r.fault(n, "name", quote(name)+whose+" is no name", nameWant)
	return ""
}

// document returns the one document of a file, or nil where the file is
// unfit; then a fault says why.
func (r *reader) document(data []byte, what, want string) *yaml.Node {
	root, faults := yamltext.Document(r.file, what, data, maxFile)
	r.faults = append(r.faults, faults...)
	if root == nil && len(faults) == 0 {
		r.fault(nil, "", "is empty", want)
	}
	return root
}

// child returns a mapping's first value of a name, or nil.
func child(m *yaml.Node, name string) *yaml.Node {
	if m.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if key := m.Content[i]; key.Kind == yaml.ScalarNode && key.Value == name {
			return located(key, m.Content[i+1])
		}
	}
	return nil
}

// stem returns a file's name without its folder and its extension.
func stem(file string) string {
	name := file[strings.LastIndexAny(file, `/\`)+1:]
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		name = name[:dot]
	}
	return name
}
