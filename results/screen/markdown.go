package screen

import "strings"

// MarkdownText is a text on one line, with nothing in it that Markdown would render, and
// nobody mentioned.
func MarkdownText(s string) string {
	return markdownEscapes.Replace(strings.Join(strings.Fields(s), " "))
}

// MarkdownCode is a line that can be copied as it is.
func MarkdownCode(s string) string {
	s = strings.NewReplacer("\r", " ", "\n", " ").Replace(s)
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	return fence + " " + s + " " + fence
}

var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;",
	"|", `\|`, "#", `\#`, "~", `\~`, "@", "@\u200b", // the last so that nobody is mentioned
)
