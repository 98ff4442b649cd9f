// Package interop tries mcpload against servers that nobody here wrote: every
// SDK that matters, in every version whose idea of a refusal differs, behind
// its own limiter, behind nginx, and behind none. It is a module of its own, so
// that none of them is a dependency of mcpload.
//
// `make interop` installs the servers and runs the matrix.
package interop
