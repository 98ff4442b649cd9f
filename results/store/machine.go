package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// UsualFolder is where runs are kept unless somebody says otherwise: mcpload/results in the
// folder where this system has a user's programs keep their data.
func UsualFolder(getenv func(string) string) (string, error) {
	data, err := dataFolder(getenv)
	if err != nil {
		return "", fmt.Errorf("there is no folder to keep runs in: %w", err)
	}
	return filepath.Join(data, "mcpload", "results"), nil
}

// dataFolder is where this system has a user's programs keep their data.
func dataFolder(getenv func(string) string) (string, error) {
	if dir := getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) { // the specification has relative ones ignored
		return dir, nil
	}
	if dir := getenv("LOCALAPPDATA"); runtime.GOOS == "windows" && dir != "" {
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

// ThisMachine describes where the program of a version runs. The command line is kept as
// it is given.
func ThisMachine(version string, command []string) Machine {
	host, err := os.Hostname()
	if err != nil {
		host = "" // it is left out then
	}
	return Machine{
		Version: version, Host: host, System: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.GOMAXPROCS(0), Go: runtime.Version(), Command: command, Git: gitState(),
	}
}

// gitState is that of the working directory's repository; nil where there is none,
// or no git, or one that takes its time.
func gitState() *Git {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	commit, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
	if err != nil {
		return nil
	}
	g := &Git{Commit: strings.TrimSpace(string(commit))}
	err = exec.CommandContext(ctx, "git", "diff-index", "--quiet", "HEAD").Run()
	var exit *exec.ExitError
	g.Dirty = errors.As(err, &exit) && exit.ExitCode() == 1
	return g
}
