package main

import (
	"errors"

	"github.com/mcpload/mcpload/internal/revision"
	"github.com/mcpload/mcpload/scenarios/drive"
)

// eachProtocol stands for every revision, one after the other.
const eachProtocol = "each"

// runJobs are the servers to judge: with --protocol each, one server once a revision.
func (a *app) runJobs(f *runFlags, command []string) ([]drive.Job, error) {
	if f.protocol != eachProtocol {
		return a.jobs(&f.targetFlags, command)
	}
	t := f.targetFlags
	t.protocol = "auto"
	jobs, err := a.jobs(&t, command)
	switch {
	case err != nil:
		return nil, err
	case len(jobs) != 1:
		return nil, errors.New("--protocol each judges one server")
	case f.virtual || f.lawful || jobs[0].Profile.Lawful():
		return nil, errors.New("--protocol each judges buckets, in real time")
	}
	var list []drive.Job
	for _, r := range revision.All() {
		j := jobs[0]
		j.Options.Protocol, j.InTurn, j.Live = r, true, j.Live.Afresh()
		j.Profile.Name += " MCP " + r
		list = append(list, j)
	}
	return list, nil
}
