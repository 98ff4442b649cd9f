// Package yamltext reads YAML that somebody wrote by hand, and says of each fault where it
// stands. Most users want Document, and read its nodes.
//
// The package deliberately knows nothing of what a file is to hold, and repeats nothing of
// a file that may be a credential in the wrong place.
package yamltext

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

// MaxDepth is how many values may stand within one another.
const MaxDepth = 64

// Document returns the one document of a file, of so many bytes at most, which is a what,
// such as "profile". It is nil where a fault says why, or where the file holds nothing.
func Document(file, what string, data []byte, most int) (*yaml.Node, Faults) {
	at := func(n *yaml.Node, problem, want string) Faults {
		f := Fault{File: file, Problem: problem, Want: want}
		if n != nil {
			f.Line, f.Column = n.Line, n.Column
		}
		return Faults{f}
	}
	if len(data) > most {
		return nil, at(nil, "is too large", fmt.Sprintf("at most %d bytes", most))
	}
	if place, problem := unreadable(data); problem != "" {
		return nil, at(place, problem, "UTF-8 text")
	}
	docs, err := parse(data)
	if err != nil {
		place, problem := syntax(err, data)
		return nil, at(place, "is not YAML: "+problem, "")
	}
	if len(docs) == 0 {
		return nil, nil
	}
	var faults Faults
	for _, extra := range docs[1:] {
		faults = append(faults, at(extra, "has a second document", "one "+what+" a file")...)
	}
	return docs[0], faults
}

// parse returns the documents that hold anything.
func parse(data []byte) ([]*yaml.Node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(data),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(MaxDepth))))
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

// syntax says why a file is no YAML, and where. The parser's words say nothing of the
// file but in one message, which names an alias; that may be a credential
// that begins with a star.
func syntax(err error, data []byte) (place *yaml.Node, problem string) {
	var why *yaml.LoadError
	if !errors.As(err, &why) {
		return nil, err.Error()
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
	if why.Mark.Line > 0 {
		place = &yaml.Node{Line: why.Mark.Line, Column: why.Mark.Column}
		if lines := bytes.Split(data, []byte("\n")); why.Mark.Line <= len(lines) && why.Stage == yaml.ScannerStage {
			if indent := bytes.TrimLeft(lines[why.Mark.Line-1], " "); bytes.HasPrefix(indent, []byte("\t")) {
				message = "a tab is no indentation, only spaces are"
			}
		}
	}
	return place, message
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
