package results

import (
	"time"

	"github.com/mcpload/mcpload/verdict"
)

// A Setting is what verdicts rest on beside the calls and what the document says
// elsewhere: with it a kept run is judged again as it was when it was fresh.
type Setting struct {
	Shared     bool     `json:"shared,omitempty"`           // others may have used the server: refusals prove nothing
	Presumed   bool     `json:"presumed,omitempty"`         // nobody said what is charged; the load call surely is
	Statuses   []int    `json:"refusal_statuses,omitempty"` // HTTP statuses that somebody called refusals
	Identity   bool     `json:"identity,omitempty"`         // a header told clients apart
	Thresholds []string `json:"thresholds,omitempty"`       // demands on latency, as they were given

	Epoch   time.Time `json:"epoch,omitzero"`        // of laws: when instant 0 was, which calendars ask
	LastsNS int64     `json:"lasts_ns,omitempty"`    // of laws: how long each call surely lasts at the server
	Fails   string    `json:"fails,omitempty"`       // of laws: a tool whose calls fail
	All     bool      `json:"require_all,omitempty"` // of laws: what wasn't tried of one leaves it open
	Headers bool      `json:"headers,omitempty"`     // of laws: the server's own headers made the promise
	// of laws: sessions of before may have been open still
	Lingering bool         `json:"lingering,omitempty"`
	Refusal   *RefusalForm `json:"promised_refusal,omitempty"` // of laws: the shape that refusals are promised to have
}

// A RefusalForm is the shape that refusals are promised to have.
type RefusalForm struct {
	Status     int    `json:"status,omitempty"`
	Code       int    `json:"code,omitempty"`
	RetryAfter string `json:"retry_after,omitempty"` // as profiles spell it
	Headers    string `json:"headers,omitempty"`     // likewise
}

// Recorded is the setting as documents have it: nil where it is that of most runs.
func (s Setting) Recorded() *Setting {
	if !s.Shared && !s.Presumed && !s.Identity && len(s.Statuses)+len(s.Thresholds) == 0 && s.Epoch.IsZero() &&
		s.LastsNS == 0 && s.Fails == "" && !s.All && !s.Headers && !s.Lingering && s.Refusal == nil {
		return nil
	}
	return &s
}

// Again is what a second judgement of a kept run came to: the document that holds
// it has what is found now.
type Again struct {
	Run         string          `json:"run"`         // the run's name in its store, or its document's
	Was         verdict.Verdict `json:"was"`         // the stored verdict
	Judged      int             `json:"judged"`      // findings that were made again
	Differences []Difference    `json:"differences"` // from what was stored; none where both agree
	Kept        []Unjudged      `json:"kept"`        // what stands as it was stored, since it can't be judged again
}

// A Difference is something that the second judgement says otherwise.
type Difference struct {
	Server   string `json:"server"`
	Scenario string `json:"scenario,omitempty"` // empty: of the server as a whole
	Check    string `json:"check"`              // a check, or "measured", "laws", "latency", "calls", "verdict"
	Was      string `json:"was"`                // as it was stored, in words; empty: it wasn't there
	Is       string `json:"is"`                 // as it is now; empty: it is gone
}

// An Unjudged is a part of a run that can't be judged again from what was stored.
type Unjudged struct {
	Server   string `json:"server"`
	Scenario string `json:"scenario,omitempty"`
	Check    string `json:"check,omitempty"` // empty: all of the scenario's, or the server's
	Why      string `json:"why"`
}
