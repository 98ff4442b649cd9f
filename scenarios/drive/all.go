package drive

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/runner"
)

// MostRepeats bounds how often a run is repeated: a slip of the finger should not
// load a server for a day.
const MostRepeats = 1000

// Histories are the calls of runs by their servers.
type Histories map[string][]history.Call

// All judges every job at the same time, but live servers one after the other, and
// jobs in turn one after the other, and fills the document in. It returns an error where the only server could not be
// used.
func All(ctx context.Context, jobs []Job, doc *results.Document, o Observer, drain <-chan struct{}) (Histories, error) {
	outcomes := make([]Outcome, len(jobs))
	var work sync.WaitGroup
	for i, j := range jobs {
		one := func() { outcomes[i] = j.Run(ctx, o, drain) }
		switch {
		case j.InTurn && i > 0 && runner.Closed(drain):
			outcomes[i].Server = j.Describe()
			outcomes[i].Server.Error = "not started: the run was interrupted"
		case j.InTurn:
			if i > 0 && j.Virtual == nil && j.Laws == nil { // to laws, it rests by itself
				runner.Sleep(ctx, j.Refill()+breath)
			}
			one()
		case j.Live == nil:
			work.Go(one)
		case runner.Closed(drain):
			outcomes[i].Server = j.Describe()
			outcomes[i].Server.Error = "not started: the run was interrupted"
		default: // they are real processes, and would take each other's processors
			one()
		}
	}
	work.Wait()
	jobs, outcomes = spoken(jobs, outcomes)
	histories := Histories{}
	usable := 0
	for i, o := range outcomes {
		doc.Servers = append(doc.Servers, o.Server)
		histories[jobs[i].Profile.Name] = o.Calls
		if o.Server.Error == "" {
			usable++
		}
	}
	doc.Finish()
	if usable == 0 && len(outcomes) == 1 {
		s := outcomes[0].Server
		return histories, hint.New(errors.New(s.Error), s.Hint)
	}
	return histories, nil
}

// spoken are the jobs whose revision the server speaks and the promise has a meaning in,
// where they are one server in turn and there are any. The first one notes the others.
func spoken(jobs []Job, outcomes []Outcome) ([]Job, []Outcome) {
	var some []Job
	var came []Outcome
	var notes []string
	for i, o := range outcomes {
		if jobs[i].InTurn && o.unspoken {
			notes = append(notes, fmt.Sprintf("it does not speak MCP %s: %s", jobs[i].Options.Protocol, o.Server.Error))
			continue
		}
		if o.unfit {
			notes = append(notes, fmt.Sprintf("it is not judged in MCP %s: %s", jobs[i].Options.Protocol,
				o.Server.Error))
			continue
		}
		some, came = append(some, jobs[i]), append(came, o)
	}
	if len(came) == 0 {
		return jobs, outcomes
	}
	came[0].Server.Notes = append(came[0].Server.Notes, notes...)
	return some, came
}

// Repeated judges the jobs n times and merges what every run said. A closed drain
// ends the repeats as well as the run. blank makes the document of a run. The
// histories are those of the runs that the document shows.
func Repeated(ctx context.Context, n int, jobs []Job, blank func() *results.Document, o Observer,
	drain <-chan struct{}) (*results.Document, Histories, error) {
	var runs []*results.Document
	var histories []Histories
	tell := teller{to: o}
	for i := range n {
		if i > 0 && runner.Closed(drain) {
			tell.say("ended after %d of %d runs", i, n)
			break
		}
		doc := blank()
		calls, err := All(ctx, jobs, doc, o, drain)
		if err != nil && i == 0 {
			return nil, nil, err // later on it is one of the things that runs disagree in
		}
		runs, histories = append(runs, doc), append(histories, calls)
		if n > 1 {
			tell.say("%s", fmt.Sprintf("run %d of %d: %s", i+1, n, doc.Verdict))
		}
	}
	doc, from := results.Merge(runs)
	chosen := Histories{}
	for i, s := range doc.Servers {
		chosen[s.Server] = histories[from[i]][s.Server]
	}
	return doc, chosen, nil
}
