package results

import (
	"time"

	"github.com/mcpload/mcpload/verdict"
)

// Clocks says how far the clocks were taken to disagree. Everything that was
// proven holds given clocks within that, and only then.
type Clocks struct {
	DriftPPM float64 `json:"drift_ppm"`
	TickNS   int64   `json:"tick_ns"`            // the limiter sees its clock in steps as long as this
	ErrorNS  int64   `json:"error_ns,omitempty"` // how far each instant of the history may be off
}

// ClocksOf is the judge's clocks as documents spell them.
func ClocksOf(c verdict.Clocks) *Clocks {
	return &Clocks{DriftPPM: c.PPM(), TickNS: int64(c.Tick), ErrorNS: int64(c.Error)}
}

// Judged is how far the clocks were taken to disagree: by default where the
// document doesn't say, or says what no judge takes.
func (c *Clocks) Judged() verdict.Clocks {
	if c == nil {
		return verdict.DefaultClocks()
	}
	of := verdict.Clocks{Drift: c.DriftPPM / 1e6, Tick: time.Duration(c.TickNS), Error: time.Duration(c.ErrorNS)}
	if of.Fault() != "" {
		return verdict.DefaultClocks()
	}
	return of
}

// ClocksWords says what the verdicts take for granted of the clocks: "200 ppm".
// It is empty where no server says.
func (d *Document) ClocksWords() string {
	for i := range d.Servers {
		if c := d.Servers[i].Clocks; c != nil {
			return c.Judged().String()
		}
	}
	return ""
}

// givenClocks is ClocksWords as the end of a sentence, or empty.
func (d *Document) givenClocks() string {
	if words := d.ClocksWords(); words != "" {
		return "; given clocks within " + words
	}
	return ""
}
