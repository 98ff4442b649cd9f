package main

import "regexp"

// rooms are what errors begin with that say where in the program they arose. A user has
// no use for that, and every line on stderr begins with the program's name anyway.
var rooms = regexp.MustCompile(`^((mcpload|verdict|load|compare|store|profiles|probe|runner|shard|telemetry): )+`)

// spoken is an error as a user is told it. nil stays nil.
func spoken(err error) error {
	if err == nil {
		return nil
	}
	return plainError{err}
}

// A plainError doesn't say where in the program it arose.
type plainError struct{ error }

// Error implements error.
func (e plainError) Error() string { return rooms.ReplaceAllString(e.error.Error(), "") }

// Unwrap is the error as it was.
func (e plainError) Unwrap() error { return e.error }
