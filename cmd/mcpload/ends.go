package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results"
)

// endings is what is said when a command has ended.
type endings struct {
	kept    string // the id of the run that was kept
	verdict string // "pass: acb keeps its limit of 15/s burst 40"
	told    bool   // the verdict stands on stdout, in words
}

// of takes the verdict of a document.
func (e *endings) of(doc *results.Document) {
	word, says := doc.Headline()
	e.verdict = word + ": " + says
}

// tellEnd says where a run is kept and how to open it, and its verdict where stdout
// hasn't: the last line is what is looked at first.
func (a *app) tellEnd() {
	if id := a.ends.kept; id != "" {
		a.say("kept as %s: mcpload report %s --format html -o report.html draws it, mcpload ui shows all", id, id)
	}
	for _, s := range a.sources {
		if a.ends.verdict != "" && s.Issued() == 0 {
			a.say("the server never asked for a token, so that it was shown none")
		}
	}
	if a.ends.verdict != "" && !a.ends.told {
		a.say("%s", a.ends.verdict)
	}
}

// writable refuses a file that can't be written, before anything is sent for what
// should stand in it.
func writable(cmd *cobra.Command, _ []string) error {
	for _, name := range []string{"output", "save-history", "emit-profile", "hgrm"} {
		f := cmd.Flags().Lookup(name)
		if f == nil || f.Value.String() == "" || f.Value.String() == "-" {
			continue
		}
		if err := tryWriting(f.Value.String()); err != nil {
			return hint.New(fmt.Errorf("--%s %s can't be written: %w", name, f.Value.String(), err), "nothing was sent yet; name another file")
		}
	}
	return nil
}

// tryWriting opens a file that is there, or makes one beside where it would be and
// removes it again.
func tryWriting(name string) error {
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if file, err = os.CreateTemp(filepath.Dir(name), ".mcpload-*"); err == nil {
			defer os.Remove(file.Name())
		}
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	if err != nil {
		return err
	}
	return file.Close()
}
