package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/mock"
	"github.com/mcpload/mcpload/scenarios/conform"
	"github.com/mcpload/mcpload/scenarios/conform/drive"
)

// dryConform prints every request that could be sent, row by row. What is asked next
// depends on what was answered, so a mock that has one of everything is asked in the
// server's place: another server is sent no more of a kind, but its own names.
func (a *app) dryConform(ctx context.Context, f *conformFlags, j *target.Target, rows []conform.Row) error {
	catalog, err := a.catalog(f.profiles)
	if err != nil {
		return err
	}
	profile := catalog.All()[0]
	stand := target.Target{Profile: profile, Kind: target.Mock, ServeMock: j.ServeMock, Mock: mock.Config{Profile: profile, Fixture: true}}
	stand.Mock.Profile.Limit.Rate, stand.Mock.Profile.Limit.Burst = mockRate, mockRate
	stand.Options.Transport = j.Options.Transport
	if len(j.Options.Command) > 0 {
		stand.Options.Transport = wire.Stdio
	}
	if stand.Options.Transport == wire.Auto || stand.Options.Transport == "" {
		stand.Options.Transport = wire.HTTP
	}
	c := f.driven(rows)
	c.Tool, c.Arguments = "", nil // the mock has its own
	reports, err := drive.Rehearse(ctx, &stand, c)
	if err != nil {
		return err
	}
	out, end, err := a.out(f.output)
	if err != nil {
		return err
	}
	defer func() { _ = end() }() // a failed write was seen before
	for _, r := range reports {
		for _, e := range r.Exchanges {
			if _, err := fmt.Fprintf(out, "%s  %-10s %s\n", r.Revision, e.Row, strings.Replace(e.Line, stand.Options.URL, publicAddress(j.Options.URL), 1)); err != nil {
				return err
			}
		}
	}
	n := 0
	for _, r := range reports {
		n += len(r.Exchanges)
	}
	_, err = fmt.Fprintf(out, "%s in %s, to a server that has one of everything; none was sent\n", words.Count(n, "request"), words.Count(len(reports), "revision"))
	return err
}
