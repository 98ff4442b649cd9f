package profiles

import (
	"path/filepath"
	"strings"
)

// NameOf is the name of the profile in a file, without its ending; of stdout, which is
// "-", that of the server.
func NameOf(file, server string) string {
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	if file == "-" {
		name = server
	}
	name = strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
			return c
		case 'A' <= c && c <= 'Z':
			return c - 'A' + 'a'
		}
		return '-'
	}, filepath.Base(name))
	return strings.Trim(name, "-._")
}
