package screen

import "strings"

// MarkdownText is a text on one line, with nothing in it that Markdown would render, and
// nobody mentioned.
func MarkdownText(s string) string {
	return markdownEscapes.Replace(strings.Join(strings.Fields(s), " "))
}

var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;",
	"|", `\|`, "#", `\#`, "~", `\~`, "@", "@\u200b", // the last so that nobody is mentioned
)
