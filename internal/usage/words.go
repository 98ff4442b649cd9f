package usage

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mcpload/mcpload/internal/hint"
)

// Takes wants so many arguments, or says what the problem is, of which {n} is how many there
// are, and what to give.
func Takes(n int, problem, advice string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return hint.New(errors.New(strings.ReplaceAll(problem, "{n}", strconv.Itoa(len(args)))), advice)
	}
}

// NoWords wants no arguments at all.
func NoWords(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return hint.New(fmt.Errorf("%s takes no argument such as %q", cmd.CommandPath(), args[0]),
		cmd.CommandPath()+" --help shows what it takes")
}

// SomeRuns wants the names of runs.
func SomeRuns(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return nil
	}
	return hint.New(fmt.Errorf("%s takes runs, and none is named", cmd.CommandPath()), "for example "+
		cmd.CommandPath()+" last; mcpload results list shows which there are")
}
