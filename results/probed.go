package results

import (
	"fmt"
	"io"
)

// ProbeSchema is the schema of what a probe found.
const ProbeSchema = "mcpload.probe/v1"

// How a probe ended, as documents spell it.
const (
	ProbeMeasured   = "measured"   // a token bucket, as narrow as it should be
	ProbeNoLimit    = "no limit"   // nothing was refused within the budget
	ProbeOther      = "other"      // no token bucket, and what it is instead is known
	ProbeUnfinished = "unfinished" // the budget ran out, or no model explains the server
)

// What a note says of a probe that ended before its budget did, and of whom ended it where
// that was a person.
const (
	ProbeEndedEarly  = "the probe ended early: "
	ProbeInterrupted = "it was interrupted"
)

// A Probed is what a probe found out about a limit that nobody declared (schema
// mcpload.probe/v1). What is unknown is null. JSON writes it as a document, Table for
// people.
type (
	Probed struct {
		Schema  string       `json:"schema"`
		Version string       `json:"version"`
		Seed    uint64       `json:"seed"`
		Server  string       `json:"server"`
		Target  ProbedTarget `json:"target"`
		Load    ProbedLoad   `json:"load"`
		Budget  ProbedBudget `json:"budget"`
		Spent   ProbedSpent  `json:"spent"`
		Result  string       `json:"result"` // measured, no limit, other or unfinished
		// nothing was refused, and nobody said that what was sent is charged
		Untold   bool           `json:"untold,omitempty"`
		Measured *Measured      `json:"measured"`
		Clocks   *Clocks        `json:"clocks"`
		NoLimit  *ProbedOpen    `json:"no_limit"`
		Models   []ProbedModel  `json:"models"`
		Apart    []string       `json:"told_apart_by,omitempty"`
		Laws     []ProbedLaw    `json:"laws,omitempty"` // that were found, and stood the test that a run puts them to
		Scope    ProbedValue    `json:"scope"`
		Evasion  ProbedValue    `json:"new_session_evades"`
		Tools    *ProbedValue   `json:"other_tool,omitempty"` // shared, per tool, unlimited or not so
		Tricks   []ProbedTrick  `json:"tricks,omitempty"`     // what was tried to get past the limit that was found
		Costs    []ProbedCost   `json:"costs"`
		Refusal  *ProbedRefusal `json:"refusal"`
		Notes    []string       `json:"notes"`
	}
	// A ProbedTarget says what was probed.
	ProbedTarget struct {
		Kind      string `json:"kind"`
		Transport string `json:"transport"`
		Protocol  string `json:"protocol"`
		URL       string `json:"url,omitempty"`
		Label     string `json:"label,omitempty"` // what it is known by from run to run
	}
	// A ProbedLoad is the call that was sent over and over.
	ProbedLoad struct {
		Method string `json:"method"`
		Tool   string `json:"tool,omitempty"`
		Chosen bool   `json:"chosen,omitempty"` // nobody named it
		Why    string `json:"why,omitempty"`
	}
	// A ProbedBudget is the most that might be spent.
	ProbedBudget struct {
		Calls   int     `json:"calls"`
		Seconds float64 `json:"seconds"`
	}
	// A ProbedSpent is what was.
	ProbedSpent struct {
		Calls    int     `json:"calls"`
		Seconds  float64 `json:"seconds"`
		Admitted int     `json:"admitted"`
		Limited  int     `json:"limited"`
		Failed   int     `json:"failed"`
	}
	// A ProbedOpen says how far a server was tried that refused nothing.
	ProbedOpen struct {
		AtOnce  int     `json:"at_once"`
		Rate    float64 `json:"rate"`
		Calls   int     `json:"calls"`
		Seconds float64 `json:"seconds"`
	}
	// A ProbedModel is a kind of limiter that explains every answer.
	ProbedModel struct {
		Name     string    `json:"name"`
		Words    string    `json:"words"`
		Number   *Range    `json:"number,omitempty"`
		WindowMS float64   `json:"window_ms,omitempty"`
		Box      *Measured `json:"box,omitempty"`
	}
	// A ProbedLaw is a limit in the words in which it is promised.
	ProbedLaw struct {
		Law     string   `json:"law"`
		Seconds *Range   `json:"seconds,omitempty"` // of a window: every length that explains the answers
		Kinds   []string `json:"kinds,omitempty"`   // of a window: every kind that does
	}
	// A ProbedValue is an answer and what it rests on.
	ProbedValue struct {
		Answer   *string `json:"answer"`
		Evidence string  `json:"evidence,omitempty"`
		Calls    int     `json:"calls"`
	}
	// A ProbedTrick is an attempt of an audit on the limit that was found.
	ProbedTrick struct {
		Attempt  string `json:"attempt"`
		Evades   *bool  `json:"evades"` // the limit; null: nobody can tell, or it wasn't tried
		Evidence string `json:"evidence"`
		Calls    int    `json:"calls"`
	}
	// A ProbedCost is what one kind of request takes, in calls of the load.
	ProbedCost struct {
		Kind     string `json:"kind"`
		Tokens   *int   `json:"tokens"`
		Possible []int  `json:"possible"`
		Absent   bool   `json:"not_in_protocol,omitempty"`
		Requests int    `json:"requests"`
		Limited  int    `json:"limited"`
		Evidence string `json:"evidence,omitempty"`
	}
	// A ProbedRefusal is how refusals look.
	ProbedRefusal struct {
		Refusals    int             `json:"refusals"`
		Statuses    []ProbedTally   `json:"statuses"`
		Codes       []ProbedTally   `json:"codes"`
		Words       string          `json:"words"`
		Legal       bool            `json:"legal"`
		Legality    string          `json:"legality"`
		IDEchoed    bool            `json:"id_echoed"`
		Misanswered int             `json:"misanswered"`
		ContentType *string         `json:"content_type"` // the most frequent one; null where no HTTP reply named one
		Media       []ProbedMedia   `json:"content_types"`
		RetryAfter  ProbedValue     `json:"retry_after"`
		Said        int             `json:"said_retry_after"`
		Latency     ProbedLatencies `json:"latency"`
	}
	// A ProbedMedia is how often refusals came as a media type.
	ProbedMedia struct {
		Name  string `json:"name"` // empty: the reply named none
		Count int    `json:"count"`
	}
	// A ProbedTally is how often a number was seen.
	ProbedTally struct {
		Number int `json:"number"`
		Count  int `json:"count"`
	}
	// ProbedLatencies are what the server took.
	ProbedLatencies struct {
		Admitted ProbedMedian `json:"admitted"`
		Limited  ProbedMedian `json:"limited"`
	}
	// A ProbedMedian is of so many calls.
	ProbedMedian struct {
		P50MS float64 `json:"p50_ms"`
		Calls int     `json:"calls"`
	}
)

// JSON writes the document.
func (p *Probed) JSON(w io.Writer) error { return WriteJSON(w, p) }

// DecodeProbed reads what JSON wrote. It refuses a result without what the result is of.
func DecodeProbed(r io.Reader) (*Probed, error) {
	p := &Probed{}
	if err := decode(r, ProbeSchema, p); err != nil {
		return nil, err
	}
	whole := map[string]bool{ProbeMeasured: p.Measured != nil, ProbeNoLimit: p.NoLimit != nil || p.Untold,
		ProbeOther: len(p.Models) > 0 || len(p.Laws) > 1, ProbeUnfinished: true}
	if !whole[p.Result] {
		return nil, fmt.Errorf("the probe's result %q is without what it is of", p.Result)
	}
	return p, nil
}
