package results

// A Shard says which part of a plan was sent, where other machines sent the others, and
// what is needed to put them together.
type Shard struct {
	Part int    `json:"part"` // from 1
	Of   int    `json:"of"`
	Plan string `json:"plan"` // a fingerprint: parts of one plan have the same
	// what was said of others who use the server; a part by itself always has them
	Shared  bool         `json:"shared,omitempty"`
	BeganNS int64        `json:"began_ns"`       // the instant that the history's clock showed when the plan began
	Clocks  []ShardClock `json:"clocks"`         // those that the history's can be led to
	Lost    string       `json:"lost,omitempty"` // why the part isn't whole
}

// A ShardClock is a clock that several machines may have in common, and how far it was
// beyond the history's.
type ShardClock struct {
	Name     string       `json:"clock"` // clocks of one name are one clock
	DriftPPM float64      `json:"drift_ppm"`
	Bounds   []ClockBound `json:"bounds"`
}

// A ClockBound says that a clock was from LoNS to HiNS beyond the history's, which
// showed AtNS; that of a wall clock is in nanoseconds since 1970.
type ClockBound struct {
	AtNS int64 `json:"at_ns"`
	LoNS int64 `json:"lo_ns"`
	HiNS int64 `json:"hi_ns"`
}
