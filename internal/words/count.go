// Package words spells what we tell people.
package words

import "fmt"

// Count is "1 server" or "9 servers".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// First are the first few of some names, and how many more there are.
func First(names []string) string {
	s := ""
	for i, name := range names {
		if i == 8 {
			return fmt.Sprintf("%s and %d more", s, len(names)-i)
		}
		if i > 0 {
			s += ", "
		}
		s += name
	}
	return s
}
