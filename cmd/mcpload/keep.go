package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/store"
)

// Kinds of runs, as the store names them.
const (
	keptRun     = "run"
	keptProbe   = "probe"
	keptStartup = "startup"
	keptLoad    = "load"
	keptConform = "conform"
)

// storeFlags say where runs are kept.
type storeFlags struct {
	dir  string
	none bool
}

// register adds the flags of a command that looks runs up.
func (f *storeFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.dir, "results", "", "`folder` of kept runs (default $MCPLOAD_RESULTS, else mcpload/results in the user's data folder)")
}

// registerKeep adds the flags of a command that keeps runs.
func (f *storeFlags) registerKeep(cmd *cobra.Command) {
	f.register(cmd)
	cmd.Flags().BoolVar(&f.none, "no-store", false, "don't keep the run")
}

// open returns the store of the flags, or of the environment.
func (f *storeFlags) open() (*store.Store, error) {
	dir := cmp.Or(f.dir, os.Getenv("MCPLOAD_RESULTS"))
	if dir == "" {
		data, err := dataFolder()
		if err != nil {
			return nil, hint.New(fmt.Errorf("there is no folder to keep runs in: %w", err), "name one with --results or $MCPLOAD_RESULTS")
		}
		dir = filepath.Join(data, "mcpload", "results")
	}
	return store.Open(dir)
}

// dataFolder is where this system has a user's programs keep their data.
func dataFolder() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) { // the specification has relative ones ignored
		return dir, nil
	}
	if dir := os.Getenv("LOCALAPPDATA"); runtime.GOOS == "windows" && dir != "" {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support"), nil
	}
	return filepath.Join(home, ".local", "share"), nil
}

// keep stores a finished run and returns it without its secrets, which is how it
// is to be printed too: where they can't be taken out, nothing is stored and
// nothing printed. That a run can't be kept is said and changes nothing else: its
// verdict is worth as much.
func (a *app) keep(f *storeFlags, r store.Run) (store.Run, error) {
	r.Machine, r.Redact = machine(), a.clean
	r, err := redacted(r)
	if err != nil || f.none {
		return r, err
	}
	s, err := f.open()
	var e *store.Entry
	if err == nil {
		e, err = s.Keep(r)
	}
	if err != nil {
		a.say("warning: %s", spoken(err))
		a.say("hint: --results names another folder, --no-store keeps nothing")
		return r, nil
	}
	a.ends.kept = e.ID
	return r, nil
}

// redacted takes the secrets out of a run. What can be read before must be so
// afterwards.
func redacted(r store.Run) (store.Run, error) {
	clean, err := r.Redacted()
	if err != nil {
		return store.Run{}, err
	}
	if _, err := results.Decode(bytes.NewReader(r.Document)); err != nil {
		return clean, nil // it is of another kind, and any JSON will do
	}
	if _, err := results.Decode(bytes.NewReader(clean.Document)); err != nil {
		return store.Run{}, fmt.Errorf("%w: what is left is no document: %w", store.ErrNotRedacted, err)
	}
	return clean, nil
}

// keepRun stores a run's document and its calls, and returns both as they are to
// be printed.
func (a *app) keepRun(f *storeFlags, kind string, began time.Time, doc *results.Document, histories map[string][]history.Call) (*results.Document, map[string][]history.Call, error) {
	var text bytes.Buffer
	a.addClocks(doc)
	if err := doc.JSON(&text); err != nil {
		return nil, nil, err
	}
	r, err := a.keep(f, store.Run{Kind: kind, Started: began, Document: text.Bytes(), Histories: histories})
	if err != nil {
		return nil, nil, err
	}
	kept, err := results.Decode(bytes.NewReader(r.Document))
	if err != nil {
		return nil, nil, fmt.Errorf("internal error: the document can't be read again: %w", err)
	}
	a.ends.of(kept)
	return kept, r.Histories, nil
}

// machine describes where the program runs.
func machine() store.Machine {
	host, err := os.Hostname()
	if err != nil {
		host = "" // it is left out then
	}
	return store.Machine{
		Version: version(), Host: host, System: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.GOMAXPROCS(0), Go: runtime.Version(), Command: commandLine(os.Args), Git: gitState(),
	}
}

// commandLine is the command line as far as it is ours to keep: of a server's own
// command only its name, as its arguments may hold anything, and no tool arguments.
func commandLine(args []string) []string {
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
			line = append(line, word, flagValue{name: "env", value: args[i]}.public())
		case strings.HasPrefix(word, "--env="):
			line = append(line, "--env="+flagValue{name: "env", value: word[len("--env="):]}.public())
		case strings.HasPrefix(word, "--args="):
			line = append(line, "--args=…")
		default:
			line = append(line, word)
		}
	}
	return line
}

// gitState is that of the working directory's repository; nil where there is none,
// or no git, or one that takes its time.
func gitState() *store.Git {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	commit, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
	if err != nil {
		return nil
	}
	g := &store.Git{Commit: strings.TrimSpace(string(commit))}
	err = exec.CommandContext(ctx, "git", "diff-index", "--quiet", "HEAD").Run()
	var exit *exec.ExitError
	g.Dirty = errors.As(err, &exit) && exit.ExitCode() == 1
	return g
}
