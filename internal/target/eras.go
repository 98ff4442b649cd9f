package target

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/internal/revision"
	"github.com/mcpload/mcpload/internal/wire"
)

// Eras says which of several revisions of the protocol was taken that a server
// speaks: each may go through other code of the server's, and be limited otherwise.
// Empty where there is no choice, or somebody made it. A mock is limited alike in all.
func Eras(t *Target, s *wire.Session) string {
	spoken := s.Revisions()
	if t.Kind == Mock || t.Options.Protocol != "" && t.Options.Protocol != "auto" || len(spoken) < 2 {
		return ""
	}
	others, why := slices.DeleteFunc(spoken, func(r string) bool { return r == s.Protocol() }), ""
	if t.Options.Sessions && slices.ContainsFunc(others, revision.Stateless) {
		why = ", as what is promised needs one with sessions"
	}
	return fmt.Sprintf("MCP %s was taken of the revisions that the server speaks%s; a limit may be another one in %s, "+
		"or none: --protocol each judges them all",
		s.Protocol(), why, strings.Join(others, ", "))
}
