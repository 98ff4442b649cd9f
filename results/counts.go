package results

import "github.com/mcpload/mcpload/history"

// Counts says what came of a number of planned calls. Always
// Sent = Admitted + Limited + Failed + Unknown: no call is lost, and none is
// counted twice.
type Counts struct {
	Planned  int `json:"planned"`  // sent and unsent
	Sent     int `json:"sent"`     // those that left us
	Admitted int `json:"admitted"` // answered with a result
	Limited  int `json:"limited"`  // refused by the rate limit
	Failed   int `json:"failed"`   // tool error, rejected for another reason, or broken
	Unknown  int `json:"unknown"`  // no reply in time, or nothing known of it

	// ClosedIdle is how many of the unknown were written on a connection that the
	// server closed while it was idle.
	ClosedIdle int `json:"closed_idle,omitempty"`
}

// Unsent is how many planned calls never left us.
func (c Counts) Unsent() int { return c.Planned - c.Sent }

// Count counts calls by what came of them. An outcome that it doesn't know is
// unknown, never a success.
func Count(calls []history.Call) Counts {
	c := Counts{Planned: len(calls)}
	for i := range calls {
		switch o := calls[i].Outcome; {
		case o == history.Unsent:
			continue
		case o == history.OK:
			c.Admitted++
		case o == history.Limited:
			c.Limited++
		case o.Failed():
			c.Failed++
		case o == history.ClosedIdle:
			c.Unknown++
			c.ClosedIdle++
		default:
			c.Unknown++
		}
		c.Sent++
	}
	return c
}
