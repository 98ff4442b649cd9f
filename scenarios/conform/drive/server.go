package drive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/conform"
)

// Server starts a target where it has to be started, tries it, and returns its part
// of a document. The error says that nothing could be tried.
func Server(ctx context.Context, t *target.Target, c Config, strict bool) (results.Server, error) {
	s := results.Server{Server: t.Profile.Name, Target: results.Target{Kind: string(t.Kind), Label: t.Label}}
	process, stop, err := t.Ready(ctx)
	defer stop()
	if err != nil {
		return s, err
	}
	o := t.Options
	c.URL, c.Header, c.Command, c.Env, c.Dir, c.Wire = o.URL, o.Header, o.Command, o.Env, o.Dir, o
	c.Serving, c.Start = process, cmp.Or(c.Start, t.Starting())
	if o.Transport == wire.SSE {
		c.Transport = conform.SSE
	}
	if c.Bearer = o.Bearer; c.Bearer != nil {
		if err := firstToken(ctx, &c); err != nil {
			return s, err
		}
	}
	found, err := Run(ctx, c)
	auto := o.URL != "" && (o.Transport == wire.Auto || o.Transport == "")
	if errors.Is(err, conform.ErrNoAnswer) && auto && ctx.Err() == nil {
		older := c // who answers no post may have the event streams of 2024-11-05 there
		older.Transport, older.Start = conform.SSE, c.Timeout
		if streamed, none := Run(ctx, older); none == nil {
			found, err = streamed, nil
		}
	}
	s.Launch = t.Started()
	if err != nil {
		return s, err
	}
	s.Notes, s.Target.Transport, s.Target.Address = found.lastWords(o.Redact), found.Transport, public(o.URL)
	untried := strings.Join(found.Untried, ", ")
	if last := &found.Reports[len(found.Reports)-1]; untried != "" && ctx.Err() == nil && last.Ended == "" {
		last.Ended = "the budget ended before " + untried
	}
	var spoken []string
	for _, r := range found.Reports {
		spoken = append(spoken, r.Revision)
		s.Scenarios = append(s.Scenarios, r.Scenario(strict, o.Redact))
	}
	s.Target.Protocol = strings.Join(spoken, ", ")
	for _, revision := range conform.Revisions() {
		if how, ok := found.Unspoken[revision]; ok {
			s.Notes = append(s.Notes, fmt.Sprintf("it does not speak %s: %s", revision, cleaned(how, o.Redact)))
		}
	}
	if len(found.Beside) > 0 {
		s.Notes = append(s.Notes, "none of the chosen rows is about "+strings.Join(found.Beside, ", "))
	}
	switch {
	case ctx.Err() != nil:
		if s.Error = "it was interrupted"; untried != "" {
			s.Notes = append(s.Notes, "interrupted before it was tried in "+untried)
		}
	case untried != "":
		s.Notes = append(s.Notes, "the budget ended before it was tried in "+untried+": a longer --budget does")
	}
	return s, nil
}

// Rehearse tries a stand-in, such as a mock, to see what would be sent.
func Rehearse(ctx context.Context, t *target.Target, c Config) ([]conform.Report, error) {
	_, stop, err := t.Ready(ctx)
	defer stop()
	if err != nil {
		return nil, err
	}
	c.URL, c.Command, c.Env = t.Options.URL, t.Options.Command, t.Options.Env
	if t.Options.Transport == wire.SSE {
		c.Transport = conform.SSE
	}
	return rehearsed(ctx, c)
}

// rehearsed tries all revisions at once, as most of a rehearsal is waiting for what never comes.
func rehearsed(ctx context.Context, c Config) (all []conform.Report, err error) {
	if len(c.Revisions) == 0 {
		c.Revisions = conform.Revisions()
	}
	found, errs := make([]Found, len(c.Revisions)), make([]error, len(c.Revisions))
	var each sync.WaitGroup
	for k, revision := range c.Revisions {
		one := c
		one.Revisions = []string{revision}
		each.Go(func() { found[k], errs[k] = Run(ctx, one) })
	}
	each.Wait()
	for k := range found {
		if errs[k] != nil && !errors.Is(errs[k], ErrNoRow) {
			return nil, errs[k]
		}
		all = append(all, found[k].Reports...)
	}
	if len(all) == 0 {
		return nil, errs[0]
	}
	return all, nil
}

func cleaned(s string, redact func(string) string) string {
	if redact != nil {
		s = redact(s)
	}
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}

// public is a URL without what may be secret.
func public(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || raw == "" {
		return ""
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
