package load

import (
	"fmt"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// Checks are what is asked of a load, in the order of its findings. They look at
// the account, where a run's checks look at single calls. Those that there is nothing
// to ask of are left out.
func (a *Account) Checks() []verdict.Check {
	if a.Load.Capacity != nil {
		return a.known([]check{capacity, sessions})
	}
	list := []check{generator, answers, sessions, echo, once, shapely, aborted, duration}
	for _, th := range a.Thresholds {
		list = append(list, demand(th))
	}
	return a.known(append(list, implied))
}

// A check is one question to an account.
type check struct {
	id, doc string
	judge   func(*Account) verdict.Finding
	asked   func(*Account) bool // nil: always
}

// known are the checks that there is something to ask of.
func (a *Account) known(list []check) (out []verdict.Check) {
	for _, c := range list {
		if c.asked != nil && !c.asked(a) {
			continue
		}
		out = append(out, verdict.Check{ID: c.id, Doc: c.doc, Judge: func(*verdict.Trial) verdict.Finding {
			f := c.judge(a)
			f.Check = c.id
			return f
		}})
	}
	return out
}

// generator says if what was measured is the server's. That we were the limit makes
// the run inconclusive where a threshold hangs on it, or where there is none, and
// nothing is left to call a pass.
var generator = check{"generator", "what was measured is the server's, and not our own limit",
	func(a *Account) verdict.Finding {
		f := verdict.Finding{Verdict: verdict.Pass, Want: "requests sent when due, with processor time to spare"}
		switch g := a.Load.Generator; {
		case g.Limited != "":
			f.Saw = "generator-limited: " + g.Limited
			if a.hangs() || len(a.Thresholds) == 0 && a.lost() {
				f.Verdict = verdict.Inconclusive
			} else {
				f.Saw += "; no verdict hangs on it"
			}
		case a.Load.Setting.Closed:
			f.Saw = fmt.Sprintf("closed loop, %.1f of %d calls with the server at a time, %.2f of %d processors",
				g.InFlight, a.Load.Setting.InFlight, g.CPU, g.Cores)
		default:
			f.Saw = fmt.Sprintf("p99 %s late, %.2f of %d processors", words.Span(a.late()), g.CPU, g.Cores)
		}
		return f
	}, nil}

// answers says if there was a server to measure.
var answers = check{"answers", "there was a server that gave results, to the end of the run",
	func(a *Account) verdict.Finding {
		f := a.JudgeAnswers(a.length(), a.Load.Setting.Spoilt)
		if a.Load.Setting.Gone {
			total := a.Total("")
			f.Verdict, f.Cause = verdict.Fail, "the server is gone, or refuses connections"
			f.Saw = fmt.Sprintf("%d results of %d calls, the last one %s into the run; %s",
				total.Of(history.OK), total.Sent(), words.Span(a.LastResult()), a.Load.Stopped)
		}
		return f
	}, nil}

// sessions says if there were as many as were asked for. What was measured with fewer
// stands, but a pass is of what was asked.
var sessions = check{"sessions", "as many sessions could be opened as were asked for",
	func(a *Account) verdict.Finding {
		l := a.Load
		return verdict.Finding{Want: fmt.Sprintf("%d sessions", l.Setting.Wanted),
			Saw: fmt.Sprintf("%d of %d sessions could be opened: %s", l.Sessions, l.Setting.Wanted, l.Setting.Missed)}
	}, func(a *Account) bool { return a.Load.Setting.Missed != "" }}

// echo holds the replies to their requests.
var echo = check{"echo", "every call is answered once, with its own nonce", func(a *Account) verdict.Finding {
	return judgeEcho(a.Load.Integrity, a.Load.Setting.Nonces)
}, func(a *Account) bool { return a.Load.Setting.Echo && a.Load.Integrity != nil }}

// once holds the server to one answer a call where nobody asked for echo. A second answer
// breaks a call only where both come in one piece, so that what the calls came to doesn't
// tell: it depends on how the bytes are cut.
var once = check{"answered-once", "no more than 1 % of the calls are answered twice", func(a *Account) verdict.Finding {
	n, sent := a.Load.Integrity.Duplicates, a.Total("").Sent()
	f := verdict.Finding{Verdict: verdict.Pass, Want: "fewer than 1% of the calls are answered more than once",
		Saw: fmt.Sprintf("%d of %d were", n, sent)}
	if float64(n) >= impliedErrors*float64(sent) {
		f.Verdict, f.Cause = verdict.Fail, "a call is answered more than once"
	}
	return f
}, func(a *Account) bool {
	return !a.Load.Setting.Echo && a.Load.Integrity != nil && a.Load.Integrity.Duplicates > 0
}}

// shapely holds results to the specification.
var shapely = check{"schema", "every result is as the specification demands of each by itself",
	func(a *Account) verdict.Finding {
		return judgeSchema(a.Load.Schema, a.Load.Setting.Shaped)
	}, func(a *Account) bool { return a.Load.Setting.Schema }}

var aborted = check{"abort-on", "what was to end the run early never held", func(a *Account) verdict.Finding {
	what, saw, _ := strings.Cut(a.Load.Setting.Aborted, ": ")
	return verdict.Finding{Verdict: verdict.Fail, Want: "never " + what, Saw: what + ": " + saw,
		Cause: "the condition held, so that the run was ended"}
}, func(a *Account) bool { return strings.Contains(a.Load.Setting.Aborted, ": ") }}

var duration = check{"duration", "the run took as long as was asked for", func(a *Account) verdict.Finding {
	asked := time.Duration(a.Load.Setting.AskedNS)
	return verdict.Finding{Want: "the run that was asked for",
		Saw: fmt.Sprintf("%s after %.1fs of %s", a.Load.Stopped, a.seconds(), asked.Round(time.Millisecond))}
}, func(a *Account) bool { return strings.HasPrefix(a.Load.Stopped, Interrupted) }}

// capacity is what a search came to. It rests on its trials, whose calls aren't kept.
var capacity = check{"capacity", "a rate that keeps every threshold was found, and confirmed",
	func(a *Account) verdict.Finding {
		c := a.Load.Capacity
		f := verdict.Finding{Want: "a rate that keeps every threshold, in whole runs, confirmed", Saw: c.Words()}
		switch {
		case c.Confirmed > 0 && !c.Limited:
			f.Verdict = verdict.Pass
		case c.Confirmed == 0 && len(c.Trials) > 0 && c.Trials[len(c.Trials)-1].Refused:
			// refusals are answers, and of no rate: a quota that somebody used up looks like that
		case c.Confirmed == 0 && !c.Limited && c.Above > 0:
			f.Verdict, f.Cause = verdict.Fail, c.Why
		}
		return f
	}, nil}

// demand is the check of one threshold.
func demand(th verdict.Threshold) check {
	return check{"threshold " + th.Text, "the calls keep " + th.Text, func(a *Account) verdict.Finding {
		f, _ := a.demand(th)
		return f
	}, nil}
}

// implied is the demand that nobody made.
var implied = check{Implied, "errors<1% where no threshold speaks of failures", func(a *Account) verdict.Finding {
	f, _ := a.JudgeImplied(a.Thresholds, a.Load.Setting.Spoilt)
	return f
}, func(a *Account) bool {
	_, ok := a.JudgeImplied(a.Thresholds, a.Load.Setting.Spoilt)
	return ok
}}

// Demands are the findings of all thresholds, the implied one among them.
func (a *Account) Demands() (list []verdict.Finding) {
	for _, th := range a.Thresholds {
		f, _ := a.demand(th)
		list = append(list, f)
	}
	if f, ok := a.JudgeImplied(a.Thresholds, a.Load.Setting.Spoilt); ok {
		list = append(list, f)
	}
	return list
}

// NoData names the first threshold that no call matched; empty where all were.
func (a *Account) NoData() string {
	nodata := ""
	for _, th := range a.Thresholds {
		if f, none := a.demand(th); none {
			nodata = fmt.Sprintf("--threshold %s: %s", th.Text, f.Saw)
		}
	}
	return nodata
}

// demand holds the run against a threshold. What may be our own fault is no fail,
// and what was spared the server no pass. Latencies that we only made longer than
// they were keep a threshold all the same.
func (a *Account) demand(th verdict.Threshold) (f verdict.Finding, nodata bool) {
	f, nodata = a.Judge(th, a.seconds())
	g, set := a.Load.Generator, a.Load.Setting
	stall := time.Duration(set.StallNS)
	switch {
	case nodata:
	case f.Verdict == verdict.Pass && a.Spared():
		f.Verdict = verdict.Inconclusive
		f.Saw += "; but not all that was due was sent"
	case f.Verdict == verdict.Fail && g.Limited != "" && (th.Timed() || th.Metric == verdict.Rate) && !a.slowItself(th):
		f.Verdict, f.Cause = verdict.Inconclusive, ""
		f.Saw += "; but the generator was the limit, so that this may be its own fault"
	case f.Verdict == verdict.Fail && a.Excused(th, set.Spoilt, set.Touched, stall):
		f.Verdict, f.Cause = verdict.Inconclusive, ""
		f.Saw += "; but this machine stood still for up to " + words.Span(stall) + ", which may be why"
	}
	return f, nodata
}

// judgeEcho holds the replies to their requests.
func judgeEcho(i *results.LoadIntegrity, nonces int64) verdict.Finding {
	f := verdict.Finding{Want: "every call answered once, with its own nonce",
		Saw: fmt.Sprintf("%d replies checked: %d crossed, %d without a nonce, %d answered twice, %d never answered",
			i.Checked, i.CrossTalk, i.Missing, i.Duplicates, i.Lost)}
	switch {
	case i.CrossTalk > 0:
		f.Verdict, f.Cause = verdict.Fail, "replies reach calls of others: state is shared between requests that "+
			"must not share it"
	case i.Duplicates > 0:
		f.Verdict, f.Cause = verdict.Fail, "a call is answered more than once"
	case i.Lost > 0:
		f.Verdict, f.Cause = verdict.Fail, "calls are never answered"
	case i.Checked == 0:
		f.Saw = "no reply could be checked"
	case i.Checked < nonces:
		f.Saw += fmt.Sprintf("; %d more results came in a way that can't be checked", nonces-i.Checked)
	case i.Missing == i.Checked:
		f.Saw += "; the tool doesn't give its arguments back"
	case i.Missing > 0:
		f.Verdict, f.Cause = verdict.Fail, "some replies lack what others give back"
	default:
		f.Verdict = verdict.Pass
	}
	return f
}
