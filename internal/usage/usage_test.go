package usage

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// command has a few flags, or as many as stand in parts.
func command(flags int) *cobra.Command {
	root := &cobra.Command{Use: "mcpload"}
	cmd := &cobra.Command{Use: "run [flags]", Short: "Judge", Run: func(*cobra.Command, []string) {},
		Example: "  mcpload run URL"}
	odd := &cobra.Command{Use: "odd", Short: "Stand in no part", Run: func(*cobra.Command, []string) {}}
	root.AddCommand(cmd, odd)
	cmd.Flags().Duration("timeout", 10*time.Minute, "give up after this long")
	cmd.Flags().Duration("latency", 0, "how long it takes (default: no time)")
	cmd.Flags().String("secret", "", "nobody sees this")
	_ = cmd.Flags().MarkHidden("secret")
	for i := range flags {
		cmd.Flags().Bool(fmt.Sprintf("flag-%d", i), false, strings.Repeat("many words ", 20))
	}
	root.PersistentFlags().Bool("no-tui", false, "plain lines")
	Lay(root)
	return cmd
}

func TestFewFlagsStandInOneList(t *testing.T) {
	text := command(2).UsageString()
	require.Contains(t, text, "Usage:\n  mcpload run [flags]\n\nExamples:\n  mcpload run URL\n\nFlags:\n")
	require.Contains(t, text, "--timeout duration   give up after this long (default 10m)\n")
	require.Equal(t, 1, strings.Count(text, "(default: no time)"))
	require.NotContains(t, text, "(default 0")
	require.NotContains(t, text, "secret")
	require.NotContains(t, text, "Flags for")
	require.Contains(t, text, "\nFlags of every command:\n      --no-tui")
}

func TestManyFlagsStandInParts(t *testing.T) {
	text := command(many).UsageString()
	plain, rest, found := strings.Cut(text, "\nFlags for the connection:\n")
	require.True(t, found)
	require.Contains(t, plain, "--flag-0")
	require.NotContains(t, plain, "--timeout")
	require.Contains(t, rest, "--timeout")
	require.Contains(t, rest, "\nFlags for a mock in the server's place:\n      --latency")
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, len(strings.TrimSuffix(line, "\n")), width)
	}
}

func TestCommandsStandInParts(t *testing.T) {
	text := command(0).Root().UsageString()
	require.Contains(t, text, "\nJudge it:\n  run         Judge\n")
	require.Contains(t, text, "\nCommands:\n  odd         Stand in no part\n")
	require.Contains(t, text, "\nmcpload [command] --help says more about a command.\n")
}

func TestShort(t *testing.T) {
	for duration, want := range map[string]string{"0s": "0", "10s": "10s", "10m0s": "10m", "24h0m0s": "24h",
		"1m30s": "1m30s"} {
		require.Equal(t, want, short(duration))
	}
}
