package invoked

import "strings"

// Kept is the command line as far as it is ours to keep: of a server's own
// command only its name, as its arguments may hold anything, and no tool arguments.
func Kept(args []string) []string {
	line := []string{"mcpload"}
	for i := 1; i < len(args); i++ {
		word := args[i]
		switch {
		case word == "--":
			line = append(line, word)
			if i+1 < len(args) {
				line = append(line, args[i+1])
			}
			if i+2 < len(args) {
				line = append(line, "…")
			}
			return line
		case word == "--args":
			line = append(line, word, "…")
			i++
		case word == "--env" && i+1 < len(args):
			i++
			line = append(line, word, Flag{Name: "env", Value: args[i]}.Public())
		case strings.HasPrefix(word, "--env="):
			line = append(line, "--env="+Flag{Name: "env", Value: word[len("--env="):]}.Public())
		case strings.HasPrefix(word, "--args="):
			line = append(line, "--args=…")
		default:
			line = append(line, word)
		}
	}
	return line
}
