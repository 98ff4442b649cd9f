package verdict

import (
	"fmt"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/words"
	"github.com/mcpload/mcpload/promise"
)

// Restarting is the session of the calls that come after the server was restarted. The
// request that opens it has a Detail that begins with Restarted where there was a sign of
// that: connections that were open before were closed.
const (
	Restarting = "a restart"
	Restarted  = "restarted"
)

// Anew parts the name of a client from what began anew before it sent, as in "c1!a restart":
// the server may count from nothing since then, or go on, and neither breaks a promise. What
// was admitted since is judged by itself, and what was refused is held against nobody. Where
// counters are promised to be kept, calls after a restart are the client's own.
const Anew = "!"

// Restart is the check of what a restart of the server does to its counters. It fails only
// where they are promised to be kept: see Anew.
var Restart = Check{
	ID:    "restart",
	Doc:   "a restart gives back nothing that was used up, where that is promised",
	Judge: judgeRestart,
}

func judgeRestart(t *Trial) Finding {
	f := Finding{Check: "restart", Want: "what was used up before a restart stays so after it"}
	down := time.Duration(0)
	before, own, sign, promised := t.aroundRestart()
	if !promised {
		f.Want = "nothing is promised of a restart: what it does to the counters is told"
	}
	if len(before) > 0 && len(own) > 0 {
		last, first := t.court.calls[before[len(before)-1]-1], t.court.calls[own[0]-1]
		down = first.Sent - last.Sent
	}
	kept, lost, witness := t.counters(before, own)
	took := words.Span(down.Round(10 * time.Millisecond))
	switch {
	case len(own) == 0 || !t.served(own):
		f.Saw = "nothing was answered after the restart"
		return f
	case t.plainly(before) != nil:
		f.Saw = "plain calls break the promise by themselves before the restart"
		return f
	case !sign && !lost:
		f.Saw = "there was no sign that the server was restarted: a connection that was open before it still was"
		return f
	case lost && promised:
		f.Verdict, f.Witness = Fail, witness
		f.Cause = fmt.Sprintf("a restart buys %s: counters are lost by it",
			words.Count(int(float64(witness.Admitted)-witness.Allowed+0.999), "call"))
		f.Saw = fmt.Sprintf("%d admitted before and after it within %s, %s allowed", witness.Admitted,
			(witness.To - witness.From).Round(time.Millisecond), tokens(witness.Allowed))
	case lost:
		f.Verdict = Pass
		f.Saw = fmt.Sprintf("counters are lost by a restart: %d of %d admitted %s after the bucket was drained",
			t.admittedOf(own), len(own), took)
		f.Warnings = []string{"a restart gives back what was used up; nobody promised otherwise (--restart-keeps " +
			"says that somebody did)"}
	case kept:
		f.Verdict = Pass
		f.Saw = fmt.Sprintf("counters are kept across a restart: %d of %d admitted %s after the bucket was drained",
			t.admittedOf(own), len(own), took)
	default:
		f.Saw = fmt.Sprintf("the counters may have been kept or lost: %s after the bucket was drained either fits "+
			"the %d of %d that were admitted", took, t.admittedOf(own), len(own))
		if !promised {
			f.Verdict = Pass // of what nobody promised nothing can be broken
		}
	}
	if lost && !sign {
		f.Saw += "; a connection that was open before it still was, so that it was no restart, but something that " +
			"begins the counters anew"
	}
	return f
}

// aroundRestart are the calls before a restart and after it, by place, if a sign of it
// was seen, and if anything is promised of it.
func (t *Trial) aroundRestart() (before, own []int, sign, promised bool) {
	promised = true
	for i := range t.court.calls {
		c := &t.court.calls[i]
		if !t.pos[i+1] || c.Outcome == history.Unsent {
			continue
		}
		name, _ := TrickOf(c.Session)
		switch {
		case name != Restarting:
			before = append(before, i+1)
		case c.Method == "initialize":
			sign = strings.HasPrefix(c.Detail, Restarted)
		default:
			own = append(own, i+1)
			promised = promised && !strings.Contains(c.Client, Anew)
		}
	}
	return before, own, sign, promised
}

// counters tell if what was used before a restart was surely still counted after it, or
// surely not.
func (t *Trial) counters(before, own []int) (kept, lost bool, proof *Witness) {
	l := t.limit()
	l.Scope = promise.Global
	judged := func(positions ...[]int) *Evidence {
		e := t.court.weighing(l, t.court.weight)
		for _, list := range positions {
			for _, p := range list {
				c := t.court.calls[p-1]
				c.Client = strings.Replace(c.Client, Anew+Restarting, "", 1)
				e.Add(p, &c)
			}
		}
		return e
	}
	w, burst := judged(before, own).tightest(l.Rate)
	if burst > float64(l.Burst)+t.Tolerance {
		return false, true, w.overAdmission(l)
	}
	// A bucket that was full when the server began anew lets so many through at least. What
	// a start takes by itself can't be a quarter of it.
	full := judged(own).BurstMax(l.Rate)
	return !t.court.cfg.Shared && full <= float64(l.Burst)-max(t.Tolerance, float64(l.Burst)/4), false, nil
}

// admittedOf is how many of some calls were let through.
func (t *Trial) admittedOf(positions []int) (n int) {
	for _, p := range positions {
		if t.court.calls[p-1].Outcome == history.OK {
			n++
		}
	}
	return n
}
