// Package startup judges how a server starts: that it refuses a credential that
// can't be right before it answers anything, says which and why, starts with a
// good one, and shows the secret nowhere.
//
// Most users want Plan, which says what to start with, and Judge, which turns
// what was seen of every start into findings. The credentials are made up for
// each start, from the pattern of whoever issues them.
//
// The package deliberately starts nothing and reads no clock, file or
// environment variable: what happened is an Observation, so that every check is
// tried on hand-made ones. It asks no provider: a well-formed key that nobody
// issued is a good one.
//
// # What is certain
//
// A bad start is compared with good ones, the controls, of which one comes first
// and one last. Only where the controls served does a refusal prove anything: a
// server that never starts refuses everything. What a server did, on the other
// hand, is proof by itself: an answer to a client in spite of a bad credential,
// or a secret in a log.
package startup
