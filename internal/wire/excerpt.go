package wire

import (
	"net/http"
	"strings"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/printable"
)

// excerptLen bounds how much text a Detail has, in bytes.
const excerptLen = 200

// How much of a text is kept until the secrets are out of it, and how much of
// that is thrown away where there was more: a secret that is cut in two can't be
// found, and no secret is so long.
const (
	mostKept   = 4096
	leastTaken = 1024
)

// excerpt keeps of foreign text what may be quoted. It is raw until a redactor
// has finished it.
func excerpt(text []byte) string {
	return string(text[:min(len(text), mostKept)])
}

// mostBrief is how much of a text is quoted beside what is wrong with it, in bytes:
// the start, which is the same in many.
const mostBrief = 60

// brief is an excerpt of which only the start is shown, once the secrets are out of
// it: one that is cut in two can't be found.
func brief(text []byte) string { return briefly + excerpt(text) }

// briefly precedes what is shown in brief.
const briefly = "\x00"

// cutBrief cuts what is to be shown in brief.
func cutBrief(text string) string {
	before, after, found := strings.Cut(text, briefly)
	if !found || len(after) <= mostBrief {
		return before + after
	}
	end := mostBrief
	for end > 0 && after[end]&0xc0 == 0x80 { // not inside a character
		end--
	}
	return before + after[:end] + " …"
}

// A redactor makes texts fit to be shown that a server may have written.
type redactor func(string) string

// newRedactor is the options' own, or one that knows the credentials in them.
func newRedactor(own func(string) string, header http.Header, address string) redactor {
	if own != nil {
		return own
	}
	return apikey.NewRedactor(append(apikey.InHeaders(header), apikey.InURL(address)...)...).Redact
}

// finish takes the secrets out of a text, which comes first, makes a line of it
// in which nothing is hidden, and cuts that.
func (r redactor) finish(text string) string {
	if text == "" {
		return ""
	}
	cut := len(text) >= mostKept
	if r != nil {
		text = r(text)
	}
	if cut {
		text = text[:max(0, len(text)-leastTaken)]
	}
	line := printable.Line(cutBrief(text))
	if len(line) <= excerptLen {
		return line
	}
	end := excerptLen
	for end > 0 && line[end]&0xc0 == 0x80 { // not inside a character
		end--
	}
	return line[:end] + " …"
}
