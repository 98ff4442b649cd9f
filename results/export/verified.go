package export

import (
	"fmt"
	"io"
	"strings"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/screen"
)

// Verified is a recorded history's judgement. A document holds it as a terminal shows it,
// below its first line.
func Verified(v *results.Verification) Rows {
	return Rows{Document: v.Document(), Text: v.Table, Markdown: func(w io.Writer) error {
		var b strings.Builder
		if err := v.Table(&b); err != nil {
			return err
		}
		head, rest, _ := strings.Cut(b.String(), "\n")
		_, err := fmt.Fprintf(w, "## mcpload verify: %s\n\n```text\n%s```\n", screen.MarkdownText(head),
			strings.ReplaceAll(rest, "```", "'''"))
		return err
	}}
}
