//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestFirstInterruptEndsWhoReadsAPipe: a file that never opens, as nobody writes to it, holds
// a command until the first interrupt and no longer.
func TestFirstInterruptEndsWhoReadsAPipe(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "p") // t.TempDir's name is so long that it may be a key
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	pipe := filepath.Join(folder, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	for name, args := range map[string][]string{
		"conform":        {"conform", "--url", "http://127.0.0.1:9/mcp", "--baseline", pipe},
		"run":            {"run", "--server", "acb", "--virtual", "--quarantine", pipe},
		"load":           {"load", "--url", "http://127.0.0.1:9/mcp", "--mix", pipe},
		"fleet":          {"fleet", pipe},
		"verify":         {"verify", "--rate", "5", "--burst", "5", pipe},
		"keys check":     {"keys", "check", "--provider", "openai", "--provider-file", pipe},
		"keys providers": {"keys", "providers", "--provider-file", pipe},
		"keys scan":      {"keys", "scan", pipe},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			var said spokenTo
			a := &app{stdout: &out, stderr: &said, drain: make(chan struct{}), interrupts: make(chan struct{}, 2)}
			ctx, stop := a.interruptible()
			defer stop()
			root := a.root()
			root.SetArgs(args)
			root.SetOut(&out)
			root.SetErr(&said)
			ended := make(chan error, 1)
			go func() { ended <- root.ExecuteContext(ctx) }()
			select {
			case err := <-ended:
				t.Fatalf("it didn't wait: %v", err)
			case <-time.After(300 * time.Millisecond):
			}
			a.interrupt()
			select {
			case err := <-ended:
				require.ErrorContains(t, err, "interrupted before there was anything to say")
			case <-time.After(8 * time.Second):
				t.Fatal("it goes on")
			}
		})
	}
}
