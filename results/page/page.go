// Package page draws a run as one HTML page: the verdict in words, what proves
// it, and charts of what the calls say of the server's bucket.
//
// Most users want HTML. The page stands alone: one file without any address in
// it, whose policy forbids the browser to load anything. Charts are SVG that is
// made here, so that they print, and show without any script; a small script
// adds zoom and a read-out under the pointer or the arrow keys. Behind every
// chart stands a table.
//
// The package deliberately judges nothing and reads no clock: whatever it shows
// comes out of the document and the calls.
package page

import (
	"bytes"
	_ "embed" // the template and what goes into it
	"fmt"
	"html/template"
	"io"
	"strings"
	"unicode"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

//go:embed page.html
var layout string

//go:embed page.css
var style string

//go:embed page.js
var script string

// HTML writes a finished document as one page that needs nothing beside it.
// histories has a server's whole history by its name; a server that has none is
// shown without the charts that need one. It fails with results.ErrUnfinished
// where Finish wasn't called.
func HTML(w io.Writer, d *results.Document, histories map[string][]history.Call) error {
	return Served(w, d, histories, nil)
}

// Served is HTML with links to other pages of the same server on top.
func Served(w io.Writer, d *results.Document, histories map[string][]history.Call, nav []Link) error {
	if d.Schema != results.Schema {
		return results.ErrUnfinished
	}
	v := newView(d, histories)
	v.shell = newShell(v.Title, nav)
	return execute(w, "page", v)
}

// execute writes one of the layout's templates, cleaned.
func execute(w io.Writer, name string, data any) error {
	t, err := template.New("page").Parse(layout)
	if err != nil {
		return fmt.Errorf("page: internal error: %w", err)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, data); err != nil {
		return fmt.Errorf("page: cannot draw the page: %w", err)
	}
	if _, err := io.WriteString(w, clean(b.String())); err != nil {
		return fmt.Errorf("page: cannot write the page: %w", err)
	}
	return nil
}

// clean makes a finished page fit to be read. Much of it was said by the server
// that is judged, and escaping alone leaves it characters that turn the reading
// direction or hide: control and format characters go out, and what is no UTF-8
// becomes U+FFFD. It runs over the whole page, so that no text can be forgotten.
func clean(page string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(page, "\uFFFD"))
}
