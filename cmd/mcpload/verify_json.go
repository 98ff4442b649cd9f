package main

import (
	"io"
	"math"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

const verifySchema = "mcpload.verify/v1"

// The documents of mcpload.verify/v1.
type (
	judgementJSON struct {
		Schema        string            `json:"schema"`
		Verdict       verdict.Verdict   `json:"verdict"`
		Calls         int               `json:"calls"`
		Tolerance     float64           `json:"tolerance"`
		Clocks        *results.Clocks   `json:"clocks"`
		OverAdmission admissionJSON     `json:"over_admission"`
		OverRejection rejectionJSON     `json:"over_rejection"`
		Measured      *results.Measured `json:"measured"`
		Jump          *jumpJSON         `json:"jump,omitempty"` // one step of the clock that explains every answer
	}
	admissionJSON struct {
		Violated bool         `json:"violated"`
		BurstMin float64      `json:"burst_min"`
		Witness  *witnessJSON `json:"witness"`
	}
	rejectionJSON struct {
		Violated bool         `json:"violated"`
		BurstMax *float64     `json:"burst_max"` // null where nothing was refused
		Witness  *witnessJSON `json:"witness"`
	}
	jumpJSON struct {
		AfterLine  int           `json:"after_line"`
		BeforeLine int           `json:"before_line"`
		Seconds    results.Range `json:"seconds"` // negative: the clock was set back
		SilenceNS  int64         `json:"silence_ns,omitempty"`
	}
	witnessJSON struct {
		FromNS   int64   `json:"from_ns"`
		ToNS     int64   `json:"to_ns"`
		Calls    []int   `json:"calls"`
		Admitted int     `json:"admitted"`
		Allowed  float64 `json:"allowed"`
	}
)

func witnessOf(w *verdict.Witness) *witnessJSON {
	if w == nil {
		return nil
	}
	return &witnessJSON{FromNS: int64(w.From), ToNS: int64(w.To), Calls: w.Calls, Admitted: w.Admitted, Allowed: w.Allowed}
}

func writeJudgement(w io.Writer, j verdict.Judgement, jump *verdict.Jump) error {
	doc := judgementJSON{
		Schema: verifySchema, Verdict: j.Verdict, Calls: j.Calls, Tolerance: j.Tolerance,
		Clocks:        results.ClocksOf(j.Clocks),
		OverAdmission: admissionJSON{j.OverAdmission.Violated, j.OverAdmission.Burst, witnessOf(j.OverAdmission.Witness)},
		OverRejection: rejectionJSON{Violated: j.OverRejection.Violated, Witness: witnessOf(j.OverRejection.Witness)},
	}
	if !math.IsInf(j.OverRejection.Burst, 1) {
		doc.OverRejection.BurstMax = &j.OverRejection.Burst
	}
	if j.Measured != nil {
		doc.Measured = results.Box(*j.Measured)
	}
	if jump != nil {
		doc.Jump = &jumpJSON{jump.After, jump.Before, results.Range(jump.By), int64(jump.Silence)}
	}
	return printJSON(w, doc)
}
