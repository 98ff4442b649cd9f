package main

import (
	"cmp"
	"fmt"
	"iter"
	"time"

	"github.com/mcpload/mcpload/internal/words"
)

// dryRunRows is how many requests a dry run shows.
const dryRunRows = 20

// printLoad prints what would be sent, and sends nothing.
func (a *app) printLoad(l *loadJob) error {
	var dues iter.Seq[time.Duration]
	if l.Shape.Max {
		fmt.Fprintf(a.stdout, "%s: as fast as %d connections get replies, for %s; the first requests:\n",
			l.Profile.Name, l.Connections, l.Length)
		dues = func(yield func(time.Duration) bool) {
			for yield(0) {
			}
		}
	} else {
		fmt.Fprintf(a.stdout, "%s: %s, about %d requests in %s by %s; the first ones:\n", l.Profile.Name, l.Shape.Text,
			l.Expected(), round(l.Length), words.Count(len(l.Names()), "session"))
		dues = l.Dues()
	}
	n := 0
	for call := range l.Plan.Share(dues, l.Split(l.Names()), l.Seed) {
		if n == dryRunRows {
			break
		}
		n++
		if _, err := fmt.Fprintf(a.stdout, "%12s  %-6s %-20s %s\n", call.Due.Round(time.Microsecond), call.Client,
			cmp.Or(call.Tool, call.Method), call.Arguments); err != nil {
			return err
		}
	}
	return nil
}
