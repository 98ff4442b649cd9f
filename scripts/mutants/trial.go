//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A fate is what came of a mutant.
type fate string

const (
	killed   fate = "killed"   // a test failed
	timedOut fate = "timeout"  // the tests hung, or took far more of a processor's time than without it
	lived    fate = "lived"    // every test passed
	unviable fate = "unviable" // it doesn't compile, so it is no mistake that could stand
)

// mostMemory is what the tests of a mutant may take, in KiB: some mutants
// never stop to append.
const mostMemory = 8 << 20

// A bench tries the mutants of one target.
type bench struct {
	root, work string // the module's folder, and a folder of our own
	target     target
	passes     []pass
}

// A pass is a part of the tests that is shown to a mutant.
type pass struct {
	inside bool // those in the package itself, which needn't be built with all that the others import
	flags  []string
	limit  time.Duration // how much of a processor's time it may take
}

// waits is how many times longer than that a pass may last by the clock: a machine
// that is busy with other things kills nothing by it, and what waits for ever ends.
const waits = 5

// measure runs the tests as they are: they must pass, and the time they take is
// the measure of a time-out.
func (b *bench) measure(ctx context.Context, least time.Duration) error {
	b.passes = b.target.passes()
	binary := filepath.Join(b.work, "plain.test")
	for k := range b.passes {
		p := &b.passes[k]
		if k == 0 || p.inside != b.passes[k-1].inside {
			if out, err := b.build(ctx, binary, p.inside, nil); err != nil {
				return fmt.Errorf("mutants: %s doesn't compile: %w\n%s", b.target.dir, err, out)
			}
		}
		out, used, err := b.run(ctx, binary, p.flags, 10*time.Minute)
		if err != nil {
			return fmt.Errorf("mutants: the tests of %s fail without a mutant: %w\n%s", b.target.dir, err, tail(out))
		}
		p.limit = least + 4*used
	}
	return os.Remove(binary)
}

// limit is how much of a processor's time all passes over a mutant may take.
func (b *bench) limit() (sum time.Duration) {
	for _, p := range b.passes {
		sum += p.limit
	}
	return sum.Round(time.Second)
}

// passes are those over a target's tests, quick ones first.
func (t target) passes() []pass {
	without := func(names ...string) []string {
		names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
		if len(names) == 0 {
			return nil
		}
		return []string{"-test.skip", strings.Join(names, "|")}
	}
	quick := without(append(slices.Clone(t.later), t.never)...)
	list := []pass{{inside: true, flags: quick}, {flags: quick}}
	for _, names := range t.later {
		list = append(list, pass{flags: append([]string{"-test.run", names}, without(t.never)...)})
	}
	return list
}

// try says what came of a mutant.
func (b *bench) try(ctx context.Context, m mutant) (fate, error) {
	source := filepath.Join(b.root, filepath.FromSlash(m.file))
	text, err := os.ReadFile(source)
	if err != nil {
		return "", fmt.Errorf("mutants: %w", err)
	}
	changed := filepath.Join(b.work, "mutant.go")
	if err := os.WriteFile(changed, m.apply(text), 0o600); err != nil {
		return "", fmt.Errorf("mutants: %w", err)
	}
	binary := filepath.Join(b.work, "mutant.test")
	for k, p := range b.passes {
		if k == 0 || p.inside != b.passes[k-1].inside {
			if _, err := b.build(ctx, binary, p.inside, map[string]string{source: changed}); err != nil {
				return unviable, ctx.Err()
			}
		}
		_, used, err := b.run(ctx, binary, p.flags, p.limit)
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case errors.Is(err, context.DeadlineExceeded), err != nil && used >= p.limit:
			return timedOut, nil
		case err != nil:
			return killed, nil
		}
	}
	return lived, nil
}

// build compiles the target's tests with some files in place of others.
func (b *bench) build(ctx context.Context, binary string, inside bool, replace map[string]string) ([]byte, error) {
	replace = maps.Clone(replace)
	if inside {
		files, err := filepath.Glob(filepath.Join(b.root, filepath.FromSlash(b.target.dir), "*_test.go"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			if outside.Match(text) {
				if replace == nil {
					replace = map[string]string{}
				}
				replace[file] = "" // which is as if it weren't there
			}
		}
	}
	names, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, err
	}
	overlay := filepath.Join(b.work, "overlay.json")
	if err := os.WriteFile(overlay, names, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-ldflags=-s -w", "-o", binary, "-overlay", overlay,
		"./"+b.target.dir)
	cmd.Dir = b.root
	return cmd.CombinedOutput()
}

// outside is what a test file begins with that stands outside of its package.
var outside = regexp.MustCompile(`(?m)^package \w+_test$`)

// run runs compiled tests in the target's folder, until the first that fails or
// they have used so much of a processor's time. They are a process group of their
// own, so that nothing of a mutant is left.
func (b *bench) run(ctx context.Context, binary string, flags []string, limit time.Duration) (
	out []byte, used time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, waits*limit)
	defer cancel()
	args := append([]string{"-c", fmt.Sprintf(`ulimit -v %d; ulimit -t %.0f; exec "$0" "$@"`, mostMemory,
		math.Ceil(limit.Seconds())), binary,
		"-test.short", "-test.failfast", "-test.timeout", (waits*limit + time.Minute).String()}, flags...)
	cmd := exec.CommandContext(ctx, "sh", args...)
	cmd.Dir = filepath.Join(b.root, filepath.FromSlash(b.target.dir))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	out, err = cmd.CombinedOutput()
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	if state := cmd.ProcessState; state != nil {
		used = state.UserTime() + state.SystemTime()
	}
	return out, used, err
}

// tail returns the end of a long output.
func tail(out []byte) []byte {
	const most = 2000
	return out[max(0, len(out)-most):]
}
