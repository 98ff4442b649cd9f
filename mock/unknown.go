package mock

import (
	"fmt"

	"github.com/mcpload/mcpload/profiles"
)

// An UnknownError is the error about a fault that is in no list.
type UnknownError struct {
	Kind string // "fault", "conform fault" or "start-up fault"
	Name string // what was asked for
	List string // of mcpload list
	has  []string
}

// Error implements error.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("mock: no %s is named %q%s", e.Kind, e.Name, profiles.DidYouMean(e.Name, e.has))
}

// Hint is where all names stand.
func (e *UnknownError) Hint() string { return "mcpload list " + e.List + " names them all" }

// UnknownStartFault is the error about a start-up fault that there isn't.
func UnknownStartFault(name string) error {
	return &UnknownError{Kind: "start-up fault", Name: name, List: "startup-faults", has: startFaultNames()}
}
