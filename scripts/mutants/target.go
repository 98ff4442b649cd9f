//go:build unix

package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A target is a package whose tests are tried.
type target struct {
	dir   string
	files []string // the files that are mutated; empty: all that are no tests
	// later are the tests that take seconds, from short to long: only what the
	// others let live is shown to them. never are those that time real processes,
	// which say more about the machine than about a mutant.
	later []string
	never string
}

// targets are the packages whose mistakes would be told to people as verdicts.
var targets = []target{
	{dir: "verdict",
		later: []string{
			"Noise|NeverFlagged|LawSweeps|Crowd|OddLimits|Hull|ABucketIsNoWindow|WindowsAreNamed|Band|" +
				"Jump|WanderingClock|NoStepIsMadeUp|AStepOfTheServersClock|RulingsOnBuckets",
			"RulingsOnLaws|RulingsOnChance",
		}},
	{dir: "promise"},
	{dir: "ratelimit"},
	{dir: "apikey"},
	{dir: "scenarios/startup"},
	{dir: "internal/jsonscan"},
	{dir: "internal/wire", files: []string{
		"failure.go", "hints.go", "hintvalue.go", "message.go", "netfault.go", "ranout.go", "refusal.go"},
		later: []string{"Loop|Pipe|Stdio|EverythingThatLeft|SSE|Cancel|Close|Dial"},
		never: "Process|Orphans|Usage|Environment|Allocates|WhoseIsNotKnown|LeftGroup"},
}

// sources lists a target's files, with slashes, from the module's root.
func (t target) sources(root string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(t.dir)))
	if err != nil {
		return nil, fmt.Errorf("mutants: %w", err)
	}
	var files []string
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if len(t.files) == 0 || slices.Contains(t.files, name) {
			files = append(files, path.Join(t.dir, name))
		}
	}
	if len(files) == 0 || len(t.files) > 0 && len(files) != len(t.files) {
		return nil, fmt.Errorf("mutants: %s has %d of the %d files that its target names", t.dir, len(files),
			len(t.files))
	}
	return files, nil
}

// mutants returns all of a target's.
func (t target) mutants(root string) ([]mutant, error) {
	files, err := t.sources(root)
	if err != nil {
		return nil, err
	}
	var all []mutant
	for _, file := range files {
		source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			return nil, fmt.Errorf("mutants: %w", err)
		}
		found, err := find(file, source)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}
