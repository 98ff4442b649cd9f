//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// A fate is what came of a mutant.
type fate string

const (
	killed   fate = "killed"   // a test failed
	timedOut fate = "timeout"  // the tests hung, or took far longer than without it
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
	limit      time.Duration // how long one pass of the tests may take
}

// measure runs the tests as they are: they must pass, and the time they take is
// the measure of a time-out.
func (b *bench) measure(ctx context.Context, least time.Duration) error {
	binary := filepath.Join(b.work, "plain.test")
	if out, err := b.build(ctx, binary, ""); err != nil {
		return fmt.Errorf("mutants: %s doesn't compile: %w\n%s", b.target.dir, err, out)
	}
	begin := time.Now()
	for _, stage := range b.stages() {
		if out, err := b.run(ctx, binary, stage, 10*time.Minute); err != nil {
			return fmt.Errorf("mutants: the tests of %s fail without a mutant: %w\n%s", b.target.dir, err, tail(out))
		}
	}
	b.limit = least + 4*time.Since(begin)
	return os.Remove(binary)
}

// stages are the flags of the passes over the tests, quick ones first.
func (b *bench) stages() [][]string {
	skip := func(names string) []string {
		if names == "" {
			return nil
		}
		return []string{"-test.skip", names}
	}
	if b.target.later == "" {
		return [][]string{skip(b.target.never)}
	}
	first := b.target.later
	if b.target.never != "" {
		first += "|" + b.target.never
	}
	return [][]string{skip(first), append([]string{"-test.run", b.target.later}, skip(b.target.never)...)}
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
	for _, stage := range b.stages() {
		_, err := b.run(ctx, binary, stage, b.limit)
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
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

// run runs compiled tests in the target's folder, until the first that fails.
// They are a process group of their own, so that nothing of a mutant is left.
func (b *bench) run(ctx context.Context, binary string, stage []string, limit time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	args := append([]string{"-c", fmt.Sprintf(`ulimit -v %d; exec "$0" "$@"`, mostMemory), binary,
		"-test.short", "-test.failfast", "-test.timeout", (limit + time.Minute).String()}, stage...)
	cmd := exec.CommandContext(ctx, "sh", args...)
	cmd.Dir = filepath.Join(b.root, filepath.FromSlash(b.target.dir))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return out, err
}

// tail returns the end of a long output.
func tail(out []byte) []byte {
	const most = 2000
	return out[max(0, len(out)-most):]
}
