package profiles

import "github.com/mcpload/mcpload/internal/yamltext"

// A Fault is one thing that is wrong with a profile file.
type Fault = yamltext.Fault

// Errors are all the faults of all the files of one load, in the order of the
// files and of the lines in them. None is a warning.
type Errors = yamltext.Faults
