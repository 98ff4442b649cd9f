package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/probe"
)

// tellProbe says a probe's report to a person.
func tellProbe(w io.Writer, j drive.Job, r probe.Report, target probeTarget) error {
	var s strings.Builder
	line := func(name, format string, args ...any) {
		text := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "\n"+strings.Repeat(" ", 16))
		fmt.Fprintf(&s, "  %-13s %s\n", name, text)
	}
	fmt.Fprintf(&s, "%s: %s\n", j.Profile.Name, probeHeadline(r))
	probed := fmt.Sprintf("%s over %s, protocol %s", j.CallWords(), target.Transport, target.Protocol)
	if target.Label != "" {
		probed += ", " + target.Label
	}
	line("probed", "%s", probed)
	if j.Call.Chosen {
		line("", "%s", j.Call.Why)
	}
	line("spent", "%d of %d calls, %s of %s: %d admitted, %d refused for their rate, %d failed", r.Sent, r.Budget.Calls,
		r.Elapsed.Round(100*time.Millisecond), short(r.Budget.Time), r.Admitted, r.Limited, r.Failed)
	if r.Box != nil {
		box := results.Box(*r.Box)
		line("rate", "%s tokens a second", box.Rate)
		line("burst", "%s tokens", box.Burst)
		if or := box.Or; or != nil {
			line("", "or else a faster one: rate %s, burst %s", or.Rate, or.Burst)
		}
		line("", "given clocks within %s", r.Clocks)
	}
	if r.Untold { // nothing can be told of it
	} else if len(r.Models) != 1 || r.Box == nil {
		line("limiter", "%s", probe.DescribeModels(r.Models))
	} else {
		kind := probe.KindOf(r.Models[0])
		if r.Result == probe.Unfinished {
			kind = "not certain yet: so far a " + kind + " explains every answer"
		}
		line("limiter", "%s", kind)
	}
	for _, apart := range r.Apart {
		line("", "to tell them apart: %s", apart)
	}
	if r.Refused {
		tellValue(line, "scope", r.Scope, map[string]string{})
		tellValue(line, "new session", r.Evasion, map[string]string{
			"yes": "evades the limit", "no": "does not evade the limit", "resets": "gives everybody a full limit again"})
		tellCosts(line, r.Costs)
		tellSignal(line, r.Signal)
	}
	for _, n := range r.Notes {
		line("note", "%s", n)
	}
	_, err := io.WriteString(w, s.String())
	return err
}

// probeHeadline is what was found, in a sentence.
func probeHeadline(r probe.Report) string {
	if r.Untold {
		return fmt.Sprintf("none of %d calls of %s was refused, but tool calls, which most limits are about, were not tried", r.Admitted, r.Load.Method)
	}
	switch r.Result {
	case probe.NoLimit:
		s := fmt.Sprintf("no limit up to %d calls at once", r.Open.AtOnce)
		if r.Open.Rate > 0 {
			s += fmt.Sprintf(" and %.0f/s for %s", r.Open.Rate, r.Open.Stretch.Round(100*time.Millisecond))
		}
		return s + ", of calls that get a result"
	case probe.Measured:
		return fmt.Sprintf("%s, measured to 1 %% and half a token", r.Box)
	case probe.OtherModel:
		if r.Models[0].Name == probe.ModelCostly {
			return "a " + probe.ModelCostly
		}
		return "no token bucket, but a " + r.Models[0].String()
	}
	if r.Box == nil && len(r.Models) == 1 {
		return fmt.Sprintf("so far a %s explains every answer, but the budget ran out before that was put to the test", r.Models[0])
	}
	if r.Box != nil && r.Sent >= r.Budget.Calls*9/10 || r.Elapsed >= r.Budget.Time*9/10 {
		return "the budget ran out before the limit was certain"
	}
	if r.Refused {
		return "there is a limit, and what it is remains open"
	}
	return "nothing was found out"
}

type liner func(name, format string, args ...any)

// tellValue says an answer and what it rests on.
func tellValue(line liner, name string, v probe.Value, words map[string]string) {
	answer := v.Answer
	if w, ok := words[answer]; ok {
		answer = w
	}
	if answer == "" {
		answer = "unknown"
		if v.Evidence == "" {
			v.Evidence = "the budget did not reach that far"
		}
	}
	line(name, "%s: %s", answer, v.Evidence)
}

// tellCosts has a line a kind of request.
func tellCosts(line liner, costs []probe.Cost) {
	name := "costs"
	for _, c := range costs {
		words := "unknown"
		if n, ok := c.Known(); ok {
			words = fmt.Sprintf("%d token%s", n, map[bool]string{true: "", false: "s"}[n == 1])
		} else if c.Absent {
			words = "-"
		} else if len(c.Tokens) > 0 {
			words = "can't tell: " + strings.Trim(strings.Join(strings.Fields(fmt.Sprint(c.Tokens)), " or "), "[]")
		}
		if c.Evidence == "" {
			c.Evidence = "the budget did not reach that far"
		}
		line(name, "%-29s %-10s %s", c.Kind, words, c.Evidence)
		name = ""
	}
}

// tellSignal says how refusals look.
func tellSignal(line liner, g probe.Signal) {
	if g.Refusals == 0 {
		return
	}
	var looks []string
	for _, t := range g.Statuses {
		if t.Number != 0 {
			looks = append(looks, fmt.Sprintf("HTTP %d (%d of %d)", t.Number, t.Count, g.Refusals))
		}
	}
	for _, t := range g.Codes {
		if t.Number != 0 {
			looks = append(looks, fmt.Sprintf("JSON-RPC error %d (%d of %d)", t.Number, t.Count, g.Refusals))
		} else {
			looks = append(looks, fmt.Sprintf("no error code (%d of %d)", t.Count, g.Refusals))
		}
	}
	for _, m := range g.Media {
		name := m.Name
		if name == "" {
			name = "no Content-Type"
		}
		looks = append(looks, fmt.Sprintf("%s (%d of %d)", name, m.Count, g.Refusals))
	}
	line("refusals", "%s: %q", strings.Join(looks, ", "), g.Words)
	line("code", "%s: %s", map[bool]string{true: "allowed", false: "not allowed"}[g.Legal], g.Legality)
	if g.Misanswered == 0 {
		line("id", "echoed in every answer")
	} else {
		line("id", "%d answers carried another id, or came twice", g.Misanswered)
	}
	tellValue(line, "retry-after", g.RetryAfter, nil)
	line("latency", "median %s of %d refusals, %s of %d admissions", g.Took.Limited.Round(10*time.Microsecond), g.Took.Refusal,
		g.Took.Admitted.Round(10*time.Microsecond), g.Took.Admissions)
}
