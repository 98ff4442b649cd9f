package results

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/verdict"
)

// VerifiedLaws are a history's judgement by laws.
type VerifiedLaws struct {
	Judgement verdict.LawJudgement
	Lines     []int // of the history, by call
	Clocks    verdict.Clocks
	Tolerance float64 // in tokens, of buckets
	Claims    verdict.Claims
	Jump      *verdict.Jump // one step of the clock that explains every answer, by calls; nil: none does
	Tick      time.Duration // a limiter's clock that moves in such steps explains every answer; 0: none does
	Note      string        // what the verdict depends on that the history doesn't say; may be empty
}

// text says the judgement to a person.
func (l *VerifiedLaws) text() string {
	headline := map[verdict.Verdict]string{
		verdict.Pass:         "an honest server can have produced this history, and each law was seen at work",
		verdict.Fail:         "no server that keeps these laws can have produced this history",
		verdict.Inconclusive: "an honest server can have produced this history, which doesn't show every law at work",
	}
	if l.Note != "" {
		headline[verdict.Inconclusive] = l.Note
	}
	said := l.Judgement.Verdict
	clock, more := clockWords(l.jump(), l.Tick)
	if clock != "" {
		said = verdict.Inconclusive
		headline[said] = "as it stands no server that keeps these laws can have produced this history, but " + clock
	}
	if len(l.Lines) == 0 {
		headline[verdict.Inconclusive] = "there is nothing to judge: the history has no call"
	}
	var s strings.Builder
	line := func(name, text string) { fmt.Fprintf(&s, "  %-9s %s\n", name, text) }
	fmt.Fprintf(&s, "%s: %s\n", said, headline[said])
	line("judged", fmt.Sprintf("%s against %s", words.Count(len(l.Lines), "call"),
		words.Count(len(l.Judgement.Laws), "law")))
	line("", "given clocks within "+l.Clocks.String())
	if l.Note != "" && said != verdict.Inconclusive {
		line("", l.Note)
	}
	if clock != "" {
		line("clock", more)
	}
	for i, f := range l.Judgement.Laws {
		line(fmt.Sprintf("law %d", i+1), fmt.Sprintf("%s: %s", f.Law, f.State))
		for _, text := range l.told(f) {
			line("", text)
		}
	}
	for i, u := range l.Judgement.Unexplained {
		if i == maxUnexplained {
			line("", fmt.Sprintf("and %d more", len(l.Judgement.Unexplained)-i))
			break
		}
		line("refusal", fmt.Sprintf("line %d was refused, and no law can have refused it:", l.Lines[u.Call-1]))
		for _, room := range u.Room {
			line("", room)
		}
	}
	toldClaims(line, l.Claims, l.Lines)
	return s.String()
}

// toldClaims says what headers say.
func toldClaims(line func(name, text string), claims verdict.Claims, lines []int) {
	if said := saidIn(claims, lines); said != nil {
		if line("headers", said.Saw); said.Contradicted != nil {
			line("", "lines "+lineNumbers(said.Contradicted))
		}
	}
}

// saidIn is what the headers of a history say; nil where there are none.
func saidIn(claims verdict.Claims, lines []int) *headersSaid {
	text := claims.Words(false)
	if text == "" {
		return nil
	}
	said := &headersSaid{Sent: claims.Headers, Saw: text}
	if said.Sent == nil {
		said.Sent = []string{}
	}
	if claims.Lie != nil {
		for _, c := range claims.Lie.Witness.Calls {
			said.Contradicted = append(said.Contradicted, lines[c-1])
		}
	}
	return said
}

// jump is the jump of the clock, by lines of the history.
func (l *VerifiedLaws) jump() *verdict.Jump {
	if l.Jump == nil {
		return nil
	}
	j := *l.Jump
	j.After, j.Before = l.Lines[j.After-1], l.Lines[j.Before-1]
	return &j
}

// maxUnexplained is how many refusals are told one by one.
const maxUnexplained = 5

// told is what there is to say of one law.
func (l *VerifiedLaws) told(f verdict.LawFinding) []string {
	var out []string
	switch {
	case f.State == verdict.Broken:
		w := f.Witness
		out = append(out, fmt.Sprintf("%s: %s let through within %s, where %g are granted", whose(f.Key),
			words.Count(w.Admitted, "unit"),
			(w.To-w.From).Round(time.Microsecond), w.Allowed), "lines "+lineNumbers(l.numbers(w.Calls)))
	case f.State == verdict.NotObserved && f.Refused == 0:
		out = append(out, "no call was refused that only this law can have refused")
	case f.State == verdict.NotObserved:
		out = append(out, fmt.Sprintf("%s that only it can have refused leave room for %g",
			words.Count(f.Refused, "call"), f.Units.Hi))
	}
	if f.InBeats {
		out = append(out, verdict.BeatWords(f.Law.Rate, f.Law.N))
	}
	if f.State != verdict.Broken && (f.Units.Lo > 0 || !math.IsInf(f.Units.Hi, 1)) {
		out = append(out, "what the history leaves of its number: "+f.Units.String())
	}
	return out
}

func whose(key string) string {
	if key == "" {
		return "everybody"
	}
	return key
}

// numbers are the lines of calls.
func (l *VerifiedLaws) numbers(calls []int) []int {
	out := make([]int, len(calls))
	for i, c := range calls {
		out[i] = l.Lines[c-1]
	}
	return out
}

// A VerifiedLawsDoc is the document mcpload.verify/v1 with laws in place of one bucket's bounds.
type (
	VerifiedLawsDoc struct {
		Schema      string               `json:"schema"`
		Verdict     verdict.Verdict      `json:"verdict"`
		Calls       int                  `json:"calls"`
		Tolerance   float64              `json:"tolerance"`
		Clocks      *Clocks              `json:"clocks"`
		Laws        []Law                `json:"laws"`
		Unexplained []unexplainedRefusal `json:"unexplained"`
		Jump        *verifiedJump        `json:"jump,omitempty"`    // one step of the clock that explains every answer
		TickNS      int64                `json:"tick_ns,omitempty"` // a limiter's clock in such steps explains every answer
		Headers     *headersSaid         `json:"headers,omitempty"` // none that say what is left: not there
	}
	headersSaid struct {
		Sent []string `json:"sent"` // by name
		Saw  string   `json:"saw"`
		// the lines of a reply and of a refused call that it said is let in
		Contradicted []int `json:"contradicted,omitempty"`
	}
	unexplainedRefusal struct {
		Call int      `json:"call"`
		Room []string `json:"room"`
	}
)

func (l *VerifiedLaws) document() VerifiedLawsDoc {
	d := VerifiedLawsDoc{Schema: VerifySchema, Verdict: l.Judgement.Verdict, Calls: len(l.Lines),
		Tolerance: l.Tolerance,
		Clocks:    ClocksOf(l.Clocks), Laws: []Law{}, Unexplained: []unexplainedRefusal{}}
	if j := l.jump(); j != nil {
		d.Verdict, d.Jump = verdict.Inconclusive, jumpOf(*j)
	}
	if d.TickNS = int64(l.Tick); d.TickNS > 0 {
		d.Verdict = verdict.Inconclusive
	}
	for _, f := range l.Judgement.Laws {
		j := LawOf(f)
		if j.Witness != nil {
			j.Witness.Calls = l.numbers(f.Witness.Calls)
		}
		d.Laws = append(d.Laws, j)
	}
	d.Headers = saidIn(l.Claims, l.Lines)
	for _, u := range l.Judgement.Unexplained {
		d.Unexplained = append(d.Unexplained, unexplainedRefusal{Call: l.Lines[u.Call-1], Room: u.Room})
	}
	return d
}
