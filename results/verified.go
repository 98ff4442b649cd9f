package results

import (
	"io"
	"math"
	"time"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/verdict"
)

// VerifySchema names the format of the document of a verification.
const VerifySchema = "mcpload.verify/v1"

// A Verification is what a recorded history proves of a promise: of one bucket, or of
// laws of any kind. JSON writes it as a document (schema mcpload.verify/v1), Table for
// people.
type Verification struct {
	Verdict verdict.Verdict
	Bucket  *VerifiedBucket // nil where laws were held against the history
	Laws    *VerifiedLaws   // nil where a bucket was
}

// A VerifiedBucket is a history's judgement by one bucket.
type VerifiedBucket struct {
	Limit     profiles.Limit
	Judgement verdict.Judgement
	Jump      *verdict.Jump // one step of the clock that explains every answer; nil: none does
	Tick      time.Duration // a limiter's clock that moves in such steps explains every answer; 0: none does
	Cause     func() string // says what may have gone wrong, which takes a while; nil: nothing did
	Boxed     bool          // it was measured which rates and bursts explain the history
	Note      string        // what the verdict depends on that the history doesn't say; may be empty
	Claims    verdict.Claims
	Lines     []int // of the history, by call, where its headers were read
}

// Idle reports if the history broke nothing, and doesn't show the limit at work either:
// nothing in it was refused, or a limit of twice the burst and more would explain it too.
func (b *VerifiedBucket) Idle() bool {
	return b.Judgement.Verdict == verdict.Pass && b.Judgement.OverRejection.Burst > 2*float64(b.Limit.Burst)+1
}

// Document is what JSON writes.
func (v *Verification) Document() any {
	if v.Laws != nil {
		return v.Laws.document()
	}
	return v.Bucket.document(v.Verdict)
}

// JSON writes the document.
func (v *Verification) JSON(w io.Writer) error { return WriteJSON(w, v.Document()) }

// Table says it to a person.
func (v *Verification) Table(w io.Writer) error {
	text := ""
	if v.Laws != nil {
		text = v.Laws.text()
	} else {
		text = v.Bucket.text(v.Verdict)
	}
	_, err := io.WriteString(w, text)
	return err
}

// A VerifiedBucketDoc is the document of mcpload.verify/v1 of one bucket.
type (
	VerifiedBucketDoc struct {
		Schema        string            `json:"schema"`
		Verdict       verdict.Verdict   `json:"verdict"`
		Calls         int               `json:"calls"`
		Tolerance     float64           `json:"tolerance"`
		Clocks        *Clocks           `json:"clocks"`
		OverAdmission verifiedAdmission `json:"over_admission"`
		OverRejection verifiedRejection `json:"over_rejection"`
		Measured      *Measured         `json:"measured"`
		Jump          *verifiedJump     `json:"jump,omitempty"`    // one step of the clock that explains every answer
		TickNS        int64             `json:"tick_ns,omitempty"` // a limiter's clock in such steps explains every answer
		Headers       *headersSaid      `json:"headers,omitempty"` // none that say anything: not there
	}
	verifiedAdmission struct {
		Violated bool         `json:"violated"`
		BurstMin float64      `json:"burst_min"`
		Witness  *lineWitness `json:"witness"`
	}
	verifiedRejection struct {
		Violated bool         `json:"violated"`
		BurstMax *float64     `json:"burst_max"` // null where nothing was refused
		Witness  *lineWitness `json:"witness"`
	}
	verifiedJump struct {
		AfterLine  int   `json:"after_line"`
		BeforeLine int   `json:"before_line"`
		Seconds    Range `json:"seconds"` // negative: the clock was set back
		SilenceNS  int64 `json:"silence_ns,omitempty"`
	}
	lineWitness struct {
		FromNS   int64   `json:"from_ns"`
		ToNS     int64   `json:"to_ns"`
		Calls    []int   `json:"calls"`
		Admitted int     `json:"admitted"`
		Allowed  float64 `json:"allowed"`
	}
)

func linesOf(w *verdict.Witness) *lineWitness {
	if w == nil {
		return nil
	}
	return &lineWitness{FromNS: int64(w.From), ToNS: int64(w.To), Calls: w.Calls, Admitted: w.Admitted,
		Allowed: w.Allowed}
}

func jumpOf(j verdict.Jump) *verifiedJump {
	return &verifiedJump{j.After, j.Before, Range(j.By), int64(j.Silence)}
}

func (b *VerifiedBucket) document(said verdict.Verdict) VerifiedBucketDoc {
	j := b.Judgement
	doc := VerifiedBucketDoc{
		Schema: VerifySchema, Verdict: said, Calls: j.Calls, Tolerance: j.Tolerance,
		Clocks: ClocksOf(j.Clocks),
		OverAdmission: verifiedAdmission{j.OverAdmission.Violated, j.OverAdmission.Burst,
			linesOf(j.OverAdmission.Witness)},
		OverRejection: verifiedRejection{Violated: j.OverRejection.Violated, Witness: linesOf(j.OverRejection.Witness)},
		TickNS:        int64(b.Tick),
	}
	if !math.IsInf(j.OverRejection.Burst, 1) {
		doc.OverRejection.BurstMax = &j.OverRejection.Burst
	}
	if j.Measured != nil {
		doc.Measured = Box(*j.Measured)
	}
	if b.Jump != nil {
		doc.Jump = jumpOf(*b.Jump)
	}
	doc.Headers = saidIn(b.Claims, b.Lines)
	return doc
}
