package drive

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/verdict"
)

// What a load has where nobody says otherwise, and the most that it may have.
const (
	DefaultLength      = 30 * time.Second
	DefaultTrial       = 10 * time.Second // of a search
	DefaultFirst       = 50.0             // requests a second that a search begins with
	DefaultRate        = 10               // requests a second where nobody says how many
	DefaultPrecision   = 0.05
	LeastPrecision     = 0.005
	DefaultCoolDown    = 2 * time.Second
	DefaultConnections = 256
	DefaultClosed      = 16 // connections of a closed loop, and sessions that share more
	DefaultInFlight    = 10_000
	MostSessions       = 100_000
	MostConnections    = 100_000
	MostProcesses      = 256
)

// Widen decides on sessions, connections and processes, each 0 where nobody said a
// number. The job must have its Plan, its Shape and its Part.
func (j *Job) Widen(sessions, connections, processes int) error {
	for _, n := range []struct {
		what       string
		asked, top int
	}{{"sessions", sessions, MostSessions}, {"connections", connections, MostConnections},
		{"processes", processes, MostProcesses}} {
		if n.asked < 0 || n.asked > n.top {
			return fmt.Errorf("%d %s: not from 1 to %d", n.asked, n.what, n.top)
		}
	}
	closed := j.Part.Evenly(DefaultClosed)
	usual := j.Part.Evenly(DefaultConnections)
	if j.Shape.Max {
		usual = closed
	}
	j.Connections = cmp.Or(connections, usual)
	j.Sessions = cmp.Or(sessions, j.Plan.Sessions, min(j.Connections, closed))
	if j.Options.Transport == wire.Stdio {
		if sessions > 1 || connections != 0 && !j.Shape.Max {
			return hint.New(errors.New("a server over stdio has one session and no connections"),
				"start several processes of it")
		}
		j.Processes = max(1, processes)
		j.Sessions = j.Processes
		return nil
	}
	if processes > 1 {
		return errors.New("several processes are started of servers over stdio, and this is none")
	}
	return nil
}

// Fit refuses more connections than this machine can have, and bounds them.
func (j *Job) Fit() error {
	if j.Options.Transport != wire.Stdio {
		j.Options.MaxConns = j.Connections
	}
	return j.fits(j.Options.Transport, j.Options.GetStream == wire.GetOn, boundsHere())
}

// Reaches refuses a threshold on a tool that the plan never calls: it would match no
// data.
func (j *Job) Reaches(th verdict.Threshold) error {
	if tools := j.Plan.Tools(); th.Tool != "" && !slices.Contains(tools, th.Tool) {
		return hint.New(fmt.Errorf("nothing calls %q, so that it would match no data", th.Tool),
			"the plan calls "+words.First(tools))
	}
	return nil
}
