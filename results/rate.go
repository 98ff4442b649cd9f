package results

import (
	"time"

	"github.com/mcpload/mcpload/history"
)

// Achieved says how fast calls were really sent and admitted. A figure that
// can't be computed is 0, and documents leave it out.
type Achieved struct {
	Seconds float64 `json:"seconds,omitempty"` // from the first sending to the last reply
	// the gaps between sendings, a second: (sent - 1) / (last sent - first sent)
	Offered  float64 `json:"offered_per_s,omitempty"`
	Admitted float64 `json:"admitted_per_s,omitempty"` // admitted / Seconds
}

// Rate computes how fast calls were sent and admitted. Offered counts gaps
// rather than calls: 11 calls, one every 100 ms, are 10 a second.
func Rate(calls []history.Call) Achieved {
	var first, lastSent, end time.Duration
	sent, admitted := 0, 0
	for i := range calls {
		c := &calls[i]
		if c.Outcome == history.Unsent {
			continue
		}
		if sent == 0 {
			first, lastSent, end = c.Sent, c.Sent, c.Received
		}
		sent++
		if c.Outcome == history.OK {
			admitted++
		}
		first, lastSent, end = min(first, c.Sent), max(lastSent, c.Sent), max(end, c.Received)
	}
	var a Achieved
	if lastSent > first {
		a.Offered = float64(sent-1) / (lastSent - first).Seconds()
	}
	if end > first {
		a.Seconds = (end - first).Seconds()
		a.Admitted = float64(admitted) / a.Seconds
	}
	return a
}
