// Package launch makes a server's packages ready on this machine: a Python
// environment or an npm prefix of its own, for each set of pinned versions.
//
// Most users want Prepare, and Env.Program to find what was installed.
//
// The package starts no server, knows no limits, and installs nothing into the
// system or into anybody's project.
package launch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/mcpload/mcpload/profiles"
)

// A Config says where to install and how much may be done.
type Config struct {
	Cache   string          // the folder that environments are made in
	Env     []string        // what installers get, as NAME=VALUE
	Offline bool            // use what is there, install nothing
	Say     func(string)    // told what is installed, by what, and how long; nil: nobody
	Doing   func(string)    // told every second what is under way, such as "installing, 12 s"; nil: nobody
	Drain   <-chan struct{} // once it is closed an installation ends, with all that it started; nil: never
}

// An Env is an environment with all packages in it.
type Env struct {
	Dir      string   `json:"-"`
	Runtime  string   `json:"runtime"`  // such as "Python 3.13.0"
	Packages []string `json:"packages"` // every package, resolved: name==version or name@version
	Made     string   `json:"-"`        // the packages, if they weren't there before
	node     bool
}

// An Error says why a server's packages aren't there.
type Error struct {
	Text string
	Fix  string // what to do about it; may be empty
	Err  error
}

func (e *Error) Error() string { return "launch: " + e.Text }
func (e *Error) Hint() string  { return e.Fix }
func (e *Error) Unwrap() error { return e.Err }

// marker is the file that is written last, so that an environment without it
// is known to be half finished.
const marker = ".mcpload-made.json"

// Prepare returns the environment that an install names, and makes it where it
// is not whole. Two at once, in any processes, wait for each other. The error
// is an *Error.
func Prepare(ctx context.Context, i profiles.Install, c Config) (*Env, error) {
	c = c.filled()
	ctx, end := c.until(ctx)
	defer end()
	dir := filepath.Join(c.Cache, key(i))
	e := &Env{Dir: dir, node: len(i.NPM) > 0}
	if err := e.read(); err == nil {
		return e, nil
	}
	names := strings.Join(slices.Concat(i.Packages, i.NPM), ", ")
	if ctx.Err() != nil {
		return nil, &Error{Text: names + ": not installed, as it was interrupted", Err: ctx.Err()}
	}
	if c.Offline {
		return nil, &Error{Text: names + ": not installed, and --offline installs nothing",
			Fix: "run once without --offline"}
	}
	if err := os.MkdirAll(c.Cache, 0o755); err != nil {
		return nil, &Error{Text: "no folder to install in: " + err.Error(), Err: err}
	}
	unlock, err := lock(ctx, dir+".lock", func() { c.Say("waiting for another installation of " + names) })
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := e.read(); err == nil {
		return e, nil // the other one made it
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, &Error{Text: "a half-finished installation can't be removed: " + err.Error(), Err: err}
	}
	if err = c.make(ctx, e, i, names); err != nil {
		if gone := os.RemoveAll(dir); gone != nil {
			return nil, errors.Join(err, gone)
		}
		return nil, err
	}
	return e, e.write()
}

// filled has somebody to tell, be it nobody.
func (c Config) filled() Config {
	nobody := func(string) {}
	if c.Say == nil {
		c.Say = nobody
	}
	if c.Doing == nil {
		c.Doing = nobody
	}
	return c
}

// until is a context that ends once drain is closed, too.
func (c Config) until(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancel(ctx)
	select {
	case <-c.Drain:
		end()
	default:
		go func() {
			select {
			case <-c.Drain:
				end()
			case <-ctx.Done():
			}
		}()
	}
	return ctx, end
}

// make makes an environment, and says by what.
func (c Config) make(ctx context.Context, e *Env, i profiles.Install, names string) error {
	uv, by := "", "npm"
	if !e.node {
		by = "pip; uv would take a part of the time, if it were on the PATH"
		if path, err := exec.LookPath("uv"); err == nil {
			uv, by = path, "uv"
		}
	}
	stop := c.progress(names, by)
	defer stop()
	var err error
	if e.node {
		err = e.makeNode(ctx, c, i)
	} else {
		err = e.makePython(ctx, c, i, uv)
	}
	e.Made = names
	return err
}

// key names an environment: its first package, and all of it as a sum.
func key(i profiles.Install) string {
	all := slices.Concat([]string{runtime.GOOS, runtime.GOARCH, i.Python}, i.Packages, i.NPM)
	sum := sha256.Sum256([]byte(strings.Join(all, "\n")))
	first := slices.Concat(i.Packages, i.NPM)[0]
	plain := strings.Map(func(r rune) rune {
		if strings.ContainsRune("/@=[]", r) {
			return '-'
		}
		return r
	}, first)
	return plain + "-" + hex.EncodeToString(sum[:4])
}

// progress says what is under way: every second to whom that replaces what was said
// before, and to everybody every ten seconds.
func (c Config) progress(names, by string) (stop func()) {
	done, over := make(chan struct{}), make(chan struct{})
	c.Say("installing " + names + " by " + by)
	c.Doing("installing")
	go func() {
		defer close(over)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for n := 1; ; n++ {
			select {
			case <-tick.C:
				c.Doing(fmt.Sprintf("installing, %d s", n))
				if n%10 == 0 {
					c.Say(fmt.Sprintf("still installing %s (%d s)", names, n))
				}
			case <-done:
				return
			}
		}
	}()
	return func() { close(done); <-over }
}

// lock waits for the lock of an environment, and says so once it takes long.
func lock(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	type held struct {
		unlock func()
		err    error
	}
	got := make(chan held, 1)
	go func() {
		u, err := lockedfile.MutexAt(path).Lock()
		got <- held{u, err}
	}()
	told := time.NewTimer(time.Second)
	defer told.Stop()
	for {
		select {
		case h := <-got:
			if h.err != nil {
				return nil, &Error{Text: "cannot lock " + path + ": " + h.err.Error(), Err: h.err}
			}
			return h.unlock, nil
		case <-told.C:
			waiting()
		case <-ctx.Done():
			go func() {
				if h := <-got; h.err == nil {
					h.unlock()
				}
			}()
			return nil, &Error{Text: "interrupted while waiting for another installation", Err: ctx.Err()}
		}
	}
}

// read fills in what the marker says, and fails where there is none or where
// the interpreter has gone.
func (e *Env) read() error {
	data, err := os.ReadFile(filepath.Join(e.Dir, marker))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, e); err != nil {
		return err
	}
	if e.node {
		return nil
	}
	_, err = os.Stat(e.bin("python"))
	return err
}

func (e *Env) write() error {
	data, err := json.MarshalIndent(e, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(e.Dir, marker), data, 0o644)
	}
	if err != nil {
		return &Error{Text: "the installation can't be marked as whole: " + err.Error(), Err: err}
	}
	return nil
}

// bin is where a program of the environment lies.
func (e *Env) bin(name string) string {
	switch {
	case e.node && runtime.GOOS == "windows":
		return filepath.Join(e.Dir, "node_modules", ".bin", name+".cmd")
	case e.node:
		return filepath.Join(e.Dir, "node_modules", ".bin", name)
	case runtime.GOOS == "windows":
		return filepath.Join(e.Dir, "Scripts", name+".exe")
	}
	return filepath.Join(e.Dir, "bin", name)
}

// Bin is the folder of the environment's programs.
func (e *Env) Bin() string { return filepath.Dir(e.bin("x")) }

// Program returns the path of a program: the environment's own, else the
// system's, as Node itself is.
func (e *Env) Program(name string) (string, error) {
	if own := e.bin(name); filepath.Base(name) == name {
		if _, err := os.Stat(own); err == nil {
			return own, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", &Error{Text: fmt.Sprintf("%q is neither among the installed programs nor on the PATH", name),
			Err: err}
	}
	return path, nil
}

// Version returns a package's resolved version; empty where it isn't there.
func (e *Env) Version(name string) string {
	for _, p := range e.Packages {
		at := strings.LastIndex(p, "@")
		if n, v, ok := strings.Cut(p, "=="); ok && strings.EqualFold(n, name) {
			return v
		} else if !ok && at > 0 && p[:at] == name {
			return p[at+1:]
		}
	}
	return ""
}

// Files writes the embedded launch programs into a folder.
func Files(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return &Error{Text: "no folder for launch files: " + err.Error(), Err: err}
	}
	return fs.WalkDir(profiles.LaunchFiles, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := profiles.LaunchFiles.ReadFile(path)
		if err != nil {
			return err
		}
		// Another run may be starting by the same file: it changes in one step.
		temp := filepath.Join(dir, fmt.Sprintf(".%s.%d", filepath.Base(path), os.Getpid()))
		if err := os.WriteFile(temp, data, 0o644); err != nil {
			return err
		}
		return os.Rename(temp, filepath.Join(dir, filepath.Base(path)))
	})
}
