package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/startup"
)

// withoutStartup takes the start-up scenario out of a list of names: it has no
// plan of calls as the others have.
func withoutStartup(names []string) (others []string, asked bool) {
	others = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == startup.Scenario })
	return others, len(others) < len(names)
}

// startLines makes a run's servers ready for the start-up scenario, where it is
// asked for; all is checked before anything is sent.
func (a *app) startLines(f *runFlags, jobs []drive.Job) ([]*startLine, error) {
	if !f.startup {
		return nil, nil
	}
	if f.virtual {
		return nil, fmt.Errorf("--virtual has no processes, so it takes no scenario %s", startup.Scenario)
	}
	var lines []*startLine
	for _, j := range jobs {
		l, err := a.lineOf(f, j)
		if err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// lineOf is how a job's server is started again and again.
func (a *app) lineOf(f *runFlags, j drive.Job) (*startLine, error) {
	s := &startFlags{profiles: f.profiles, seed: f.seed, limit: 10 * time.Second, transport: "stdio"}
	if len(f.servers) > 0 || f.all {
		s.server = j.Profile.Name
	}
	for _, text := range f.env {
		name, _, _ := strings.Cut(text, "=")
		if !slices.ContainsFunc(j.Profile.Credentials, func(c profiles.Credential) bool { return c.Env == name }) {
			s.env = append(s.env, text) // the rest is made up
		}
	}
	command := j.Launch
	switch {
	case j.Kind == target.Mock:
		s.mock, command = true, nil
	case j.Live != nil:
		s.offline, command = j.Live.Config.Offline, nil
	case len(command) > 0:
		s.url = j.Options.URL
	case len(j.Options.Command) > 0:
		command = j.Options.Command
	default:
		return nil, hint.New(fmt.Errorf("the scenario %s starts the server itself, and nothing says how", startup.Scenario), "give a command after --, or --live for the profile's")
	}
	if s.server == "" {
		return nil, hint.New(fmt.Errorf("the scenario %s needs to know which credentials the server takes", startup.Scenario), "name a profile with --server, or use mcpload startup --credential NAME=PROVIDER -- command")
	}
	return a.startLine(s, command)
}

// runAndStart makes the run, if there are scenarios with calls, and then the
// starts, if they are asked for: one server after the other, as a start is timed.
func (a *app) runAndStart(ctx context.Context, f *runFlags, jobs []drive.Job, lines []*startLine) (*results.Document, map[string][]history.Call, error) {
	end, err := a.export(ctx, &f.telemetry)
	if err != nil {
		return nil, nil, err
	}
	defer end()
	doc := &results.Document{Version: version(), Started: f.started(), Seed: f.seed}
	var histories map[string][]history.Call
	if lines == nil || len(f.scenarios) > 0 || f.wanted() {
		if doc, histories, err = a.judged(ctx, f, jobs); err != nil {
			return nil, nil, err
		}
	} else {
		for _, j := range jobs {
			s := j.Describe()
			s.Target.Transport = "stdio"
			doc.Servers = append(doc.Servers, s)
		}
	}
	for i, l := range lines {
		if len(f.scenarios) == 0 && !f.wanted() {
			doc.Servers[i].Target = l.Target
		}
		if a.draining() {
			break
		}
		s := &doc.Servers[i]
		started, err := a.makeStarts(ctx, l)
		if err != nil {
			s.Error = err.Error()
			continue
		}
		from := started.Servers[0]
		s.Notes, s.Scenarios = append(s.Notes, from.Notes...), append(s.Scenarios, from.Scenarios...)
		if from.Error != "" {
			s.Error, s.Hint = from.Error, from.Hint
		}
	}
	doc.Finish()
	return doc, histories, nil
}
