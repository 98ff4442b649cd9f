package scenarios_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/ratelimit"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/verdict"
)

// A server is what one virtual run is made against.
type server struct {
	fault    string
	charging mock.Charging
	delay    virtual.Delay
	refusing time.Duration // how much longer a refusal takes
	seed     uint64

	lots      uint64               // the stream that a cast's delays are drawn from
	disguises []scenarios.Disguise // that a cast comes back in; nil: all
}

// against is the server in virtual time. Its refusals say when to retry,
// and its delays are drawn by lots.
func (s server) against(t *testing.T, clock *virtual.Clock, p profiles.Profile, identity string,
	lots uint64) *virtual.Server {
	t.Helper()
	c := mock.Config{Profile: p, Fault: s.fault, Charge: s.charging, Seed: s.seed, Shape: ratelimit.HTTP429,
		IdentityHeader: identity}
	target, err := drive.VirtualServer(clock, c, s.delay, rand.New(rand.NewPCG(s.seed, lots)))
	require.NoError(t, err)
	target.Timeout = 10 * time.Second
	return target
}

// try runs every scenario in virtual time and returns the worst verdict of
// each check.
func try(t *testing.T, p profiles.Profile, s server) map[string]verdict.Finding {
	t.Helper()
	clock := virtual.NewClock()
	target := s.against(t, clock, p, "", 1)
	decide, limited := target.Decide, false
	target.Decide = func(at time.Duration, a history.Arrival) virtual.Reply {
		r := decide(at, a)
		limited = r.Outcome == history.Limited
		return r
	}
	target.Back = func(r *rand.Rand) time.Duration {
		if limited {
			return s.refusing + s.delay(r)
		}
		return s.delay(r)
	}
	set := two
	set.Seed, set.Varied = s.seed, true
	calls, err := runner.Run(t.Context(), clock, target, scenarios.Plan(p, scenarios.Catalogue(), set),
		runner.Config{GiveUp: 25})
	if err != nil && !errors.Is(err, runner.ErrGone) {
		require.NoError(t, err)
	}
	court := verdict.NewCourt(p.Terms(), calls, verdict.Config{Steady: true})
	worst := map[string]verdict.Finding{}
	for _, sc := range scenarios.Catalogue() {
		trial := court.Trial(sc.Name)
		for _, c := range sc.Checks {
			f := c.Judge(trial)
			require.Equal(t, c.ID, f.Check)
			require.NotEmpty(t, f.Want)
			require.NotEmpty(t, f.Saw)
			if old, ok := worst[c.ID]; !ok || verdict.Worst(old.Verdict, f.Verdict) != old.Verdict {
				worst[c.ID] = f
			}
		}
	}
	return worst
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func failed(findings map[string]verdict.Finding) []string {
	var ids []string
	for id, f := range findings {
		if f.Verdict == verdict.Fail {
			ids = append(ids, id)
		}
	}
	return ids
}

var limits = []struct {
	rate  float64
	burst int
}{{12, 16}, {15, 40}, {5, 15}}

// Soundness of the whole line: an honest server is never failed, and at
// millisecond delays always passes.
func TestTheHonestMockPasses(t *testing.T) {
	for seed := range uint64(60) {
		l := limits[seed%3]
		p := promise(l.rate, l.burst)
		mean := []time.Duration{time.Millisecond, 5 * time.Millisecond, 100 * time.Millisecond, 2 * time.Second}[seed%4]
		charging := mock.Chargings()[seed%2]
		findings := try(t, p, server{charging: charging, delay: virtual.Exp(mean), seed: seed})
		require.Empty(t, failed(findings), "seed %d: %v", seed, findings)
		if mean <= 5*time.Millisecond {
			for id, f := range findings {
				require.Equal(t, verdict.Pass, f.Verdict, "seed %d, %s: %s", seed, id, f.Saw)
			}
		}
	}
}

// Every fault of the catalogue that is said to be detectable is failed, and
// none of the others is: the table says what the default plan can see.
func TestEveryFaultIsCaught(t *testing.T) {
	const seeds = 6
	require.GreaterOrEqual(t, len(mock.Faults()), 30)
	for _, fault := range mock.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			caught, named := 0, 0
			right := regexp.MustCompile("(?i)" + fault.Cause)
			for seed := range uint64(seeds) {
				l := limits[seed%2]
				findings := try(t, promise(l.rate, l.burst), server{fault: fault.Name,
					delay: virtual.Exp(2 * time.Millisecond), seed: seed})
				for i, id := range failed(findings) {
					caught += b2i(i == 0)
					if right.MatchString(findings[id].Cause) {
						named++
						break
					}
				}
			}
			require.GreaterOrEqual(t, 2*named, caught, "most of the runs that fail name the right cause: %s",
				fault.Cause)
			switch {
			case !fault.Detectable:
				require.Zero(t, caught, "the catalogue says that it can't be caught: %s", fault.Note)
				require.NotEmpty(t, fault.Note)
			case fault.Name == "silent-refusals":
				require.Zero(t, caught, "a lost reply proves nothing")
			case fault.Name == "refusal-as-success":
				require.Zero(t, caught, "words prove nothing")
			case fault.Name == "leak-3%":
				require.GreaterOrEqual(t, caught, seeds/2, "a leak of 3 % shows in most runs")
			default:
				require.Equal(t, seeds, caught)
			}
		})
	}
}

// Every check has a fault that trips it, and only what it is about.
func TestEveryCheckCanFail(t *testing.T) {
	ms := virtual.Exp(2 * time.Millisecond)
	for check, s := range map[string]server{
		"over-admission": {fault: "burst+1", delay: ms},
		"over-rejection": {fault: "burst-1", delay: ms},
		"scope":          {fault: "per-session", delay: ms},
		"measured":       {fault: "rate-10%", delay: ms},
		"served":         {fault: "never-refills", delay: ms},
		"alive":          {fault: "dies-after-60", delay: ms},
		"refusal-shape":  {fault: "wrong-id", delay: ms},
		"complete":       {fault: "duplicate-reply", delay: ms},
		"retry-after":    {fault: "retry-after-short", delay: ms},
		"fast-refusals":  {refusing: 300 * time.Millisecond, delay: ms},
	} {
		t.Run(check, func(t *testing.T) {
			f := try(t, promise(12, 16), s)[check]
			require.Equal(t, verdict.Fail, f.Verdict, f.Saw)
			require.NotEmpty(t, f.Cause)
		})
	}
}

// What can't fail a server can still keep a run from passing.
func TestWhatKeepsARunFromPassing(t *testing.T) {
	slow := try(t, promise(12, 16), server{delay: virtual.Constant(4 * time.Second)})
	require.Empty(t, failed(slow))
	require.Equal(t, verdict.Inconclusive, slow["pressure"].Verdict, slow["pressure"].Saw)

	mute := try(t, promise(12, 16), server{fault: "silent-refusals", delay: virtual.Exp(time.Millisecond)})
	require.Empty(t, failed(mute))
	require.Equal(t, verdict.Inconclusive, mute["complete"].Verdict, fmt.Sprint(mute["complete"]))

	polite := try(t, promise(12, 16), server{fault: "refusal-as-success", delay: virtual.Exp(time.Millisecond)})
	require.Empty(t, failed(polite))
	require.Equal(t, verdict.Inconclusive, polite["complete"].Verdict, fmt.Sprint(polite["complete"]))
	require.Contains(t, polite["complete"].Next,
		`answered "Rate limit exceeded, please try again later", which isn't known as a refusal`)
	require.Contains(t, polite["complete"].Next, "--refusal 'text=Rate limit exceeded'")
}
