package drive

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results/store"
	"github.com/mcpload/mcpload/runner"
	scenariodrive "github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/load"
	"github.com/mcpload/mcpload/verdict"
)

// Asked is a load in the words of a command line, whose flags its errors name. Its Job
// is that load, all checked before anything is sent.
type Asked struct {
	Rate     string // requests a second, or a shape
	Duration time.Duration
	Arrivals string // even or poisson
	Replay   string // a history file, or a run of the Store
	Speed    string

	Tool, Args string
	Method     string
	Mix        string // the file of a plan

	Sessions, Connections, Processes, MaxInFlight int

	Thresholds, AbortOn, Checks []string

	Find, Precision string
	CoolDown        time.Duration

	History string
	Sample  int
	Keep    bool   // calls, where there is one run
	Singly  string // the format that shows single calls, which a search keeps none of; empty: another

	Named bool                         // by a profile, whose call it is unless another is asked for
	Given func(flag string) bool       // which flags were given
	Store func() (*store.Store, error) // with kept runs
	// Begin says when a part begins of so many calls; nil: as the server's job says
	Begin func(planned func() int) runner.Start
}

// Job is the load of a server. Of a part of it, the job says which, and when it begins.
func (a Asked) Job(one scenariodrive.Job) (*Job, error) {
	if err := a.checked(); err != nil {
		return nil, err
	}
	j := &Job{Job: one, Echo: slices.Contains(a.Checks, "echo"), Schema: slices.Contains(a.Checks, "schema"),
		MaxInFlight: a.MaxInFlight, History: a.History, Sample: a.Sample, Keep: a.Keep && a.Find == "",
		Patient: !a.Given("timeout"), Sized: a.Given("connections")}
	for _, part := range []func(Asked) error{j.setPlan, j.setShape, j.setPart, j.setWidth, j.setDemands, j.setSearch} {
		if err := part(a); err != nil {
			return nil, err
		}
	}
	return j, nil
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
func (a Asked) checked() error {
	switch {
	case a.Arrivals != "even" && a.Arrivals != "poisson":
		return fmt.Errorf("--arrivals %q is neither even nor poisson", a.Arrivals)
	case unknownCheck(a.Checks) != "":
		return fmt.Errorf("--check %s is neither echo nor schema", unknownCheck(a.Checks))
	case a.Find != "" && a.Find != "capacity":
		return fmt.Errorf("--find %q is not capacity", a.Find)
	case a.Sample < 1:
		return fmt.Errorf("--sample %d is not 1 or more", a.Sample)
	case a.MaxInFlight < 1:
		return fmt.Errorf("--max-in-flight %d is not 1 or more", a.MaxInFlight)
	case a.Duration < 0 || a.Given("duration") && a.Duration == 0:
		return fmt.Errorf("--duration %s is not above 0", a.Duration)
	}
	return nil
}

// setPlan decides what is asked.
func (j *Job) setPlan(a Asked) error {
	given := 0
	for _, s := range []string{a.Tool, a.Method, a.Mix} {
		if s != "" {
			given++
		}
	}
	if given > 1 {
		return fmt.Errorf("--tool, --method and --mix exclude each other")
	}
	if a.Args != "" && (a.Mix != "" || given == 0) {
		return fmt.Errorf("--args needs a --tool or a --method")
	}
	if a.Mix != "" {
		plan, err := load.ReadPlan(os.DirFS(filepath.Dir(a.Mix)), filepath.Base(a.Mix))
		j.Plan = plan
		return err
	}
	if a.Tool == "" && a.Method == "" {
		c := j.Profile.Call
		if j.Unnamed = !a.Named; j.Unnamed && !j.Part.Whole() {
			return hint.New(fmt.Errorf("what is to be called? Every part of a plan sends the same"),
				"name a --tool, a --method such as ping, or a --mix; mcpload load init writes a mix of all tools")
		}
		a.Tool, a.Method, a.Args = c.Tool, c.Method, string(c.Arguments)
		if c.Tool != "" {
			a.Method = ""
		}
	}
	if a.Tool != "" {
		a.Method = "tools/call"
		if j.Profile.Call.Forbids(a.Tool) {
			return fmt.Errorf("--tool %s: the profile of %s lists it among the tools never to call", a.Tool,
				j.Profile.Name)
		}
		if j.Echo && a.Args == "" {
			a.Args = `{"message":"{{nonce}}"}`
		}
	}
	if strings.HasPrefix(a.Method, "notifications/") || a.Method == "initialize" {
		return fmt.Errorf("--method %s: load sends requests that can be answered any number of times", a.Method)
	}
	plan, err := load.Single(a.Method, a.Tool, json.RawMessage(a.Args))
	if err != nil {
		return fmt.Errorf("--args: %s", err)
	}
	j.Plan = plan
	return nil
}

// setShape decides when.
func (j *Job) setShape(a Asked) error {
	j.Poisson = a.Arrivals == "poisson"
	if a.Replay != "" {
		if a.Rate != "" || j.Poisson {
			return fmt.Errorf("--replay takes the arrivals of the recording, so it goes with neither --rate nor " +
				"--arrivals")
		}
		return j.setReplay(a)
	}
	if a.Given("speed") {
		return fmt.Errorf("--speed needs a --replay")
	}
	if a.Rate == "" {
		first := float64(DefaultRate)
		if a.Find != "" {
			first = DefaultFirst
		}
		a.Rate = strconv.FormatFloat(first, 'g', -1, 64) + "/s"
	}
	shape, err := load.ParseShape(a.Rate)
	if err != nil {
		return fmt.Errorf("--rate: %s", err)
	}
	if shape.Max && j.Poisson {
		return fmt.Errorf("--arrivals poisson needs a rate: in a closed loop the replies say when to send")
	}
	j.Shape = shape
	j.Length = cmp.Or(a.Duration, shape.Length, DefaultLength)
	if a.Find != "" {
		j.Length = cmp.Or(a.Duration, DefaultTrial)
	}
	return nil
}

// setWidth decides on sessions, connections and processes.
func (j *Job) setWidth(a Asked) error {
	switch {
	case a.Sessions < 0 || a.Sessions > MostSessions:
		return fmt.Errorf("--sessions %d is not from 1 to %d", a.Sessions, MostSessions)
	case a.Connections < 0 || a.Connections > MostConnections:
		return fmt.Errorf("--connections %d is not from 1 to %d", a.Connections, MostConnections)
	case a.Processes < 1 || a.Processes > MostProcesses:
		return fmt.Errorf("--processes %d is not from 1 to %d", a.Processes, MostProcesses)
	case j.Options.Transport == wire.Stdio && (a.Sessions > 1 || a.Given("connections") && !j.Shape.Max):
		return hint.New(fmt.Errorf("a server over stdio has one session and no connections"),
			"start several with --processes")
	case a.Given("processes") && j.Options.Transport != wire.Stdio:
		return fmt.Errorf("--processes starts several servers over stdio, and this is none")
	}
	for _, part := range []func() error{func() error { return j.Widen(a.Sessions, a.Connections, a.Processes) },
		j.share, j.Fit} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// setDemands reads the thresholds. One on a tool that the plan never calls
// would match no data.
func (j *Job) setDemands(a Asked) error {
	for _, list := range []struct {
		flag  string
		texts []string
		to    *[]verdict.Threshold
	}{{"threshold", a.Thresholds, &j.Thresholds}, {"abort-on", a.AbortOn, &j.AbortOn}} {
		for _, text := range list.texts {
			th, err := verdict.ParseThreshold(text)
			if err != nil {
				return fmt.Errorf("--%s: %s", list.flag, err)
			}
			if err := j.Reaches(th); err != nil {
				return fmt.Errorf("--%s %s: %w", list.flag, text, err)
			}
			*list.to = append(*list.to, th)
		}
	}
	if j.Echo && !j.Plan.Nonces() {
		return hint.New(fmt.Errorf("--check echo: no call has a {{nonce}} in its arguments"),
			`put one where the tool gives it back, as in --args '{"text":"{{nonce}}"}'`)
	}
	return nil
}

// setSearch reads how to search.
func (j *Job) setSearch(a Asked) error {
	if a.Find == "" {
		for _, name := range []string{"precision", "cool-down"} {
			if a.Given(name) {
				return fmt.Errorf("--%s belongs to --find capacity", name)
			}
		}
		return nil
	}
	text, percent := strings.CutSuffix(a.Precision, "%")
	precision, err := strconv.ParseFloat(text, 64)
	if percent {
		precision /= 100
	}
	first, rateErr := promise.ParseRate(j.Shape.Text)
	switch {
	case err != nil || !(precision >= LeastPrecision && precision <= 1):
		return fmt.Errorf("--precision %q is not from 0.5%% to 100%%", a.Precision)
	case len(j.Thresholds) == 0:
		return hint.New(fmt.Errorf("--find capacity needs to know what the server should keep"),
			"give a --threshold such as 'p99<100ms'")
	case j.Replay != nil || rateErr != nil:
		return fmt.Errorf("--find capacity searches one rate: --rate is where it begins, such as 100/s")
	case a.Singly != "":
		return fmt.Errorf("--format %s shows single calls, and --find capacity keeps none", a.Singly)
	case j.Schema:
		return fmt.Errorf("--check schema belongs to a single run, not to --find capacity")
	case len(j.AbortOn) > 0 || j.History != "":
		return fmt.Errorf("--abort-on and --save-history belong to a single run, not to --find capacity")
	case a.CoolDown < 0:
		return fmt.Errorf("--cool-down %s is below 0", a.CoolDown)
	}
	j.Find = &CapacitySearch{First: first, Precision: precision, CoolDown: a.CoolDown}
	return nil
}

// setPart says when our part begins, and refuses what goes with no part.
func (j *Job) setPart(a Asked) error {
	if j.Part.Whole() {
		return nil
	}
	if a.Begin != nil {
		j.Start = a.Begin(j.Expected)
	}
	switch {
	case a.Find != "":
		return errors.New("--shard sends one plan: --find capacity makes a new one of each answer")
	case len(a.AbortOn) > 0:
		return errors.New("--shard sends its part of the plan whole: --abort-on would end it without the others")
	case a.Sample > 1:
		return errors.New("--shard keeps every call, as they are to be judged together: it goes without --sample")
	}
	return nil
}

// share leaves of what all parts have together what is ours. The sessions stay those of
// all: by them the plan is split.
func (j *Job) share() error {
	if j.Part.Whole() {
		return nil
	}
	switch {
	case j.Processes > 0 && j.Processes < j.Part.Of:
		return j.Part.TooFew("processes", j.Processes)
	case j.Sessions < j.Part.Of:
		return j.Part.TooFew("sessions", j.Sessions)
	case j.Connections < j.Part.Of:
		return j.Part.TooFew("connections", j.Connections)
	}
	j.Connections, j.Processes = j.Part.Count(j.Connections), j.Part.Count(j.Processes)
	j.MaxInFlight = max(1, j.Part.Count(j.MaxInFlight))
	return nil
}
