package scenarios

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/verdict"
	"github.com/mcpload/mcpload/virtual"
)

func explore(lim profiles.Limit, fault string, mean time.Duration, seed uint64) (*verdict.Court, []history.Call) {
	p := profiles.Profile{Name: "x", Limit: lim, Call: profiles.LoadCall{Method: "tools/call", Tool: "ping"}}
	clock := virtual.NewClock()
	limiter, err := mock.NewLimiter(lim, fault, mock.ChargeAll, seed)
	if err != nil {
		panic(err)
	}
	srv := &virtual.Server{Clock: clock, There: virtual.Exp(mean), Back: virtual.Exp(mean), Rand: rand.New(rand.NewPCG(seed, 1)),
		Decide: func(at time.Duration, a history.Arrival) virtual.Reply {
			an := limiter.Decide(mock.Request{At: at, Client: a.Client, Conn: a.Client, Method: a.Method, Tool: a.Tool})
			switch {
			case an.Dead:
				return virtual.Reply{Outcome: history.Broken, Detail: "connection refused"}
			case an.Mute:
				return virtual.Reply{Lost: true}
			case an.WrongID:
				return virtual.Reply{Outcome: history.Broken, Detail: "wrong id"}
			case an.Duplicate:
				return virtual.Reply{Outcome: history.Broken, Detail: "two replies"}
			case an.AsSuccess:
				return virtual.Reply{Outcome: history.OK}
			case an.Limited:
				return virtual.Reply{Outcome: history.Limited, RetryAfter: an.RetryAfter}
			}
			return virtual.Reply{Outcome: history.OK}
		}}
	calls, err := runner.Run(context.Background(), clock, srv, Plan(p, Catalogue(), Setting{Clients: []string{"c1", "c2"}, Seed: seed}), runner.Config{GiveUp: 25})
	if err != nil && err != runner.ErrGone {
		panic(err)
	}
	return verdict.NewCourt(p, calls, verdict.Config{}), calls
}

func TestExplore(t *testing.T) {
	lim := profiles.Limit{Rate: 12, Burst: 16, Scope: profiles.Global, Charges: []string{"*"}}
	for _, f := range append([]string{""}, mock.FaultNames()...) {
		caught := 0
		first := ""
		for seed := range uint64(20) {
			court, _ := explore(lim, f, 2*time.Millisecond, seed)
			failed := false
			for _, s := range Catalogue() {
				tr := court.Trial(s.Name)
				for _, c := range s.Checks {
					fi := c.Judge(tr)
					if fi.Verdict == verdict.Fail {
						if !failed {
							first = s.Name + " " + fi.Check + ": " + fi.Saw + " | " + fi.Cause
						}
						failed = true
					}
				}
			}
			if failed {
				caught++
			}
		}
		fa, _ := mock.FaultNamed(f)
		fmt.Printf("%-20s %2d/20 det=%v cause=%q  %s\n", f, caught, fa.Detectable, fa.Cause, first)
	}
}
