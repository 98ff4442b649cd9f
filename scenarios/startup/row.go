package startup

import (
	"slices"
	"strings"

	"github.com/mcpload/mcpload/verdict"
)

// Scenario is the name of the start-up scenario.
const Scenario = "startup"

// String returns the expectation's name in result documents.
func (e Expectation) String() string {
	switch e {
	case Refuse:
		return "refuse"
	case Serve:
		return "serve"
	}
	return "either"
}

// A Row is one start in few words: a line of the matrix in a report. Its
// fields are those of a result document.
type Row struct {
	Case     string
	Env      string
	Format   string // which of the provider's formats, where the case has several
	Expected string
	Did      string   // "served", "refused", "hung" or "not made"
	Exit     string   // how it ended
	AfterMS  float64  // until it answered, ended or was given up
	Says     []string // what a refusal says: "variable", "format", "traceback"
	Message  string   // its most telling line, veiled
	Leaked   []string // where a credential showed: "output", "reply", "log", "command line"
	Verdict  verdict.Verdict
}

// Rows returns a row a start, in the order of the plan.
func (t *Trial) Rows() []Row {
	var rows []Row
	for _, s := range t.Starts {
		r := Row{Case: s.Case.Name, Env: s.Env, Format: s.Format, Expected: s.Expect.String(), Did: "not made"}
		if o := s.Seen; o != nil && o.Started {
			t.fill(&r, s, o)
		}
		rows = append(rows, r)
	}
	return rows
}

// fill says what was seen of a start.
func (t *Trial) fill(r *Row, s Start, o *Observation) {
	ended := o.Ran
	switch {
	case o.Answered:
		r.Did, ended = "served", o.AnswerAt
	case o.Exited:
		r.Did, ended = "refused", o.ExitAt
	default:
		r.Did = "hung"
	}
	r.AfterMS = float64(ended) / 1e6
	if o.Exited || o.Answered {
		r.Exit = o.Ended
	}
	if said := o.said(); r.Did == "refused" {
		r.Message = quote(excerpt(said, s.Env), t.secrets())
		if s.Env != "" && s.named(said) {
			r.Says = append(r.Says, "variable")
		}
		if namesFormat(said, s.Telling) {
			r.Says = append(r.Says, "format")
		}
		if _, ok := traceback(said); ok {
			r.Says = append(r.Says, "traceback")
		}
	}
	for _, place := range []struct {
		name   string
		places func(*Trial, *Observation) []source
	}{{"output", inOutput}, {"reply", inReplies}, {"log", inLogs}, {"command line", inCommands}} {
		if slices.ContainsFunc(place.places(t, o), func(p source) bool { return t.shows(s, p, place.places) != "" }) {
			r.Leaked = append(r.Leaked, place.name)
		}
	}
	r.Verdict = t.verdictOn(s, r)
}

// verdictOn is what a start proves by itself. A refusal proves something only
// where the controls served.
func (t *Trial) verdictOn(s Start, r *Row) verdict.Verdict {
	wrong := s.Expect == Refuse && r.Did == "served" || r.Did == "refused" && s.Expect == Refuse && s.Seen.Code == 0
	switch {
	case len(r.Leaked) > 0, wrong && s.Doubt == "":
		return verdict.Fail
	case s.Doubt != "" || !t.served():
		return verdict.Inconclusive
	case s.Expect == Refuse && (r.Did == "hung" || s.Seen.ExitAt > t.Limit):
		if 2*t.slowest() > t.Limit {
			return verdict.Inconclusive
		}
		return verdict.Fail
	case s.Expect == Refuse && !t.explains(r):
		return verdict.Fail
	}
	return verdict.Pass
}

// explains reports if a refusal's message has all that it should, and nothing
// that it shouldn't.
func (t *Trial) explains(r *Row) bool {
	return slices.Contains(r.Says, "variable") && slices.Contains(r.Says, "format") &&
		!slices.Contains(r.Says, "traceback")
}

// About names a start: "absent OPENAI_API_KEY".
func (s Start) About() string {
	about := strings.TrimSpace(s.Case.Name + " " + s.Env)
	if s.Format != "" {
		about += " (" + s.Format + ")"
	}
	return about
}
