package scenarios

import (
	"slices"

	"github.com/mcpload/mcpload/profiles"
)

// plainSeed is the seed of the plan that isn't varied: what is printed, simulated or
// compared from version to version has the catalogue's order and lengths.
const plainSeed = 1

// varied is the order in which a plan takes scenarios: with each seed another one, so that
// no server can know what comes when. Those whose clients play parts keep their places, and
// so do results and idle: what they ask is told best of a server that was pressed before. One
// that asks a full bucket comes first, as the bucket is full then: elsewhere it waits for that.
// Causes are told a little less surely of another order than the catalogue's.
func varied(list []Scenario, l profiles.Limit, set Setting) []Scenario {
	if !set.varies() {
		return list
	}
	var at []int
	for i, s := range list {
		if s.Cast == nil && s.Name != idle.Name && s.Name != results.Name {
			at = append(at, i)
		}
	}
	order := Jitter(set.Seed, "order").Perm(len(at))
	asksFull := func(from int) bool { return list[at[from]].Start(l).Min >= float64(l.Burst) }
	if full := slices.IndexFunc(order, asksFull); full > 0 {
		first := order[full]
		order = slices.Insert(slices.Delete(order, full, full+1), 0, first)
	}
	out := slices.Clone(list)
	for to, from := range order {
		out[at[to]] = list[at[from]]
	}
	return out
}

// varies reports if order and lengths come of the seed.
func (set Setting) varies() bool { return set.Varied && set.Seed > plainSeed }

// longer is by how much the seed makes a scenario longer, from 1 to 1.04: enough that no
// server knows which call is the last, and not so much that a run takes longer for it.
func (set Setting) longer(name string) float64 {
	if !set.varies() {
		return 1
	}
	return 1 + Jitter(set.Seed, name+" length").Float64()/25
}
