package launch

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
)

// makePython makes a virtual environment and installs into it, by uv where its path
// is given, because it takes a part of pip's time.
func (e *Env) makePython(ctx context.Context, c Config, i profiles.Install, uv string) error {
	python, version, err := findPython(ctx, i.Python)
	if err != nil {
		return err
	}
	e.Runtime = "Python " + version
	venv := []string{python, "-m", "venv", e.Dir}
	install := []string{e.bin("python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"}
	list := []string{e.bin("python"), "-m", "pip", "list", "--disable-pip-version-check", "--format", "json"}
	if uv != "" {
		venv = append(venv, "--without-pip")
		install = []string{uv, "pip", "install", "--quiet", "--python", e.bin("python")}
		list = []string{uv, "pip", "list", "--python", e.bin("python"), "--format", "json"}
	}
	if _, err := c.output(ctx, venv, "making a Python environment", ""); err != nil {
		return err
	}
	names := strings.Join(i.Packages, ", ")
	if _, err := c.output(ctx, append(install, i.Packages...), "installing "+names,
		"is PyPI reachable, and are there such versions for "+e.Runtime+"?"); err != nil {
		return err
	}
	text, err := c.output(ctx, list, "listing what was installed", "")
	if err != nil {
		return err
	}
	var found []struct{ Name, Version string }
	if err := json.Unmarshal(text, &found); err != nil {
		return &Error{Text: "the list of installed packages can't be read: " + err.Error(), Err: err}
	}
	for _, p := range found {
		e.Packages = append(e.Packages, p.Name+"=="+p.Version)
	}
	return nil
}

// makeNode installs into an npm prefix.
func (e *Env) makeNode(ctx context.Context, c Config, i profiles.Install) error {
	node, err := exec.LookPath("node")
	if err != nil {
		return &Error{Text: "no Node.js on this machine (node), which the server runs on",
			Fix: "install it, from https://nodejs.org or your system's packages", Err: err}
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return &Error{Text: "no npm on this machine, which installs the server", Fix: "install it with Node.js",
			Err: err}
	}
	version, err := c.output(ctx, []string{node, "--version"}, "asking Node.js for its version", "")
	if err != nil {
		return err
	}
	e.Runtime = "Node.js " + strings.TrimSpace(string(version))
	if err := os.MkdirAll(e.Dir, 0o755); err != nil {
		return &Error{Text: "no folder to install in: " + err.Error(), Err: err}
	}
	argv := append([]string{npm, "install", "--loglevel=error", "--no-audit", "--no-fund", "--prefix", e.Dir}, i.NPM...)
	if _, err := c.output(ctx, argv, "installing "+strings.Join(i.NPM, ", "),
		"is the npm registry reachable, and is there such a version?"); err != nil {
		return err
	}
	e.Packages = slices.Clone(i.NPM)
	return nil
}

// endWithin is how long a step of an installation may take to stop before it is killed.
const endWithin = 2 * time.Second

// output runs a step of an installation. Its error says which, with the exit
// status and the last lines of what the program said. Where ctx ends, so do the
// program and all that it started: installers have others at work.
func (c Config) output(ctx context.Context, argv []string, doing, fix string) ([]byte, error) {
	var out, said bytes.Buffer
	p, err := wire.StartProcess(ctx, wire.ProcessOptions{Command: argv, Env: c.Env, Stdout: &out, Stderr: &said})
	if ctx.Err() != nil && err != nil {
		return nil, &Error{Text: doing + " was interrupted", Err: err}
	}
	if err != nil {
		return nil, &Error{Text: fmt.Sprintf("%s failed (%v)", doing, err), Fix: fix, Err: err}
	}
	interrupted := p.Wait(ctx)
	grace, cancel := context.WithTimeout(context.Background(), endWithin)
	defer cancel()
	_ = p.Stop(grace) // it never fails: what is left is killed
	status, _ := p.Exited()
	if interrupted != nil {
		return nil, &Error{Text: doing + " was interrupted", Err: interrupted}
	}
	if code, _ := p.ExitStatus(); code == 0 {
		return out.Bytes(), nil
	}
	text := fmt.Sprintf("%s failed (%s)", doing, status)
	if last := LastLines(cmp.Or(said.String(), out.String()), 3); len(last) > 0 {
		text += ": " + strings.Join(last, " / ")
	}
	return nil, &Error{Text: text, Fix: fix}
}

// LastLines returns the last lines of a text that aren't blank.
func LastLines(text string, n int) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, " \t\r\n"); strings.TrimSpace(line) != "" {
			lines = append(lines, line)
		}
	}
	return lines[max(0, len(lines)-n):]
}

// look is what a Python is asked: that it can make environments, and what it is.
const look = "import sys, venv, ensurepip; print(sys.version.split()[0]); print(sys.executable)"

// findPython returns the path and the version of a Python that is new enough.
// The wanted version itself comes first: packages may refuse a newer one.
func findPython(ctx context.Context, least string) (path, version string, err error) {
	want := minor(least)
	names := []string{}
	for n := want; n > 0 && n < want+4; n++ {
		names = append(names, "python3."+strconv.Itoa(n))
	}
	names = append(names, "python3", "python")
	home, err := os.UserHomeDir()
	if err != nil {
		home = "" // then there is no pyenv to look in
	}
	for n := want; n > 0 && n < want+4; n++ {
		// A pyenv shim may refuse where another version is chosen.
		found, err := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "3."+strconv.Itoa(n)+".*", "bin",
			"python3"))
		if err != nil {
			return "", "", fmt.Errorf("launch: internal error: %w", err)
		}
		names = append(names, found...)
	}
	newest := ""
	for _, name := range names {
		text, err := exec.CommandContext(ctx, name, "-c", look).Output()
		lines := strings.Fields(string(text))
		if err != nil || len(lines) != 2 {
			continue
		}
		if minor(lines[0]) >= want {
			return lines[1], lines[0], nil
		}
		newest = lines[0]
	}
	if ctx.Err() != nil { // those that were asked were ended: there may be one
		return "", "", &Error{Text: "looking for a Python was interrupted", Err: ctx.Err()}
	}
	text := "no Python " + cmp.Or(least, "3") + " or newer on this machine that can make environments"
	if newest != "" {
		text += " (there is " + newest + ")"
	}
	return "", "", &Error{Text: text, Fix: "install it, with its venv module, and have it on the PATH as python" +
		cmp.Or(least, "3")}
}

// minor is the 13 of "3.13" or "3.13.0"; 0 where there is none.
func minor(version string) int {
	parts := strings.Split(version, ".")
	if len(parts) < 2 || parts[0] != "3" {
		return 0
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		return 0
	}
	return n
}
