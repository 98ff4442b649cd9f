package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/shard"
)

// shardFlags say which part of a plan is sent, and when all of them begin, as given.
type shardFlags struct {
	part    string
	startAt string
	source  string
	begin   func(planned func() int) runner.Start // when a coordinator says; nil: nobody does
}

// worker is when a shard begins: as its coordinator says, where it has one.
func (f *shardFlags) worker(start runner.Start, planned func() int) runner.Start {
	if f.begin == nil {
		return start
	}
	return f.begin(planned)
}

func (f *shardFlags) register(flags *pflag.FlagSet, a *app) {
	if a.worker != nil {
		f.begin = a.worker.Begin
	}
	flags.StringVar(&f.part, "shard", "", "send `k/n`, the kth of n parts of the plan, or auto: the part that Kubernetes, Slurm or GitLab CI names here")
	flags.StringVar(&f.startAt, "start-at", "", "begin at this `instant` (RFC 3339), such as 2026-05-01T12:00:00Z: the same for all shards")
	flags.StringVar(&f.source, "source-address", "", "`address` of this machine's that connections come from, where it has several")
}

// from is the address of this machine's that connections come from; empty: any.
func (f *shardFlags) from() (string, error) {
	if f.source != "" && net.ParseIP(f.source) == nil {
		return "", fmt.Errorf("--source-address %q is no IP address", f.source)
	}
	return f.source, nil
}

// read is the part, and the common start where one is given.
func (f *shardFlags) read(keeps *storeFlags) (part shard.Part, start runner.Start, err error) {
	if f.startAt != "" {
		at, err := time.Parse(time.RFC3339Nano, f.startAt)
		if err != nil {
			return part, nil, hint.New(fmt.Errorf("--start-at %q is no instant", f.startAt), "for example "+time.Now().Add(time.Minute).UTC().Format(time.RFC3339))
		}
		if late := time.Since(at); late > 0 {
			return part, nil, fmt.Errorf("--start-at %s was %s ago", f.startAt, late.Round(time.Second))
		}
		start = runner.StartAt(at)
	}
	switch f.part {
	case "":
		return part, start, nil
	case "auto":
		part, err = shard.Auto(os.LookupEnv)
	default:
		part, err = shard.Parse(f.part)
	}
	if err != nil {
		return part, nil, fmt.Errorf("--shard: %s", spoken(err))
	}
	if keeps.none {
		return part, nil, hint.New(errors.New("--shard with --no-store: a part is nothing by itself, and is kept for mcpload merge"), "leave --no-store out")
	}
	return part, start, nil
}

// shares gives jobs of a run their part.
func (f *runFlags) shares(jobs []drive.Job) error {
	part, start, err := f.shardFlags.read(&f.storeFlags)
	if err != nil {
		return err
	}
	from, err := f.from()
	if err != nil {
		return err
	}
	for i := range jobs {
		jobs[i].Options.Source = from
		if jobs[i].Start = start; part.Whole() {
			continue
		}
		switch {
		case f.virtual || jobs[i].Kind != target.URL || len(jobs[i].Launch) > 0:
			return hint.New(errors.New("--shard: each shard would start a server of its own, and a limit that several servers keep is another one"),
				"start one, such as with mcpload mock, and give all shards its --url")
		case f.failFast:
			return errors.New("--shard sends its whole plan, as all the others do: it takes no --fail-fast")
		case f.wanted():
			return errors.New("--shard sends a part of a plan, and an audit's tricks are of one client: audit without it")
		case f.repeat > 1 || f.startup:
			return errors.New("--shard sends one plan, once: it goes neither with --repeat nor with the startup scenario")
		}
		jobs[i].Part = part
		jobs[i].Start = f.worker(start, func() int { return len(jobs[i].Own(jobs[i].Plan(jobs[i].Planned()))) })
		if !f.given("clients") {
			f.clients = part.Evenly(target.DefaultClients)
		}
		if f.clients < part.Of {
			return fewer("clients", f.clients, part)
		}
	}
	return nil
}

func fewer(what string, n int, p shard.Part) error {
	return hint.New(fmt.Errorf("--%s %d for %d shards: each needs one at least", what, n, p.Of), fmt.Sprintf("--%s %d is one each", what, p.Of))
}

// sayShard says what is next, after a part was sent.
func (a *app) sayShard(p shard.Part) {
	if p.Whole() {
		return
	}
	a.say("shard %s is kept as %s; once all are there, mcpload merge judges them together", p, a.ends.kept)
	if a.status != exitUsage {
		a.status = exitPass // of a part, the status says only that it ran
	}
}

// setShard decides which part of the plan is ours, and when it begins.
func (l *loadJob) setShard(f *loadFlags) (err error) {
	if l.Options.Source, err = f.from(); err != nil {
		return err
	}
	if l.Part, l.Start, err = f.shardFlags.read(&f.storeFlags); err != nil || l.Part.Whole() {
		return err
	}
	l.Start = f.worker(l.Start, l.Expected)
	switch {
	case f.find != "":
		return errors.New("--shard sends one plan: --find capacity makes a new one of each answer")
	case len(f.abortOn) > 0:
		return errors.New("--shard sends its part of the plan whole: --abort-on would end it without the others")
	case f.sample > 1:
		return errors.New("--shard keeps every call, as they are to be judged together: it goes without --sample")
	}
	return nil
}

// share leaves of what all parts have together what is ours. The sessions stay those of
// all: by them the plan is split.
func (l *loadJob) share() error {
	if l.Part.Whole() {
		return nil
	}
	switch {
	case l.Processes > 0 && l.Processes < l.Part.Of:
		return fewer("processes", l.Processes, l.Part)
	case l.Sessions < l.Part.Of:
		return fewer("sessions", l.Sessions, l.Part)
	case l.Connections < l.Part.Of:
		return fewer("connections", l.Connections, l.Part)
	}
	l.Connections, l.Processes = l.Part.Count(l.Connections), l.Part.Count(l.Processes)
	l.MaxInFlight = max(1, l.Part.Count(l.MaxInFlight))
	return nil
}
