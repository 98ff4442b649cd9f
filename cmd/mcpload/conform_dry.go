package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/internal/words"
)

// dryConform prints every request that could be sent, row by row.
func (a *app) dryConform(ctx context.Context, f *conformFlags, c mcpload.ConformConfig) error {
	reports, address, err := c.Rehearse(ctx)
	if err != nil {
		return spoken(err)
	}
	out, end, err := a.out(f.output)
	if err != nil {
		return err
	}
	defer func() { _ = end() }() // a failed write was seen before
	n := 0
	for _, r := range reports {
		n += len(r.Exchanges)
		for _, e := range r.Exchanges {
			line := strings.Replace(e.Line, address, publicAddress(c.Prepared.Options.URL), 1)
			if _, err := fmt.Fprintf(out, "%s  %-10s %s\n", r.Revision, e.Row, line); err != nil {
				return err
			}
		}
	}
	_, err = fmt.Fprintf(out, "%s in %s, to a server that has one of everything; none was sent\n",
		words.Count(n, "request"), words.Count(len(reports), "revision"))
	return err
}
