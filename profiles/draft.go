package profiles

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
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
	if d.doc = r.document(data); d.doc == nil {
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
func (r *reader) document(data []byte) *yaml.Node {
	if len(data) > maxFile {
		r.fault(nil, "", "is too large", fmt.Sprintf("at most %d bytes", maxFile))
		return nil
	}
	if place, problem := unreadable(data); problem != "" {
		r.fault(place, "", problem, "UTF-8 text")
		return nil
	}
	docs, err := parse(data)
	if err != nil {
		r.syntax(err, data)
		return nil
	}
	if len(docs) == 0 {
		r.fault(nil, "", "is empty", "a profile, at least its limit")
		return nil
	}
	for _, extra := range docs[1:] {
		r.fault(extra, "", "has a second document", "one profile a file")
	}
	return docs[0]
}

// parse returns the documents that hold anything.
func parse(data []byte) ([]*yaml.Node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(data),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		return nil, err
	}
	var docs []*yaml.Node
	for {
		var n yaml.Node
		err := loader.Load(&n)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, err
		}
		if len(n.Content) == 0 {
			continue
		}
		root := n.Content[0]
		if root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null" {
			continue // what "---" alone stands for
		}
		docs = append(docs, root)
	}
}

// syntax notes why a file is no YAML. The parser's words say nothing of the
// file but in one message, which names an alias; that may be a credential
// that begins with a star.
func (r *reader) syntax(err error, data []byte) {
	var why *yaml.LoadError
	if !errors.As(err, &why) {
		r.fault(nil, "", "is not YAML: "+err.Error(), "")
		return
	}
	message := why.Message
	if strings.HasPrefix(message, "unknown anchor") {
		message = "unknown anchor referenced"
	}
	if why.ContextMsg != "" {
		message += " " + why.ContextMsg
		if why.ContextMark.Line > 0 && why.ContextMark.Line != why.Mark.Line {
			message += fmt.Sprintf(" that begins on line %d", why.ContextMark.Line)
		}
	}
	var place *yaml.Node
	if why.Mark.Line > 0 {
		place = &yaml.Node{Line: why.Mark.Line, Column: why.Mark.Column}
		if lines := bytes.Split(data, []byte("\n")); why.Mark.Line <= len(lines) && why.Stage == yaml.ScannerStage {
			if indent := bytes.TrimLeft(lines[why.Mark.Line-1], " "); bytes.HasPrefix(indent, []byte("\t")) {
				message = "a tab is no indentation, only spaces are"
			}
		}
	}
	r.fault(place, "", "is not YAML: "+message, "")
}

// unreadable finds the first byte that no YAML text has.
func unreadable(data []byte) (place *yaml.Node, problem string) {
	line, column := 1, 1
	for len(data) > 0 {
		c, size := utf8.DecodeRune(data)
		switch {
		case c == utf8.RuneError && size == 1:
			return &yaml.Node{Line: line, Column: column}, fmt.Sprintf("is not UTF-8: byte 0x%02x", data[0])
		case c < ' ' && c != '\t' && c != '\n' && c != '\r', c == 0x7f:
			return &yaml.Node{Line: line, Column: column}, fmt.Sprintf("has the control character U+%04X", c)
		}
		column++
		if c == '\n' {
			line, column = line+1, 1
		}
		data = data[size:]
	}
	return nil, ""
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
