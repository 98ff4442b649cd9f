// Package apikey says if a credential can be what its provider issues, fails a
// start-up that lacks one, and keeps credentials out of whatever is written.
//
// Most servers want Startup, which checks all of a server's credentials in one
// call and returns what may be logged, and Report.Redactor, which takes their
// values out of logs.
//
// The package deliberately contacts nobody: a well-formed key may be revoked,
// and only the provider knows. It reads no environment variable (the caller
// hands in a lookup, such as os.LookupEnv), ends no process, and never puts a
// value into an error.
//
// Formats drift, and validators that pin one format refuse the next one's keys.
// So Check has a verdict between good and bad: Unrecognised is a value that a
// newer format may look like, which is a warning unless Spec.Strict.
//
// The matchers are hand-written and look at each byte a fixed number of times
// at most; there is no pattern that an input can make slow.
package apikey
