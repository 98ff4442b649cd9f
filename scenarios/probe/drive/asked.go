package drive

import (
	"errors"
	"fmt"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/runner/virtual"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/probe"
)

// Asked is a probe in the words of a command line, whose flags its errors name.
type Asked struct {
	Server  *target.Asked
	Budget  string
	Seed    uint64
	Promise []string // that the mock keeps
	Virtual bool
	Audit   bool
	Allow   []string
}

// MayTake reads what a probe may take.
func MayTake(text string) (probe.Budget, error) {
	b, err := invoked.ParseBudget(text, invoked.Budget{Calls: probe.DefaultCalls, Time: probe.DefaultTime})
	return probe.Budget(b), err
}

// Aim has the server be one of which no promise is known, unless it is a mock.
func (a *Asked) Aim(command []string) error {
	t := a.Server
	attached := t.URL != "" || len(command) > 0
	switch {
	case t.All || len(t.Servers) > 1:
		return errors.New("probe takes one server at a time")
	case (attached || t.Live) && (t.Rate != "" || t.Burst != 0):
		return errors.New("probe measures the rate and the burst, so it takes no --rate and no --burst but for a mock")
	case attached && len(t.Servers) == 0:
		t.Rate, t.Burst = "1/s", 1 // a profile has a promise; this one is never read
	}
	return nil
}

// Equip puts what only a mock has into its job.
func (a *Asked) Equip(j *drive.Job) (err error) {
	j.Seed, j.Mock.Seed = a.Seed, a.Seed
	if j.Kind != target.Mock && (a.Virtual || len(a.Promise) > 0) {
		return errors.New("--virtual and --promise are for a mock, and this is no mock")
	}
	if a.Virtual {
		if j.Virtual, err = virtual.ParseDelay("exp(1ms)"); err != nil {
			return err
		}
	}
	if len(a.Promise) == 0 {
		return nil
	}
	err = drive.Promising(&j.Profile, a.Promise)
	j.Mock.Profile = j.Profile
	return err
}

// Tricks are the attempts on what is found; nil where none is asked for.
func (a *Asked) Tricks() (*drive.Audit, error) {
	if !a.Audit && len(a.Allow) > 0 {
		return nil, hint.New(errors.New("--allow is of an audit, and there is none"), "add --audit")
	}
	for _, name := range a.Allow {
		if name != "forgery" {
			return nil, hint.New(fmt.Errorf("--allow %q is no attempt that must be allowed", name), "forgery is one")
		}
	}
	if !a.Audit {
		return nil, nil
	}
	return &drive.Audit{Allow: a.Allow}, nil
}
