package results

import (
	"fmt"
	"math"

	"github.com/mcpload/mcpload/internal/words"
)

// width says how many sessions and connections there were.
func (l *Load) width() string {
	text := "; " + words.Count(l.Sessions, "session")
	if l.Processes > 0 {
		return "; " + words.Count(l.Processes, "process")
	}
	if l.Connections > 0 {
		text += " over up to " + words.Count(l.Connections, "connection")
		if l.Streams > 0 {
			text += fmt.Sprintf(" beside %d that hold their streams", l.Streams)
		}
		text += ", HTTP/" + l.HTTP
	}
	return text
}

// asked says what was to be sent, and what was.
func (l *Load) asked(sc *Scenario) string {
	how := map[string]string{"poisson": ", Poisson arrivals", "closed": ", a closed loop: latency is from " +
		"sending"}[l.Arrivals]
	text := fmt.Sprintf("%s%s, for %s: %s sent", l.Shape, how, ms(l.Seconds*1000), words.Count(sc.Calls.Sent, "call"))
	if n := sc.Calls.Unsent(); n > 0 {
		text += fmt.Sprintf(", %d unsent", n)
	}
	return text
}

// health says how well we kept up.
func (l *Load) health() string {
	g := l.Generator
	text := ""
	if g.Pacing.N > 0 {
		text = fmt.Sprintf("requests handed over p50 %s, p99 %s after they were due; ", ms(g.Pacing.P50),
			ms(g.Pacing.P99))
	}
	text += fmt.Sprintf("%.2f of %d processors", g.CPU, g.Cores)
	if g.GC.N > 0 {
		text += fmt.Sprintf("; longest GC pause %s", ms(g.GC.Max))
	}
	return text + fmt.Sprintf("; at most %d in flight", g.Peak)
}

// Growth says how fast something grows, and how sure that is.
func Growth(g LoadSlope) string {
	say := func(x float64) string { return fmt.Sprintf("%.3g", x) }
	what := map[string]string{"rss": "memory", "fds": "descriptors", "threads": "threads"}[g.What]
	if g.What == "rss" {
		say = memory
	}
	text := fmt.Sprintf("%s grows by %s a minute (99 %% sure: %s to %s)", what, say(g.PerMin), say(g.Lo), say(g.Hi))
	if g.PerCall > 0 && (g.Leak || g.Untold != "") {
		text += fmt.Sprintf(", %s a call", say(g.PerCall))
	}
	switch {
	case g.Leak:
		return text + ", steadily through the whole run: unless that is a heap, cache or pool whose bound is still " +
			"ahead, it leaks"
	case g.Untold != "":
		return text + "; whether it leaks can't be told: " + g.Untold
	}
	return text + ", which is no leak that this run can tell"
}

// memory says an amount of memory.
func memory(x float64) string {
	sign := ""
	if x < 0 {
		sign, x = "-", -x
	}
	switch {
	case x >= 1<<30:
		return fmt.Sprintf("%s%.2f GiB", sign, x/(1<<30))
	case x >= 1<<20:
		return fmt.Sprintf("%s%.1f MiB", sign, x/(1<<20))
	case x > 0 && x < 1<<10:
		return fmt.Sprintf("%s%.0f bytes", sign, x)
	}
	return fmt.Sprintf("%s%.0f KiB", sign, x/(1<<10))
}

// Knee says what callers wait on either side of what a search found: the best
// of the runs at the rate that was confirmed, and the worst at the one that
// failed. It is empty where nothing failed, or nothing was confirmed.
func (c *LoadCapacity) Knee() string {
	if c.Confirmed == 0 || c.Above == 0 || c.Limited {
		return ""
	}
	at := func(rate float64) (best, worst float64) {
		best = math.Inf(1)
		for _, t := range c.Trials {
			if t.Rate == rate {
				best, worst = min(best, t.P99), max(worst, t.P99)
			}
		}
		return best, worst
	}
	low, _ := at(c.Rate)
	_, high := at(c.Above)
	return fmt.Sprintf("the knee: p99 %s at %s, %s at %s", ms(low), words.PerSecond(c.Rate), ms(high),
		words.PerSecond(c.Above))
}

// Words say what a search found.
func (c *LoadCapacity) Words() string {
	switch {
	case c.Confirmed > 0 && c.Limited:
		return fmt.Sprintf("sustains at least %s/s (%d runs): %s", words.Figure(c.Rate), c.Confirmed, c.Why)
	case c.Confirmed > 0:
		return fmt.Sprintf("sustains %s/s (%d runs); %s", words.Figure(c.Rate), c.Confirmed, c.Why)
	}
	text := "has no capacity that could be confirmed: " + c.Why
	kept := 0.0
	for _, t := range c.Trials {
		if t.Verdict == "kept" {
			kept = max(kept, t.Rate)
		}
	}
	if kept > 0 {
		text += fmt.Sprintf("; %s was kept, and not confirmed", words.PerSecond(kept))
	}
	return text
}
