package main

import (
	"context"

	"github.com/mcpload/mcpload/scenarios/startup"
)

// observe makes a start. The first bad one that hangs is made a second time:
// the machine or the server may have been stopped meanwhile. Where it hangs
// twice, no one pause explains it, nor those that hang after it.
func (l *startLine) observe(soft, hard context.Context, s startup.Start) (*startup.Observation, error) {
	seen, err := l.starter.start(soft, hard, s)
	if s.Seen = seen; err != nil || l.hung || !s.Hung(l.trial.Limit) {
		return seen, err
	}
	second, err := l.starter.start(soft, hard, s)
	if err != nil {
		return nil, err
	}
	s.Seen = second
	l.hung = s.Hung(l.trial.Limit)
	return startup.Again(seen, second), nil
}
