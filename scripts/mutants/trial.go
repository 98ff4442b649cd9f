//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
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
	limits     []time.Duration // how much of a processor's time each pass of the tests may take
}

// waits is how many times longer than that a pass may last by the clock: a machine
// that is busy with other things kills nothing by it, and what waits for ever ends.
const waits = 5

// measure runs the tests as they are: they must pass, and the time they take is
// the measure of a time-out.
func (b *bench) measure(ctx context.Context, least time.Duration) error {
	binary := filepath.Join(b.work, "plain.test")
	if out, err := b.build(ctx, binary, ""); err != nil {
		return fmt.Errorf("mutants: %s doesn't compile: %w\n%s", b.target.dir, err, out)
	}
	for _, stage := range b.stages() {
		out, used, err := b.run(ctx, binary, stage, 10*time.Minute)
		if err != nil {
			return fmt.Errorf("mutants: the tests of %s fail without a mutant: %w\n%s", b.target.dir, err, tail(out))
		}
		b.limits = append(b.limits, least+4*used)
	}
	return os.Remove(binary)
}

// stages are the flags of the passes over the tests, quick ones first.
func (b *bench) stages() [][]string {
	without := func(names ...string) []string {
		names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
		if len(names) == 0 {
			return nil
		}
		return []string{"-test.skip", strings.Join(names, "|")}
	}
	stages := [][]string{without(append(slices.Clone(b.target.later), b.target.never)...)}
	for _, names := range b.target.later {
		stages = append(stages, append([]string{"-test.run", names}, without(b.target.never)...))
	}
	return stages
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
	overlay := filepath.Join(b.work, "overlay.json")
	names, err := json.Marshal(map[string]any{"Replace": map[string]string{source: changed}})
	if err != nil {
		return "", fmt.Errorf("mutants: %w", err)
	}
	if err := os.WriteFile(overlay, names, 0o600); err != nil {
		return "", fmt.Errorf("mutants: %w", err)
	}
	binary := filepath.Join(b.work, "mutant.test")
	if _, err := b.build(ctx, binary, overlay); err != nil {
		return unviable, ctx.Err()
	}
	for k, stage := range b.stages() {
		_, used, err := b.run(ctx, binary, stage, b.limits[k])
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case errors.Is(err, context.DeadlineExceeded), err != nil && used >= b.limits[k]:
			return timedOut, nil
		case err != nil:
			return killed, nil
		}
	}
	return lived, nil
}

// build compiles the target's tests.
func (b *bench) build(ctx context.Context, binary, overlay string) ([]byte, error) {
	args := []string{"test", "-c", "-ldflags=-s -w", "-o", binary}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./"+b.target.dir)...)
	cmd.Dir = b.root
	return cmd.CombinedOutput()
}

// run runs compiled tests in the target's folder, until the first that fails or
// they have used so much of a processor's time. They are a process group of their
// own, so that nothing of a mutant is left.
func (b *bench) run(ctx context.Context, binary string, stage []string, limit time.Duration) (
	out []byte, used time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, waits*limit)
	defer cancel()
	args := append([]string{"-c", fmt.Sprintf(`ulimit -v %d; ulimit -t %.0f; exec "$0" "$@"`, mostMemory,
		math.Ceil(limit.Seconds())), binary,
		"-test.short", "-test.failfast", "-test.timeout", (waits*limit + time.Minute).String()}, stage...)
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
