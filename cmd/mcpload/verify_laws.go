package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// parsePromise reads the laws that --promise gives, one a flag.
func parsePromise(texts []string) (promise.Promise, error) {
	var p promise.Promise
	for _, text := range texts {
		l, err := promise.Parse(text)
		if err != nil {
			var bad *promise.SyntaxError
			if errors.As(err, &bad) {
				return nil, hint.New(fmt.Errorf("--promise %s", bad.Problem), bad.Want)
			}
			return nil, err
		}
		p = append(p, l)
	}
	return p, p.Validate()
}

// verifyLaws holds a history against laws of any kind.
func (a *app) verifyLaws(f *verifyFlags, clocks verdict.Clocks, in io.Reader) error {
	p, err := parsePromise(f.promise)
	if err != nil {
		return err
	}
	var calls []history.Call
	var lines []int
	err = history.NewReader(in).Each(func(line int, c *history.Call) error {
		calls, lines = append(calls, *c), append(lines, line)
		if len(calls) > f.most {
			return hint.New(fmt.Errorf("line %d is more than %d calls", line, f.most), "--max-calls lets verify judge more")
		}
		return nil
	})
	if err != nil {
		return unreadable(err)
	}
	j := verdict.JudgeLaws(p, calls, verdict.LawConfig{Clocks: clocks, Tolerance: f.tolerance})
	if len(calls) == 0 {
		j.Verdict = verdict.Inconclusive
	}
	a.status = statusOf(j.Verdict)
	l := lawTable{judgement: j, lines: lines, calls: len(calls), clocks: clocks}
	if f.format == "json" {
		return printJSON(a.stdout, l.document(f.tolerance))
	}
	_, err = io.WriteString(a.stdout, l.String())
	return err
}

// A lawTable is a judgement of laws as it is printed.
type lawTable struct {
	judgement verdict.LawJudgement
	lines     []int // of the history file, by call
	calls     int
	clocks    verdict.Clocks
}

// String says the judgement to a person.
func (l lawTable) String() string {
	headline := map[verdict.Verdict]string{
		verdict.Pass:         "an honest server can have produced this history, and each law was seen at work",
		verdict.Fail:         "no server that keeps these laws can have produced this history",
		verdict.Inconclusive: "an honest server can have produced this history, which doesn't show every law at work",
	}
	if l.calls == 0 {
		headline[verdict.Inconclusive] = "there is nothing to judge: the history has no call"
	}
	var s strings.Builder
	line := func(name, text string) { fmt.Fprintf(&s, "  %-9s %s\n", name, text) }
	fmt.Fprintf(&s, "%s: %s\n", l.judgement.Verdict, headline[l.judgement.Verdict])
	line("judged", fmt.Sprintf("%s against %s", words.Count(l.calls, "call"), words.Count(len(l.judgement.Laws), "law")))
	line("", "given clocks within "+l.clocks.String())
	for i, f := range l.judgement.Laws {
		line(fmt.Sprintf("law %d", i+1), fmt.Sprintf("%s: %s", f.Law, f.State))
		for _, text := range l.told(f) {
			line("", text)
		}
	}
	for i, u := range l.judgement.Unexplained {
		if i == maxUnexplained {
			line("", fmt.Sprintf("and %d more", len(l.judgement.Unexplained)-i))
			break
		}
		line("refusal", fmt.Sprintf("line %d was refused, and no law can have refused it:", l.lines[u.Call-1]))
		for _, room := range u.Room {
			line("", room)
		}
	}
	return s.String()
}

// maxUnexplained is how many refusals are told one by one.
const maxUnexplained = 5

// told is what there is to say of one law.
func (l lawTable) told(f verdict.LawFinding) []string {
	var out []string
	switch {
	case f.State == verdict.Broken:
		w := f.Witness
		out = append(out, fmt.Sprintf("%s: %s let through within %s, where %g are granted", who(f.Key), words.Count(w.Admitted, "unit"),
			(w.To-w.From).Round(time.Microsecond), w.Allowed), "lines "+lineNumbers(l.numbers(w.Calls)))
	case f.State == verdict.NotObserved && f.Refused == 0:
		out = append(out, "no call was refused that only this law can have refused")
	case f.State == verdict.NotObserved:
		out = append(out, fmt.Sprintf("%s that only it can have refused leave room for %g", words.Count(f.Refused, "call"), f.Units.Hi))
	}
	if f.State != verdict.Broken && (f.Units.Lo > 0 || !math.IsInf(f.Units.Hi, 1)) {
		out = append(out, "what the history leaves of its number: "+f.Units.String())
	}
	return out
}

func who(key string) string {
	if key == "" {
		return "everybody"
	}
	return key
}

// numbers are the lines of calls.
func (l lawTable) numbers(calls []int) []int {
	out := make([]int, len(calls))
	for i, c := range calls {
		out[i] = l.lines[c-1]
	}
	return out
}

// The document of laws: mcpload.verify/v1 with laws in place of one bucket's bounds.
type (
	lawsJSON struct {
		Schema      string            `json:"schema"`
		Verdict     verdict.Verdict   `json:"verdict"`
		Calls       int               `json:"calls"`
		Tolerance   float64           `json:"tolerance"`
		Clocks      *results.Clocks   `json:"clocks"`
		Laws        []results.Law     `json:"laws"`
		Unexplained []unexplainedJSON `json:"unexplained"`
	}
	unexplainedJSON struct {
		Call int      `json:"call"`
		Room []string `json:"room"`
	}
)

func (l lawTable) document(tolerance float64) lawsJSON {
	d := lawsJSON{Schema: verifySchema, Verdict: l.judgement.Verdict, Calls: l.calls, Tolerance: tolerance,
		Clocks: results.ClocksOf(l.clocks), Laws: []results.Law{}, Unexplained: []unexplainedJSON{}}
	for _, f := range l.judgement.Laws {
		j := results.LawOf(f)
		if j.Witness != nil {
			j.Witness.Calls = l.numbers(f.Witness.Calls)
		}
		d.Laws = append(d.Laws, j)
	}
	for _, u := range l.judgement.Unexplained {
		d.Unexplained = append(d.Unexplained, unexplainedJSON{Call: l.lines[u.Call-1], Room: u.Room})
	}
	return d
}
