package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/judge"
	"github.com/mcpload/mcpload/verdict"
)

// The most of a kind that one server gets; what is left out is said.
const (
	mostClients   = 4
	mostCloseUps  = 3
	mostProven    = 20
	longestDetail = 160 // characters
)

// A view is all that the layout shows.
type view struct {
	shell
	Verdict     string // as a class: pass, fail, inconclusive
	Word, Says  string
	Generator   string
	GeneratorOK bool
	Facts       [][2]string
	Alone       bool // there is one server
	Servers     []server
}

// A server is the part of a page about one server.
type server struct {
	*results.Server
	ID        string
	LimitText string
	Measured  string
	Summary   []verdictCount
	Fails     []fault
	Open      []results.Place
	Next      []string
	Counts    table
	Latency   table
	Checks    []results.Place
	Warnings  []string
	Missing   string // why there are no charts of the calls
	Timelines []chart
	Lanes     []chart // of laws, one each
	CloseUps  []chart
	Curves    []chart
	Box       *chart
	Loads     []loading
	Starts    []table
	Repeats   table
	Spread    *chart
	Waits     []chart
	Left      string // what wasn't drawn for want of room
	Matrix    *matrix
}

// A verdictCount is how many scenarios came out so.
type verdictCount struct {
	Verdict string
	Names   string
}

// A fault is a check that failed, in one scenario or several.
type fault struct {
	Check, Want string
	Causes      []string
	Findings    []finding
}

// A finding is a fail with its proof.
type finding struct {
	results.Place
	Proof  *exhibit
	Same   string // the check that named the same calls before
	Calls  table
	Beyond string // what the table leaves out
}

func newView(d *results.Document, histories map[string][]history.Call) *view {
	v := &view{Verdict: d.Verdict.String()}
	v.Word, v.Says = d.Headline()
	v.Generator, v.GeneratorOK = d.Generator()
	v.Title = "mcpload: " + v.Word
	if len(d.Servers) == 1 {
		v.Title += ", " + d.Servers[0].Called()
	}
	started := d.Started
	if t, err := time.Parse(time.RFC3339, d.Started); err == nil && t.Unix() == 0 {
		started = "" // virtual time begins nowhere
	} else if err == nil {
		started = t.UTC().Format("2 January 2006, 15:04:05 UTC")
	}
	for i := range d.Servers {
		v.Servers = append(v.Servers, newServer(fmt.Sprintf("s%d", i+1), &d.Servers[i], histories[d.Servers[i].Server]))
	}
	scenarios := strings.Join(scenarioNames(d), ", ")
	if v.Alone = len(v.Servers) == 1; v.Alone { // the header is its own, so that nothing is said twice
		v.Facts, scenarios = v.Servers[0].facts(), ""
	}
	for _, fact := range [][2]string{{"target", d.Reached()}, {"scenarios", scenarios}, {"started", started},
		{"seed", d.SeedText()}, {"given clocks within", d.ClocksWords()}, {"mcpload", d.Version}} {
		if fact[1] != "" {
			v.Facts = append(v.Facts, fact)
		}
	}
	return v
}

func newServer(id string, s *results.Server, calls []history.Call) server {
	v := server{Server: s, ID: id, LimitText: s.Promised(), Measured: s.MeasuredWords(),
		Open: s.Found(verdict.Inconclusive), Next: s.Next()}
	for _, of := range []verdict.Verdict{verdict.Fail, verdict.Inconclusive, verdict.Pass} {
		var names []string
		for _, sc := range s.Scenarios {
			if sc.Verdict == of {
				names = append(names, sc.Scenario)
			}
		}
		if len(names) > 0 {
			v.Summary = append(v.Summary, verdictCount{of.String(), strings.Join(names, ", ")})
		}
	}
	v.Matrix = newMatrix(id, s)
	v.statistics()
	v.repeats()
	exhibits := v.fails(calls)
	v.loadings()
	if s.Measured != nil || s.Limit.Rate > 0 && len(v.Loads) == 0 {
		box := newBox(id+"-box", s)
		v.Box = &box
	}
	if len(calls) == 0 {
		if !s.Idle() && (s.Limit.Rate > 0 || s.Promise != "") {
			v.Missing = "The calls of this run weren't kept, so there are no charts of them."
		}
		return v
	}
	if !fits(exhibits, calls) {
		v.Missing = "The calls that are kept aren't those of this run, so they aren't drawn."
		return v
	}
	v.charts(calls, exhibits)
	return v
}

// fits reports if every witness names calls that there are.
func fits(exhibits []*exhibit, calls []history.Call) bool {
	for _, e := range exhibits {
		for _, pos := range e.Witness.Calls {
			if pos < 1 || pos > len(calls) {
				return false
			}
		}
	}
	return true
}

// fails lists the failed findings and their witnesses, each witness once.
func (v *server) fails(calls []history.Call) []*exhibit {
	var exhibits []*exhibit
	for _, p := range v.Found(verdict.Fail) {
		f := finding{Place: p}
		if p.Witness != nil && len(p.Witness.Calls) > 0 {
			k := slices.IndexFunc(exhibits, func(e *exhibit) bool { return sameWitness(e.Witness, p.Witness) })
			if k < 0 {
				e := &exhibit{Number: len(exhibits) + 1, Check: p.Check, Witness: p.Witness, Says: p.Witness.Says(),
					named: map[int]bool{}}
				e.ID = fmt.Sprintf("%s-w%d", v.ID, e.Number)
				for _, pos := range p.Witness.Calls {
					e.named[pos] = true
				}
				exhibits = append(exhibits, e)
				f.Calls, f.Beyond = proven(e, calls)
				f.Proof = e
			} else {
				f.Proof, f.Same = exhibits[k], exhibits[k].Check
			}
		}
		v.blame(f)
	}
	return exhibits
}

// blame puts a finding to those of its check, which follow each other.
func (v *server) blame(f finding) {
	if n := len(v.Fails); n == 0 || v.Fails[n-1].Check != f.Check || v.Fails[n-1].Want != f.Want {
		v.Fails = append(v.Fails, fault{Check: f.Check, Want: f.Want})
	}
	last := &v.Fails[len(v.Fails)-1]
	if f.Cause != "" && !slices.Contains(last.Causes, f.Cause) {
		last.Causes = append(last.Causes, f.Cause)
	}
	last.Findings = append(last.Findings, f)
}

func sameWitness(a, b *results.Witness) bool {
	return a.FromNS == b.FromNS && a.ToNS == b.ToNS && slices.Equal(a.Calls, b.Calls)
}

// proven lists the calls of a witness, the first of them in full.
func proven(e *exhibit, calls []history.Call) (table, string) {
	t := table{Caption: fmt.Sprintf("Calls of witness %d", e.Number), Head: []string{"call", "client", "request",
		"sent", "answered", "outcome"}}
	for n, pos := range e.Witness.Calls {
		if n == mostProven {
			return t, fmt.Sprintf("and %s more", counted(len(e.Witness.Calls)-n, "call"))
		}
		if pos < 1 || pos > len(calls) {
			continue
		}
		c := &calls[pos-1]
		outcome := c.Outcome.String()
		if c.Outcome == history.OK {
			outcome = "admitted"
		}
		if c.Detail != "" {
			outcome += ": " + c.Detail
		}
		request := strings.TrimSpace(c.Method + " " + c.Tool)
		t.Rows = append(t.Rows, []string{grouped(pos), cut(c.Client), cut(request), instant(c.Sent),
			instant(c.Received), cut(outcome)})
	}
	return t, ""
}

// instant is a moment of the run, to the microsecond.
func instant(at time.Duration) string { return fmt.Sprintf("%.6f s", at.Seconds()) }

// cut shortens what a server said.
func cut(s string) string {
	if r := []rune(s); len(r) > longestDetail {
		return string(r[:longestDetail]) + "…"
	}
	return s
}

// sampled reports if only a part of the calls is there: then nothing is certain of
// the bucket.
func (v *server) sampled() bool {
	return slices.ContainsFunc(v.Scenarios, func(sc results.Scenario) bool {
		return sc.Load != nil && sc.Load.Generator.Sampled > 1
	})
}

// charts draws the calls.
func (v *server) charts(calls []history.Call, exhibits []*exhibit) {
	limit := profiles.Limit{
		Rate: v.Limit.Rate, Burst: v.Limit.Burst, Scope: profiles.Scope(v.Limit.Scope),
		Charges: v.Limit.Charges, MayCharge: v.Limit.MayCharge, Free: v.Limit.Free,
	}
	x := span(calls)
	if w, ok := newWaiting(calls, x); ok {
		label := (&timeline{x: x}).clock(5)
		spread := w.distribution(v.ID + "-spread")
		v.Spread, v.Waits = &spread, []chart{w.overTime(v.ID+"-wait", label)}
	}
	if v.sampled() {
		v.Missing = "Only a part of the calls is drawn, so nothing can be said of the bucket's level; the charts of " +
			"latency show that part."
	}
	if v.Promise != "" && !v.sampled() {
		list, err := judge.Lanes(v.Server, calls)
		if err != nil {
			v.Missing = "What of each law was taken isn't drawn: " + err.Error() + "."
		}
		v.lanes(list, calls, exhibits)
		return
	}
	if limit.Rate <= 0 || limit.Burst < 1 || v.sampled() {
		return
	}
	v.timelines(calls, limit, x, exhibits)
	for i, sc := range v.Scenarios {
		if c := newCurve(calls, sc.Scenario, v.Limit); len(c.sent) > 0 {
			v.Curves = append(v.Curves, c.draw(fmt.Sprintf("%s-c%d", v.ID, i+1), sc.Scenario))
		}
	}
}

// timelines draws the bucket's level, a drawing a client where each has a bucket.
func (v *server) timelines(calls []history.Call, limit profiles.Limit, x axis, exhibits []*exhibit) {
	bands := verdict.Gather(limit, calls).Under(v.Clocks.Judged()).Bands(limit)
	proofs := func(client string) []*exhibit {
		return slices.DeleteFunc(slices.Clone(exhibits), func(e *exhibit) bool {
			return client != "" && calls[e.Witness.Calls[0]-1].Client != client
		})
	}
	slices.SortStableFunc(bands, func(a, b verdict.Band) int { // those with a witness first, then the busiest
		if n := len(proofs(b.Client)) - len(proofs(a.Client)); n != 0 {
			return n
		}
		return len(b.Levels) - len(a.Levels)
	})
	for i, band := range bands {
		title := "Token timeline"
		if band.Client != "" {
			title += " of client " + cut(band.Client)
		}
		mine := proofs(band.Client)
		for _, e := range mine {
			// A window that is much of the run is seen well enough in the whole.
			if window := near(e.Witness, v.Limit); len(v.CloseUps) < mostCloseUps &&
				window.hi-window.lo < 0.4*(x.hi-x.lo) {
				tl := timeline{calls: calls, limit: v.Limit, band: band, proofs: []*exhibit{e}, x: window, close: true}
				e.Chart = e.ID + "-close"
				v.CloseUps = append(v.CloseUps, tl.draw(e.Chart, fmt.Sprintf("Witness %d close up", e.Number)))
			}
		}
		if i < mostClients {
			tl := timeline{calls: calls, limit: v.Limit, band: band, proofs: mine, x: x}
			id := fmt.Sprintf("%s-t%d", v.ID, i+1)
			for _, e := range mine {
				e.Chart = cmp.Or(e.Chart, id)
			}
			v.Timelines = append(v.Timelines, tl.draw(id, title))
		}
	}
	if n := len(bands) - len(v.Timelines); n > 0 {
		v.Left = fmt.Sprintf("Timelines of %s more aren't drawn; those with a witness and the busiest are.",
			counted(n, "client"))
	}
}

// span is the time that a history takes, in seconds.
func span(calls []history.Call) axis {
	x := axis{calls[0].Sent.Seconds(), calls[0].Sent.Seconds()}
	for i := range calls {
		if c := &calls[i]; c.Outcome != history.Unsent {
			x.lo = min(x.lo, c.Due.Seconds(), c.Sent.Seconds())
			x.hi = max(x.hi, c.Sent.Seconds(), c.Received.Seconds())
		}
	}
	if x.hi-x.lo < 1e-3 {
		x.hi = x.lo + 1e-3
	}
	return x.padded(0.015)
}

// near is the time about a witness. One of a single instant is explained by the
// seconds before, in which the bucket filled up.
func near(w *results.Witness, l results.Limit) axis {
	x := axis{float64(w.FromNS) / 1e9, float64(w.ToNS) / 1e9}
	if x.hi-x.lo < 1e-6 {
		x.lo = x.hi - min(float64(l.Burst)/l.Rate, 60)
	}
	return x.padded(0.15)
}
