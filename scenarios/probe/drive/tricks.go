package drive

import (
	"context"
	"strings"
	"time"

	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/audit"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/probe"
	"github.com/mcpload/mcpload/verdict"
)

// Evading are the attempts of an audit that say who shares a limit and what evades it:
// those that take a minute together. The others ask how long a limit holds.
var Evading = []string{"affinity", "batch", "variety", "disguise", "forgery", "revision"}

// TricksTime is how long the attempts may take, beside the probe's own budget.
const TricksTime = 5 * time.Minute

// tricks makes the attempts on what a probe found, as a run that was promised it does.
// That needs a bucket: the attempts are judged by its arithmetic.
func (j *Job) tricks(ctx context.Context, r *probe.Report, o drive.Observer,
	drain <-chan struct{}) []results.ProbedTrick {
	names := j.Tricks.Names
	if len(names) == 0 {
		names = Evading
	}
	left := func(why string) (list []results.ProbedTrick) {
		for _, name := range names {
			list = append(list, results.ProbedTrick{Attempt: name, Evidence: "not tried: " + why})
		}
		return list
	}
	switch {
	case !r.Refused:
		return left("nothing was refused")
	case r.Result != probe.Measured || r.Box == nil:
		return left("that needs a token bucket that is certain")
	case ctx.Err() != nil || runner.Closed(drain):
		return left("the probe was interrupted")
	}
	one := j.Job
	one.Profile.Promise, one.Profile.Promised = nil, ""
	one.Profile.Limit = found(j.Profile.Limit, *r)
	one.Scenarios, one.Laws = nil, nil
	a := *j.Tricks
	a.Names = names
	if a.Budget == (audit.Budget{}) {
		a.Budget.Time = TricksTime
	}
	one.Audit, one.FailFast = &a, false
	if one.Live != nil {
		one.Live = one.Live.Afresh()
	}
	outcome := one.Run(ctx, o, drain)
	r.Calls = append(r.Calls, outcome.Calls...)
	if why := outcome.Server.Error; why != "" {
		return left(why)
	}
	return told(names, &outcome.Server)
}

// found is the limit that was found, as a promise of one bucket.
func found(like profiles.Limit, r probe.Report) profiles.Limit {
	like.Rate, like.Burst = probe.RoundRate(r.Box.Rate), probe.RoundBurst(r.Box.Burst)
	like.Scope, like.Presumed, like.Inherited, like.Tier = profiles.Global, false, "", ""
	switch r.Scope.Answer {
	case probe.PerSession, probe.PerConnection:
		like.Scope, like.Key = profiles.Client, profiles.SessionKey
	case probe.PerIdentity:
		like.Scope, like.Key = profiles.Client, profiles.CredentialKey
	}
	like.Charges, like.MayCharge, like.Free = []string{r.Load.Method}, []string{"*"}, nil
	return like
}

// told is what came of each attempt, the ones that weren't made among them.
func told(names []string, s *results.Server) (list []results.ProbedTrick) {
	for _, name := range names {
		one := results.ProbedTrick{Attempt: name}
		for _, sc := range s.Scenarios {
			if sc.Scenario != name {
				continue
			}
			one.Calls = sc.Calls.Sent
			for _, f := range sc.Findings {
				if f.Check != verdict.Tricks.ID {
					continue
				}
				one.Evidence = f.Saw
				if f.Verdict != verdict.Inconclusive {
					evades := f.Verdict == verdict.Fail
					one.Evades = &evades
				}
			}
		}
		for _, note := range s.Notes {
			if one.Evidence == "" && strings.HasPrefix(note, "not tried: "+name) {
				one.Evidence = "not tried: " + strings.TrimPrefix(note, "not tried: "+name+": ")
			}
		}
		if one.Evidence == "" {
			one.Evidence = "not tried"
		}
		list = append(list, one)
	}
	return list
}
