//go:build unix

package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// readKnown reads the list of survivors that are let live, each with a reason:
// a mutant's name on a line, and its reason on indented lines below. Lines that
// begin with # are remarks.
func readKnown(path string) (map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("mutants: %w", err)
	}
	defer file.Close() // only read
	known := map[string]string{}
	var name string
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		switch {
		case strings.TrimSpace(line) == "", strings.HasPrefix(line, "#"):
		case !strings.HasPrefix(line, " "):
			if err := reasoned(known, name, path, n); err != nil {
				return nil, err
			}
			if _, twice := known[line]; twice {
				return nil, fmt.Errorf("mutants: %s:%d: twice: %q", path, n, line)
			}
			name, known[line] = line, ""
		case name == "":
			return nil, fmt.Errorf("mutants: %s:%d: a reason without a mutant", path, n)
		default:
			known[name] = strings.TrimSpace(known[name] + " " + strings.TrimSpace(line))
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("mutants: %s: %w", path, err)
	}
	return known, reasoned(known, name, path, 0)
}

// reasoned fails where a mutant is listed without a reason.
func reasoned(known map[string]string, name, path string, line int) error {
	if name != "" && known[name] == "" {
		return fmt.Errorf("mutants: %s: before line %d: no reason for %q", path, line, name)
	}
	return nil
}
