// Package archtest holds the rules of the design that a compiler can't: which
// room may import which, where the clock and the environment may be read, and
// how long a file or a function may grow. `go test ./internal/archtest` judges
// the whole module.
//
// It has no code of its own outside its tests, and reads nothing but the
// module's source: no build, no network, every platform's files at once. Only
// what ships is judged; a test or an example may import what it likes.
package archtest
