package profiles

import (
	"embed"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// What may stand in a word of a launch command, and is filled in at the start.
const (
	portWord   = "{port}"   // the port to listen on, a free one
	launchWord = "{launch}" // the folder with the files of LaunchFiles
)

// LaunchFiles are small programs that start servers whose own commands can't
// be told what a harness must tell them. Their names begin with launch/.
//
//go:embed launch/*.py
var LaunchFiles embed.FS

// AnyPort reports if the command listens on the port that it is given. One that
// doesn't has a port of its own, Port.
func (l Launch) AnyPort() bool {
	for _, word := range l.Command {
		if strings.Contains(word, portWord) {
			return true
		}
	}
	return false
}

// UsesFiles reports if the command needs LaunchFiles.
func (l Launch) UsesFiles() bool {
	for _, word := range l.Command {
		if strings.Contains(word, launchWord) {
			return true
		}
	}
	return false
}

// Argv is the command with a port and the folder of LaunchFiles in it.
func (l Launch) Argv(port int, folder string) []string {
	fill := strings.NewReplacer(portWord, strconv.Itoa(port), launchWord, folder)
	var argv []string
	for _, word := range l.Command {
		argv = append(argv, fill.Replace(word))
	}
	return argv
}

var (
	pythonForm = regexp.MustCompile(`^3\.[0-9]{1,2}$`)
	pypiForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._-]+\])?==[A-Za-z0-9][A-Za-z0-9._+!-]*$`)
	npmForm    = regexp.MustCompile(`^(@[a-z0-9~][a-z0-9._~-]*/)?[a-z0-9~][a-z0-9._~-]*@[0-9][A-Za-z0-9.+-]*$`)
)

// install reads what a server needs. Packages without a version are refused:
// what is judged would be another server tomorrow.
func (r *reader) install(to **Install) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		i := &Install{}
		*to = i
		r.mapping(n, path, false, []field{
			{"python", r.formed(&i.Python, pythonForm.MatchString, "{it} is no version of Python 3",
				`the least version, such as "3.13", in quotes`)},
			{"packages", r.pinned(&i.Packages, pypiForm, "packages with their versions, such as my-server==1.2.0")},
			{"npm", r.pinned(&i.NPM, npmForm, "packages with their versions, such as my-server@1.2.0")},
		})
		switch {
		case len(i.Packages) > 0 && len(i.NPM) > 0:
			r.fault(n, path, "has both packages and npm", "one of them")
		case len(i.Packages) == 0 && len(i.NPM) == 0 && !r.faulty(path):
			r.fault(n, path, "installs nothing", "packages, or npm")
		}
	}
}

// pinned reads a list of packages that each name one version.
func (r *reader) pinned(list *[]string, form *regexp.Regexp, want string) func(*yaml.Node, string) {
	read := r.texts(list, want)
	return func(n *yaml.Node, path string) {
		read(n, path)
		for _, text := range *list {
			if !form.MatchString(text) {
				r.fault(n, path, quote(text)+" names no package at one version", want)
			}
		}
	}
}
