package catalogue

import (
	"fmt"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/screen"
)

// A CheckedKey is the document of mcpload.key/v1: what a value is. It holds nothing of it.
type CheckedKey struct {
	Detail   string `json:"detail"`   // what is wrong; empty where nothing is
	Expected string `json:"expected"` // what the provider issues, in words
	Format   string `json:"format"`   // which format it is, or looks like
	From     string `json:"from"`     // where the value came from: a variable's name, or standard input
	Masked   string `json:"masked"`   // the value, masked; empty where that would say too much
	Provider string `json:"provider"`
	Schema   string `json:"schema"`
	// "valid", "unrecognised", "malformed", "wrong family", "placeholder", "blank" or "missing"
	Verdict string `json:"verdict"`
	Warning string `json:"warning"` // what is odd about a value that isn't bad
}

// Checked is what a value is, in words and as a document.
func Checked(p apikey.Provider, from, value string, r apikey.Result) export.Rows {
	doc := CheckedKey{Schema: "mcpload.key/v1", Provider: p.Name(), From: from, Verdict: r.Verdict.String(),
		Format: r.Format, Detail: r.Detail, Warning: r.Warning, Expected: p.Expected()}
	if r.Verdict >= apikey.Unrecognised {
		doc.Masked = p.Mask(value)
	}
	line := from + ": " + doc.Verdict
	if r.Format != "" {
		line += " (" + p.Name() + " " + r.Format + ")"
	}
	if doc.Masked != "" {
		line += " " + doc.Masked
	}
	for _, s := range []string{r.Detail, r.Warning} {
		if s != "" {
			line += ": " + s
		}
	}
	if r.Verdict != apikey.Valid {
		line += "\nexpected: " + p.Expected()
	}
	sheet := screen.Sheet{Header: []string{"from", "verdict", "provider", "format", "masked", "detail", "warning",
		"expected"}}
	sheet.Add(from, doc.Verdict, doc.Provider, doc.Format, doc.Masked, doc.Detail, doc.Warning, doc.Expected)
	return export.Rows{Document: doc, Sheets: []screen.Sheet{sheet}, Text: export.Line(line)}
}

// KnownKeys is the document of mcpload.keys/v1: the providers that are known.
type KnownKeys struct {
	Providers []KnownProvider `json:"providers"`
	Schema    string          `json:"schema"`
}

// A KnownProvider is one provider.
type KnownProvider struct {
	Doc      string          `json:"doc"`
	Expected string          `json:"expected"` // in words
	Formats  []apikey.Format `json:"formats"`
	Name     string          `json:"name"`
	Where    string          `json:"where"` // where one gets a key
}

// Providers has one row for formats that differ in their lengths only.
func Providers(providers []apikey.Provider) export.Rows {
	sheet := screen.Sheet{Header: []string{"provider", "format", "status", "shape"}, Widest: 44}
	var list []KnownProvider
	for _, p := range providers {
		list = append(list, KnownProvider{Name: p.Name(), Doc: p.Doc(), Expected: p.Expected(), Where: p.Where(),
			Formats: p.Formats()})
		last := ""
		for _, f := range p.Formats() {
			if f.Name != last {
				sheet.Add(p.Name(), f.Name, f.Status, f.Shape)
			}
			last = f.Name
		}
	}
	return export.Rows{Document: KnownKeys{Schema: "mcpload.keys/v1", Providers: list}, Sheets: []screen.Sheet{sheet}}
}

// Scanned is the document of mcpload.scan/v1: where a text holds credentials.
type Scanned struct {
	File   string     `json:"file"`
	Found  []FoundKey `json:"found"`
	Schema string     `json:"schema"`
}

// A FoundKey is one credential.
type FoundKey struct {
	Bytes    int    `json:"bytes"`    // its length
	Column   int    `json:"column"`   // in bytes, from 1
	Encoding string `json:"encoding"` // such as base64; empty where it stands as it is
	Family   string `json:"family"`   // such as openai
	Line     int    `json:"line"`     // from 1
	Masked   string `json:"masked"`
}

// Found is one credential in the words of a line.
func Found(file string, p apikey.Place) string {
	encoded := ""
	if p.Encoding != "" {
		encoded = " in " + p.Encoding
	}
	return fmt.Sprintf("%s:%d:%d: %s%s %s\n", file, p.Line, p.Column, p.Family, encoded, p.Masked)
}

// Add takes in one more credential.
func (s *Scanned) Add(p apikey.Place) {
	s.Found = append(s.Found, FoundKey{Line: p.Line, Column: p.Column, Bytes: p.Bytes, Family: p.Family,
		Encoding: p.Encoding, Masked: p.Masked})
}

// Rows has a row a credential.
func (s *Scanned) Rows() export.Rows {
	sheet := screen.Sheet{Header: []string{"line", "column", "family", "encoding", "masked"}}
	for _, f := range s.Found {
		sheet.Add(f.Line, f.Column, f.Family, f.Encoding, f.Masked)
	}
	s.Schema = "mcpload.scan/v1"
	return export.Rows{Document: s, Sheets: []screen.Sheet{sheet}}
}
