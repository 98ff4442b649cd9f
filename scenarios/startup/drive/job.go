// Package drive starts a server once for each start that package startup plans, and
// looks on: what it answers and prints, its log files, its command lines, what is
// left of it.
//
// Most users want Job.Run. Job.Plan says what it would start, and starts nothing.
// Asked.Line makes a job of a command line's words.
//
// The package deliberately judges nothing, and reads no environment: what a server
// gets is its Job's.
package drive

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
	"github.com/mcpload/mcpload/scenarios/startup"
)

// A Job is one server that is to be started again and again: how, and with what.
type Job struct {
	Command []string
	Dir     string          // to start it in; empty: this one
	Scratch bool            // it is started in an empty folder of its own instead
	Env     []string        // what it gets beside the credentials, NAME=VALUE
	URL     string          // where it serves http; empty where it speaks on stdin and stdout
	Options wire.Options    // of the sessions over http
	Limit   time.Duration   // for a bad start to end
	Ready   time.Duration   // for a good start to answer, at least the limit
	Logs    []string        // patterns of its log files
	Tool    history.Arrival // whose reply is looked through as well; the zero value is none

	Credentials []profiles.Credential // that it takes
	Providers   []apikey.Provider     // of one's own, beside those that apikey knows
	Own         map[string]string     // real ones for the good starts, by their variables
	Cases       []string              // between the good starts; empty: all
	Seed        uint64                // of the credentials that are made up

	// Install makes the server ready before its first start, and says how it is started
	// then; an empty URL leaves that as it is. nil: it is ready.
	Install func(context.Context) (command []string, url string, err error)

	hung bool // a start hung, and once more when it was made again
}

// Plan is every start of the job, and what they are judged by.
func (j *Job) Plan() (*startup.Trial, error) {
	trial := &startup.Trial{Limit: j.Limit, Stdio: j.URL == "", HasLogs: len(j.Logs) > 0, Provider: map[string]string{}}
	var credentials []startup.Credential
	for _, c := range j.Credentials {
		made, err := startup.NewCredential(c.Env, c.Provider, c.Required, j.Providers...)
		if err != nil {
			return nil, hint.New(err, nearest(c.Provider, j.Providers)+"mcpload keys providers lists them all; "+
				"--provider-file adds your own")
		}
		made.OneOf = c.OneOf
		credentials = append(credentials, made)
		trial.Provider[c.Env] = c.Provider
	}
	trial.Starts = startup.Plan(credentials, rand.New(rand.NewPCG(j.Seed, j.Seed)))
	startup.Using(trial.Starts, j.Own)
	for i := range trial.Starts {
		if s := &trial.Starts[i]; s.Case.Name == startup.Absent {
			s.Doubt = j.setByFile(s.Env)
		}
	}
	return trial, j.keepCases(trial)
}

// nearest asks if the provider of a likely name was meant.
func nearest(name string, own []apikey.Provider) string {
	var names []string
	for _, p := range slices.Concat(own, apikey.Providers()) {
		names = append(names, p.Name())
	}
	return profiles.Meant(name, names)
}

// keepCases leaves out the cases that weren't asked for. The good starts stay:
// without them nothing else proves anything.
func (j *Job) keepCases(trial *startup.Trial) error {
	var all []string
	for _, c := range startup.Cases() {
		all = append(all, c.Name)
	}
	for _, name := range j.Cases {
		if !slices.Contains(all, name) {
			return hint.New(fmt.Errorf("no start-up case is named %q", name), "there are "+strings.Join(all, ", "))
		}
	}
	if len(j.Cases) > 0 {
		trial.Starts = slices.DeleteFunc(trial.Starts, func(s startup.Start) bool {
			return s.Case.Name != startup.Good && !slices.Contains(j.Cases, s.Case.Name)
		})
	}
	return nil
}

// Run makes the starts, judges them and adds the scenario to the server's part of a
// document. Its error says that not even one could be made. tell hears what is under
// way. A closed drain ends the starts; so does ctx, at once.
func (j *Job) Run(ctx context.Context, drain <-chan struct{}, server *results.Server, tell func(doing string)) error {
	trial, err := j.Plan()
	if err != nil {
		return err
	}
	soft, stop := runner.Until(ctx, drain)
	defer stop()
	remove, err := j.prepare(soft)
	if err != nil {
		return err
	}
	defer remove()
	for i := range trial.Starts {
		s := &trial.Starts[i]
		tell(fmt.Sprintf("start %d of %d: %s", i+1, len(trial.Starts), s.About()))
		seen, err := j.observe(soft, ctx, *s)
		if soft.Err() != nil {
			server.Notes = append(server.Notes, fmt.Sprintf("%s after %d of %d starts", results.InterruptedRun, i,
				len(trial.Starts)))
			break
		}
		if err != nil && i == 0 {
			return target.Explained(err)
		}
		if err != nil {
			server.Error, server.Hint = target.Explain(err)
			break
		}
		s.Seen = seen
	}
	sc := results.NewScenario(startup.Scenario, nil, startup.Judge(trial))
	for _, row := range trial.Rows() {
		sc.Starts = append(sc.Starts, results.Start(row))
	}
	server.Scenarios = append(server.Scenarios, sc)
	for _, line := range trial.LastWords() {
		server.Notes = append(server.Notes, "a good start's last words: "+line)
	}
	return nil
}

// prepare makes all ready for the first start. remove takes away what was made for it.
func (j *Job) prepare(ctx context.Context) (remove func(), err error) {
	remove = func() {}
	if j.Install != nil {
		command, url, err := j.Install(ctx)
		if err != nil {
			return nil, err
		}
		if j.Command = command; url != "" {
			j.URL = url
		}
	}
	j.Options.URL = j.URL
	if j.Scratch {
		if j.Dir, err = os.MkdirTemp("", "mcpload-startup-"); err != nil {
			return nil, fmt.Errorf("cannot make a folder for the server: %w", err)
		}
		remove = func() { _ = os.RemoveAll(j.Dir) } // the system clears what is left
	}
	if err := j.portFree(ctx); err != nil {
		remove()
		return nil, err
	}
	return remove, nil
}

// observe makes a start. The first bad one that hangs is made a second time:
// the machine or the server may have been stopped meanwhile. Where it hangs
// twice, no one pause explains it, nor those that hang after it.
func (j *Job) observe(soft, hard context.Context, s startup.Start) (*startup.Observation, error) {
	seen, err := j.start(soft, hard, s)
	if s.Seen = seen; err != nil || j.hung || !s.Hung(j.Limit) {
		return seen, err
	}
	second, err := j.start(soft, hard, s)
	if err != nil {
		return nil, err
	}
	s.Seen = second
	j.hung = s.Hung(j.Limit)
	return startup.Again(seen, second), nil
}

// settings are the first MiB of a .env file; nothing where it can't be read.
func settings(name string) []byte {
	file, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer file.Close() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, 1<<20))
	if err != nil {
		return nil
	}
	return text
}

// setByFile says which .env file sets a variable that a start leaves out; many
// servers read one from their folder, or from one above it or their script.
func (j *Job) setByFile(env string) string {
	assigns := regexp.MustCompile(`(?m)^[ \t]*(?:export[ \t]+)?` + regexp.QuoteMeta(env) + `[ \t]*=[ \t]*\S`)
	folders := []string{j.Dir}
	for _, word := range j.Command {
		if path := filepath.Join(j.Dir, word); !filepath.IsAbs(word) && isFile(path) {
			folders = append(folders, filepath.Dir(path))
		} else if filepath.IsAbs(word) && isFile(word) {
			folders = append(folders, filepath.Dir(word))
		}
	}
	for _, folder := range folders {
		for {
			name := filepath.Join(folder, ".env")
			if isFile(name) && assigns.Match(settings(name)) {
				return fmt.Sprintf("%s sets it, and the server may read that; start it elsewhere with --dir", name)
			}
			above := filepath.Dir(folder)
			if above == folder {
				break
			}
			folder = above
		}
	}
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
