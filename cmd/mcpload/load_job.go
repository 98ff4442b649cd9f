package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/scenarios/load"
	loaddrive "github.com/mcpload/mcpload/scenarios/load/drive"
	"github.com/mcpload/mcpload/verdict"
)

// A loadJob is one load, and where its result goes.
type loadJob struct {
	loaddrive.Job
	hgrm   string
	format format
}

// loadJob turns flags into a load, all checked before anything starts.
func (a *app) loadJob(f *loadFlags, command []string) (*loadJob, error) {
	if err := f.checked(); err != nil {
		return nil, err
	}
	target := f.targetFlags
	target.tool, target.args = "", "" // they are the plan's, with placeholders
	jobs, err := a.jobs(&target, command)
	if err != nil {
		return nil, err
	}
	l := &loadJob{Job: loaddrive.Job{Job: jobs[0], HTTP: f.connection.http, Echo: slices.Contains(f.checks, "echo"), Schema: slices.Contains(f.checks, "schema"),
		MaxInFlight: f.maxInFlight, History: f.history, Sample: f.sample}, hgrm: f.hgrm}
	l.Seed, l.Patient, l.Sized = f.seed, !f.given("timeout"), f.given("connections")
	if err := f.connection.apply(&l.Options); err != nil {
		return nil, err
	}
	if err := f.client.apply(&l.Job.Job); err != nil {
		return nil, err
	}
	if l.format, err = formatNamed(f.format); err != nil {
		return nil, err
	}
	l.Keep, l.Redact = (!f.none || l.format.draws >= drawsPicture) && f.find == "", a.clean
	for _, part := range []func(*loadFlags) error{l.setPlan, l.setShape, l.setShard, l.setWidth, l.setDemands,
		l.setSearch} {
		if err := part(f); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// unknownCheck is the first that there is none of; empty where there is none.
func unknownCheck(checks []string) string {
	for _, c := range checks {
		if c != "echo" && c != "schema" {
			return strconv.Quote(c)
		}
	}
	return ""
}

// checked refuses what is wrong whatever the server is.
func (f *loadFlags) checked() error {
	switch {
	case f.arrivals != "even" && f.arrivals != "poisson":
		return fmt.Errorf("--arrivals %q is neither even nor poisson", f.arrivals)
	case unknownCheck(f.checks) != "":
		return fmt.Errorf("--check %s is neither echo nor schema", unknownCheck(f.checks))
	case f.find != "" && f.find != "capacity":
		return fmt.Errorf("--find %q is not capacity", f.find)
	case f.sample < 1:
		return fmt.Errorf("--sample %d is not 1 or more", f.sample)
	case f.maxInFlight < 1:
		return fmt.Errorf("--max-in-flight %d is not 1 or more", f.maxInFlight)
	case f.duration < 0 || f.given("duration") && f.duration == 0:
		return fmt.Errorf("--duration %s is not above 0", f.duration)
	}
	return nil
}

// setPlan decides what is asked.
func (l *loadJob) setPlan(f *loadFlags) error {
	given := 0
	for _, s := range []string{f.tool, f.method, f.mix} {
		if s != "" {
			given++
		}
	}
	if given > 1 {
		return fmt.Errorf("--tool, --method and --mix exclude each other")
	}
	if f.args != "" && (f.mix != "" || given == 0) {
		return fmt.Errorf("--args needs a --tool or a --method")
	}
	if f.mix != "" {
		plan, err := load.ReadPlan(os.DirFS(filepath.Dir(f.mix)), filepath.Base(f.mix))
		l.Plan = plan
		return err
	}
	if f.tool == "" && f.method == "" {
		c := l.Profile.Call
		if len(f.servers) == 0 {
			return hint.New(fmt.Errorf("what is to be called?"),
				"name a --tool, a --method such as ping, or a --mix; mcpload load init writes a mix of all tools")
		}
		f.tool, f.method, f.args = c.Tool, c.Method, string(c.Arguments)
		if c.Tool != "" {
			f.method = ""
		}
	}
	if f.tool != "" {
		f.method = "tools/call"
		if l.Profile.Call.Forbids(f.tool) {
			return fmt.Errorf("--tool %s: the profile of %s lists it among the tools never to call", f.tool,
				l.Profile.Name)
		}
		if l.Echo && f.args == "" {
			f.args = `{"message":"{{nonce}}"}`
		}
	}
	if strings.HasPrefix(f.method, "notifications/") || f.method == "initialize" {
		return fmt.Errorf("--method %s: load sends requests that can be answered any number of times", f.method)
	}
	plan, err := load.Single(f.method, f.tool, json.RawMessage(f.args))
	if err != nil {
		return fmt.Errorf("--args: %s", spoken(err))
	}
	l.Plan = plan
	return nil
}

// setShape decides when.
func (l *loadJob) setShape(f *loadFlags) error {
	l.Poisson = f.arrivals == "poisson"
	if f.replay != "" {
		if f.shape != "" || l.Poisson {
			return fmt.Errorf("--replay takes the arrivals of the recording, so it goes with neither --rate nor --arrivals")
		}
		return l.setReplay(f)
	}
	if f.given("speed") {
		return fmt.Errorf("--speed needs a --replay")
	}
	if f.shape == "" {
		if f.find == "" {
			return hint.New(fmt.Errorf("how much load?"), "give a --rate such as 100/s or max, or --find capacity")
		}
		f.shape = strconv.FormatFloat(loaddrive.DefaultFirst, 'g', -1, 64) + "/s"
	}
	shape, err := load.ParseShape(f.shape)
	if err != nil {
		return fmt.Errorf("--rate: %s", spoken(err))
	}
	if shape.Max && l.Poisson {
		return fmt.Errorf("--arrivals poisson needs a rate: in a closed loop the replies say when to send")
	}
	l.Shape = shape
	l.Length = cmp.Or(f.duration, shape.Length, loaddrive.DefaultLength)
	if f.find != "" {
		l.Length = cmp.Or(f.duration, loaddrive.DefaultTrial)
	}
	return nil
}

// setWidth decides on sessions, connections and processes.
func (l *loadJob) setWidth(f *loadFlags) error {
	switch {
	case f.sessions < 0 || f.sessions > loaddrive.MostSessions:
		return fmt.Errorf("--sessions %d is not from 1 to %d", f.sessions, loaddrive.MostSessions)
	case f.connections < 0 || f.connections > loaddrive.MostConnections:
		return fmt.Errorf("--connections %d is not from 1 to %d", f.connections, loaddrive.MostConnections)
	case f.processes < 1 || f.processes > loaddrive.MostProcesses:
		return fmt.Errorf("--processes %d is not from 1 to %d", f.processes, loaddrive.MostProcesses)
	case l.Options.Transport == wire.Stdio && (f.sessions > 1 || f.given("connections") && !l.Shape.Max):
		return hint.New(fmt.Errorf("a server over stdio has one session and no connections"),
			"start several with --processes")
	case f.given("processes") && l.Options.Transport != wire.Stdio:
		return fmt.Errorf("--processes starts several servers over stdio, and this is none")
	}
	for _, part := range []func() error{func() error { return l.Widen(f.sessions, f.connections, f.processes) },
		l.share, l.Fit} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// setDemands reads the thresholds. One on a tool that the plan never calls
// would match no data.
func (l *loadJob) setDemands(f *loadFlags) error {
	for _, list := range []struct {
		flag  string
		texts []string
		to    *[]verdict.Threshold
	}{{"threshold", f.thresholds, &l.Thresholds}, {"abort-on", f.abortOn, &l.AbortOn}} {
		for _, text := range list.texts {
			th, err := verdict.ParseThreshold(text)
			if err != nil {
				return fmt.Errorf("--%s: %s", list.flag, spoken(err))
			}
			if err := l.Reaches(th); err != nil {
				return fmt.Errorf("--%s %s: %w", list.flag, text, err)
			}
			*list.to = append(*list.to, th)
		}
	}
	if l.Echo && !l.Plan.Nonces() {
		return hint.New(fmt.Errorf("--check echo: no call has a {{nonce}} in its arguments"),
			`put one where the tool gives it back, as in --args '{"text":"{{nonce}}"}'`)
	}
	return nil
}

// setSearch reads how to search.
func (l *loadJob) setSearch(f *loadFlags) error {
	if f.find == "" {
		for _, name := range []string{"precision", "cool-down"} {
			if f.given(name) {
				return fmt.Errorf("--%s belongs to --find capacity", name)
			}
		}
		return nil
	}
	text, percent := strings.CutSuffix(f.precision, "%")
	precision, err := strconv.ParseFloat(text, 64)
	if percent {
		precision /= 100
	}
	first, rateErr := promise.ParseRate(l.Shape.Text)
	switch {
	case err != nil || !(precision >= loaddrive.LeastPrecision && precision <= 1):
		return fmt.Errorf("--precision %q is not from 0.5%% to 100%%", f.precision)
	case len(l.Thresholds) == 0:
		return hint.New(fmt.Errorf("--find capacity needs to know what the server should keep"),
			"give a --threshold such as 'p99<100ms'")
	case l.Replay != nil || rateErr != nil:
		return fmt.Errorf("--find capacity searches one rate: --rate is where it begins, such as 100/s")
	case l.format.name == "vegeta":
		return fmt.Errorf("--format vegeta shows single calls, and --find capacity keeps none")
	case l.Schema:
		return fmt.Errorf("--check schema belongs to a single run, not to --find capacity")
	case len(l.AbortOn) > 0 || l.History != "":
		return fmt.Errorf("--abort-on and --save-history belong to a single run, not to --find capacity")
	case f.coolDown < 0:
		return fmt.Errorf("--cool-down %s is below 0", f.coolDown)
	}
	l.Find = &loaddrive.CapacitySearch{First: first, Precision: precision, CoolDown: f.coolDown}
	return nil
}
