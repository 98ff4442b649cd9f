// Package revision names the revisions of the protocol, so that each stands in one
// place. Most users want Stateless, which tells the two eras apart.
//
// Revisions are dates, and compare as text.
package revision

// The revisions that are spoken.
const (
	R2026 = "2026-07-28" // the first without sessions
	R2511 = "2025-11-25" // the last with sessions
	R2506 = "2025-06-18" // the first whose requests carry the version in a header
	R2503 = "2025-03-26"
	R2411 = "2024-11-05"
)

// All returns every revision, the newest first.
func All() []string { return []string{R2026, R2511, R2506, R2503, R2411} }

// Stateless reports if a revision has no sessions.
func Stateless(revision string) bool { return revision >= R2026 }
