package profiles

import "slices"

// A Tier is a limit with a name, for profiles that say `limit: {tier: NAME}`.
type Tier struct {
	Name  string
	Rate  float64 // tokens a second
	Burst int     // tokens
}

var tiers = []Tier{
	{"conservative", 5, 15},
	{"moderate", 10, 20},
	{"aggressive", 15, 40},
}

// Tiers returns the tiers, the slowest first.
func Tiers() []Tier { return slices.Clone(tiers) }

// A Pattern is a kind of server: what stands behind its tools, and so what a
// limit protects.
type Pattern struct {
	Name string
	Doc  string // one sentence
}

var patterns = []Pattern{
	{"external-api", "Tools call somebody else's API with a credential, so the limit keeps the account within " +
		"its quota."},
	{"local-framework", "Tools work on this machine alone and need no credential, so the limit keeps one client from " +
		"taking all of it."},
	{"plugin", "The server is another one's plugin and has no limiter of its own, so its limit is inherited."},
}

// Patterns returns the patterns.
func Patterns() []Pattern { return slices.Clone(patterns) }

func tierNames() []string {
	names := make([]string, len(tiers))
	for i, t := range tiers {
		names[i] = t.Name
	}
	return names
}

func patternNames() []string {
	names := make([]string, len(patterns))
	for i, p := range patterns {
		names[i] = p.Name
	}
	return names
}
