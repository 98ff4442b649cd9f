package page

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"io"
)

// A Link leads to another page of the same server.
type Link struct {
	Text, Href string
	Here       bool // it is this page
}

// A shell is what goes around every page.
type shell struct {
	Title  string
	Policy string
	Style  template.CSS
	Script template.JS
	Nav    []Link // empty: the page stands alone
	Body   template.HTML
}

func newShell(title string, nav []Link) shell {
	s := shell{Title: title, Nav: nav, Style: template.CSS(clean(style)), Script: template.JS(clean(script))}
	s.Policy = policy(string(s.Script), string(s.Style), len(nav) > 0)
	return s
}

// Frame writes a page of a server with another content, in the style of a run's
// page. The content must be safe HTML: what html/template made.
func Frame(w io.Writer, title string, nav []Link, body template.HTML) error {
	s := newShell(title, nav)
	s.Body = body
	return execute(w, "frame", s)
}

// policy is what a page lets the browser do: run this script, use this style,
// load nothing. A page of a server may send its forms back there.
func policy(script, style string, served bool) string {
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	forms := "'none'"
	if served {
		forms = "'self'"
	}
	return "default-src 'none'; script-src " + hash(script) + "; style-src " + hash(style) + "; img-src data:; " +
		"base-uri 'none'; form-action " + forms
}
