package main

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/catalogue"
)

// TestHelpTextsAreOfCommands: a text that no command has would be read by nobody.
func TestHelpTextsAreOfCommands(t *testing.T) {
	list, err := texts.ReadDir("help")
	require.NoError(t, err)
	require.NotEmpty(t, list)
	root := (&app{}).root()
	for _, f := range list {
		words := strings.Split(strings.TrimSuffix(path.Base(f.Name()), ".txt"), "_")
		cmd, rest, err := root.Find(words)
		if words[0] == root.Name() {
			cmd, rest, err = root, nil, nil
		}
		require.NoError(t, err, f.Name())
		assert.Empty(t, rest, "%s names no command", f.Name())
		assert.NotRegexp(t, `\{[a-z]+\}`, strings.ReplaceAll(cmd.Long, "{{", ""), f.Name())
		assert.NotEmpty(t, cmd.Long+cmd.Example, f.Name())
	}
}

// everyCommand goes through all commands that a stranger sees.
func everyCommand(see func(*cobra.Command)) {
	root := (&app{}).root()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	var below func(*cobra.Command)
	below = func(cmd *cobra.Command) {
		if cmd.Hidden {
			return
		}
		see(cmd)
		for _, c := range cmd.Commands() {
			below(c)
		}
	}
	below(root)
}

// Each flag says what it takes in a word of people's, and one default; each screen fits.
func TestScreensOfHelp(t *testing.T) {
	seen := 0
	everyCommand(func(cmd *cobra.Command) {
		text := cmd.UsageString()
		for line := range strings.Lines(cmd.Long + "\n" + text) {
			assert.LessOrEqual(t, len([]rune(line)), 101, "%s: %s", cmd.CommandPath(), line)
		}
		assert.NotContains(t, text, "\nCommands:\n  h", "%s: help is in no part", cmd.CommandPath())
		if cmd.Name() == "mcpload" {
			assert.NotContains(t, text, "\nCommands:\n", "a command is in no part")
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden {
				return
			}
			seen++
			value, _ := pflag.UnquoteUsage(f)
			assert.NotRegexp(t, `^(string|strings|stringArray|int|ints|uint|float|long|how)$`, value, "%s --%s",
				cmd.CommandPath(), f.Name)
			alone := pflag.NewFlagSet("", pflag.ContinueOnError)
			alone.AddFlag(f)
			assert.LessOrEqual(t, strings.Count(alone.FlagUsages(), "(default"), 1, alone.FlagUsages())
		})
	})
	require.Greater(t, seen, 300)
}

// What a shell offers for a flag is what the flag's help says that it takes.
func TestCompletionsAreOfTheirFlags(t *testing.T) {
	seen := 0
	everyCommand(func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			list, fixed := catalogue.Words(cmd.Name(), f.Name)
			if !fixed || regexp.MustCompile("mcpload (list|keys)").MatchString(f.Usage) ||
				slices.Contains([]string{"protocol", "scenario"}, f.Name) { // lists of their own
				return
			}
			seen++
			for _, word := range list {
				word, _, _ = strings.Cut(word, "\t")
				assert.Contains(t, f.Usage, word, "%s --%s", cmd.CommandPath(), f.Name)
			}
		})
	})
	require.Greater(t, seen, 30)
}
