package drive

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results"
	scenariodrive "github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/load"
	"github.com/mcpload/mcpload/verdict"
)

// sustained is the share of what was due that must get a result for a rate to
// count as sustained, whatever the thresholds say.
const sustained = 0.99

// search looks for the highest rate that whole runs sustain.
func (j *Job) search(ctx context.Context, process *wire.Process, o scenariodrive.Observer,
	drain <-chan struct{}) (Report, error) {
	s := load.NewSearch(j.Find.First, j.Find.Precision)
	var best, last *run
	for {
		rate, phase, ok := s.Next()
		if !ok {
			break
		}
		if last != nil && !restBetween(ctx, drain, j.Find.CoolDown) {
			s.Stop("interrupted")
			break
		}
		trial := *j
		trial.Shape = oneRate(rate)
		r, err := trial.once(ctx, process, o, drain)
		if err != nil {
			return Report{}, err
		}
		last = r
		if r.stopped != "" && !r.gone {
			s.Stop("interrupted")
			break
		}
		t, answer := r.answer()
		j.tell(o, scenariodrive.Event{Say: fmt.Sprintf("%s at %s: %s%s", phase, words.PerSecond(rate), answer,
			bracketed(t.Why))})
		s.Add(t, answer)
		if answer == load.Kept {
			best = r
		}
		if r.lacked.count() > 0 {
			s.Stop(fmt.Sprintf("at %s %s", words.PerSecond(rate), t.Why))
			break
		}
		if r.gone {
			s.Stop(fmt.Sprintf("at %s %s", words.PerSecond(rate), r.stopped))
			break
		}
	}
	if best == nil {
		best = last
	}
	if best == nil {
		return Report{}, errors.New("interrupted before the first trial")
	}
	return best.found(s)
}

func bracketed(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// oneRate is the shape of one rate.
func oneRate(rate float64) load.Shape {
	text := strconv.FormatFloat(rate, 'f', 3, 64) + "/s"
	s, err := load.ParseShape(text)
	if err != nil {
		panic("internal error: " + err.Error()) // a rate above 0
	}
	return s
}

// restBetween lets the server come to rest between two trials. False if that was cut
// short.
func restBetween(ctx context.Context, drain <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-drain:
	case <-ctx.Done():
	}
	return false
}

// answer is what a trial says of its rate.
func (r *run) answer() (results.LoadTrial, load.Answer) {
	total := r.metrics.Total("")
	waited := total.Waited().Quantiles()
	t := results.LoadTrial{P50: waited.P50, P99: waited.P99, Errors: total.Errors(),
		Achieved: float64(total.Of(history.OK)) / r.seconds()}
	g := r.generator(results.LoadGenerator{})
	switch {
	case r.lacked.count() > 0:
		t.Why = g.Limited
		return t, load.Generator
	case r.gone:
		t.Why = r.stopped
		return t, load.Broken
	case total.Sent() > 0 && total.Of(history.Limited) == total.Sent():
		t.Refused, t.Why = true, "every call was refused"
		return t, load.Broken
	}
	account := r.account(&results.Load{Seconds: r.seconds(), Generator: g, Setting: r.setting()})
	for _, f := range account.Demands() {
		if f.Verdict == verdict.Pass {
			continue
		}
		t.Why = f.Want + ": " + f.Saw
		if f.Verdict == verdict.Inconclusive && (g.Limited != "" || r.machine.longestStall() > 0) {
			return t, load.Generator
		}
		return t, load.Broken
	}
	due := total.Sent() + total.Of(history.Unsent)
	if due == 0 || float64(total.Of(history.OK)) < sustained*float64(due) {
		t.Why = fmt.Sprintf("only %d of %d calls got a result", total.Of(history.OK), due)
		if account.Spared() {
			t.Why += "; " + g.Limited
			return t, load.Generator
		}
		return t, load.Broken
	}
	return t, load.Kept
}

// found is the report of a search: that of its best run, with the search.
func (r *run) found(s *load.Search) (Report, error) {
	out, err := r.report()
	if err != nil {
		return out, err
	}
	c := s.Result()
	sc := &out.Server.Scenarios[0]
	sc.Load.Capacity = &c
	question := r.account(sc.Load).Question()
	sc.Findings = results.Findings(verdict.Judge(verdict.Setting{Questions: []verdict.Question{question}}, nil))
	out.NoData = ""
	return out, nil
}
