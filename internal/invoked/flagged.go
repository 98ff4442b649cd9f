package invoked

import (
	"fmt"
	"strings"

	"github.com/mcpload/mcpload/internal/hint"
)

// Flagged says of an error which flag it is about, and so does its hint, where that shows
// a value.
func Flagged(flag string, err error) error {
	if err == nil {
		return nil
	}
	advice := hint.Of(err)
	if value, shows := strings.CutPrefix(advice, "as in "); shows {
		advice = "as in " + flag + " " + value
	}
	return hint.New(fmt.Errorf("%s %w", flag, err), advice)
}
