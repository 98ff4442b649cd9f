package page

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// Pixels of a token timeline, from the top: the band, a lane for calls that
// neither were admitted nor refused, and how many calls there were.
const (
	bandTop, bandEnd = 14, 234
	oddLane          = 246
	loadTop, loadEnd = 260, 300
	loadBars         = 200
	slices24         = 24
)

// A timeline draws the levels that a bucket can have had, and the calls on it.
type timeline struct {
	calls   []history.Call
	limit   results.Limit
	band    verdict.Band
	proofs  []*exhibit // witnesses whose calls drew from this bucket
	x       axis       // seconds
	y       axis       // tokens
	close   bool       // a close-up: each call with the time that it took
	cut     string     // what lies outside the drawing
	columns struct{ least, most, admitted, refused, other []int }
}

// An exhibit is a witness that a page shows: once, whichever findings name it.
type exhibit struct {
	ID      string
	Number  int
	Check   string
	Witness *results.Witness
	Says    string
	Chart   string // the drawing that shows it; empty where there is none
	named   map[int]bool
}

func (tl *timeline) share(at time.Duration) float64 { return tl.x.share(at.Seconds()) }

func (tl *timeline) pixel(tokens float64) float64 {
	return bandEnd - (bandEnd-bandTop)*tl.y.share(min(max(tokens, tl.y.lo), tl.y.hi))
}

func (tl *timeline) inside(from, to time.Duration) bool {
	return to.Seconds() >= tl.x.lo && from.Seconds() <= tl.x.hi
}

// draw makes the chart.
func (tl *timeline) draw(id, title string) chart {
	tl.scale()
	c := chart{ID: id, Title: title}
	d := &drawing{height: loadEnd}
	d.yTicks(tl.y.ticks(5), tl.pixel, figure)
	d.xTicks(tl.x, tl.x.every(timeStep((tl.x.hi-tl.x.lo)/5)), tl.clock(5))
	for _, e := range tl.proofs {
		d.path("window", rect(tl.share(time.Duration(e.Witness.FromNS)), tl.share(time.Duration(e.Witness.ToNS)), 0,
			bandEnd))
	}
	upper, lower := tl.edges()
	d.path("band", between(upper, lower))
	d.path("edge", upper.line())
	d.path("edge", lower.line())
	if tl.y.lo < 0 {
		d.path("impossible", rect(-1, 2, tl.pixel(0), bandEnd))
	}
	d.level("zero", tl.pixel(0))
	d.level("one", tl.pixel(1))
	d.level("declared", tl.pixel(tl.band.Burst))
	d.text("note declared-label", 1, 0, tl.pixel(tl.band.Burst)-5, "end", fmt.Sprintf("declared burst %s, refilled "+
		"at %s/s", figure(tl.band.Burst), figure(tl.band.Rate)))
	tl.witnesses(d)
	c.Notes = tl.marks(d)
	tl.load(d)
	if tl.cut != "" {
		c.Notes = append(c.Notes, tl.cut)
	}
	c.Legend = tl.legend()
	c.SVG = d.svg(title + ": tokens in the bucket over time")
	c.Readout = tl.readout()
	c.Table = tl.table()
	c.Table.Caption += ": " + title
	return c
}

// scale chooses the range of tokens. What lies far outside the bucket is cut,
// or nothing could be seen of the rest.
func (tl *timeline) scale() {
	lowest := 0.0
	for _, l := range tl.band.Levels {
		if tl.inside(l.At, l.At) {
			lowest = min(lowest, l.Most)
		}
	}
	if floor := -1.5*tl.band.Burst - 5; lowest < floor {
		tl.cut = fmt.Sprintf("The upper edge falls to %s tokens, below the drawing.", figure(lowest))
		lowest = floor
	}
	if lowest < -0.01 {
		lowest = min(lowest, -0.12*tl.band.Burst) // there must be room for a word under 0
	}
	tl.y = axis{lowest, tl.band.Burst * 1.02}
}

// clock labels instants of the axis.
func (tl *timeline) clock(n int) func(float64) string {
	step := seconds(timeStep((tl.x.hi - tl.x.lo) / float64(n)))
	return func(v float64) string { return clock(time.Duration(math.Round(v*1e9)), step) }
}

// edges walks along the band, and notes its extremes in every column.
func (tl *timeline) edges() (upper, lower *trace) {
	upper, lower = &trace{}, &trace{}
	tl.columns.least, tl.columns.most = filled(readoutColumns, math.MaxInt), filled(readoutColumns, math.MinInt)
	note := func(at time.Duration, least, most float64) {
		if k := int(tl.share(at) * readoutColumns); k >= 0 && k < readoutColumns {
			tl.columns.least[k] = min(tl.columns.least[k], hundredths(max(0, least), math.Floor))
			tl.columns.most[k] = max(tl.columns.most[k], hundredths(most, math.Ceil))
		}
	}
	visit := func(at time.Duration, least, most float64) {
		upper.add(tl.share(at), tl.pixel(most))
		lower.add(tl.share(at), tl.pixel(max(0, least)))
		note(at, least, most)
	}
	from, to := seconds(tl.x.lo), seconds(tl.x.hi)
	least, most := tl.band.At(from)
	visit(from, least, most)
	last := verdict.Level{At: from, Most: most, Least: least, Room: tl.band.Burst}
	if k := tl.first(from); k > 0 {
		last = tl.band.Levels[k-1]
	}
	for _, l := range tl.band.Levels[tl.first(from):] {
		if l.At > to {
			break
		}
		tl.between(last, max(last.At, from), l.At, visit, note)
		visit(l.At, l.Least, l.Most)
		last = l
	}
	tl.between(last, max(last.At, from), to, visit, note)
	return upper, lower
}

// first is the place of the first level after an instant.
func (tl *timeline) first(at time.Duration) int {
	k, _ := slices.BinarySearchFunc(tl.band.Levels, at, func(l verdict.Level, at time.Duration) int {
		return cmp.Or(cmp.Compare(l.At, at), -1)
	})
	return k
}

// between visits what happens from one instant to another while nothing is
// decided: where an edge meets its ceiling, and the end. It notes the level at
// each column's beginning on the way.
func (tl *timeline) between(l verdict.Level, from, to time.Duration, visit, note func(time.Duration, float64,
	float64)) {
	at := func(t time.Duration) (time.Duration, float64, float64) {
		flown := (t - l.At).Seconds()
		return t, min(l.Room, l.Least+tl.band.Slow*flown), min(tl.band.Burst, l.Most+tl.band.Fast*flown)
	}
	full := l.At + seconds((tl.band.Burst-l.Most)/tl.band.Fast)
	free := l.At + seconds((l.Room-l.Least)/tl.band.Slow)
	for _, t := range []time.Duration{min(full, free), max(full, free), to} {
		if t > from && t <= to {
			visit(at(t))
		}
	}
	width := (tl.x.hi - tl.x.lo) / readoutColumns
	for k := math.Floor((from.Seconds()-tl.x.lo)/width) + 1; tl.x.lo+k*width < to.Seconds(); k++ {
		note(at(seconds(tl.x.lo + k*width)))
	}
}

// marks draws the calls, and says what isn't drawn.
func (tl *timeline) marks(d *drawing) []string {
	var admitted, refused, odd cloud
	var took strings.Builder
	point := func(into *cloud, list []verdict.LevelPoint) {
		for _, p := range list {
			c := &tl.calls[p.Call-1]
			if !tl.inside(p.At, p.At) {
				continue
			}
			into.add(tl.share(p.At), tl.pixel(p.Level))
			if tl.close && into.total <= everyMark {
				fmt.Fprintf(&took, "M%s %sH%s", unit(tl.share(c.Sent)), px(tl.pixel(p.Level)),
					unit(tl.share(max(c.Received, p.At))))
			}
		}
	}
	point(&admitted, tl.band.Admitted)
	point(&refused, tl.band.Refused)
	for i := range tl.calls {
		if c := &tl.calls[i]; odds(c) && tl.mine(c) && tl.inside(c.Sent, c.Sent) {
			odd.add(tl.share(c.Sent), oddLane)
		}
	}
	d.path("took", took.String())
	d.path("mark admitted", admitted.path(0))
	d.path("mark refused", refused.path(9))
	d.path("mark odd", odd.path(7))
	var notes []string
	for _, n := range []struct {
		c    *cloud
		name string
	}{{&admitted, "admitted calls"}, {&refused, "refused calls"}, {&odd, "failed and unknown calls"}} {
		if kept := len(n.c.kept()); kept < n.c.total {
			notes = append(notes, fmt.Sprintf("%s of %s %s are drawn: the highest and the lowest in each of %s "+
				"columns. All are counted in the bars.",
				grouped(kept), grouped(n.c.total), n.name, grouped(columns)))
		}
	}
	return notes
}

// odds are the calls that neither were admitted nor refused.
func odds(c *history.Call) bool {
	return c.Outcome != history.OK && c.Outcome != history.Limited && c.Outcome != history.Unsent
}

// mine reports if a call draws from this bucket.
func (tl *timeline) mine(c *history.Call) bool {
	return tl.band.Client == "" || c.Client == tl.band.Client
}

// load counts the calls of this bucket in slices of the time, and draws the
// counts as bars: admitted below, refused on top of them, and others on top.
func (tl *timeline) load(d *drawing) {
	tl.columns.admitted, tl.columns.refused, tl.columns.other = filled(readoutColumns, 0), filled(readoutColumns, 0),
		filled(readoutColumns, 0)
	for i := range tl.calls {
		c := &tl.calls[i]
		k := int(tl.share(c.Sent) * readoutColumns)
		if c.Outcome == history.Unsent || !tl.mine(c) || !tl.inside(c.Sent, c.Sent) {
			continue
		}
		k = min(max(k, 0), readoutColumns-1)
		switch c.Outcome {
		case history.OK:
			tl.columns.admitted[k]++
		case history.Limited:
			tl.columns.refused[k]++
		default:
			tl.columns.other[k]++
		}
	}
	rows := [][]int{summed(tl.columns.admitted, loadBars), summed(tl.columns.refused, loadBars),
		summed(tl.columns.other, loadBars)}
	highest := 1
	for k := range loadBars {
		highest = max(highest, rows[0][k]+rows[1][k]+rows[2][k])
	}
	scale := float64(loadEnd-loadTop) / float64(highest)
	base := make([]int, loadBars)
	for r, class := range []string{"bar admitted", "bar refused", "bar odd"} {
		var b strings.Builder
		for k, n := range rows[r] {
			if n == 0 {
				continue
			}
			b.WriteString(rect(float64(k)/loadBars, float64(k+1)/loadBars, loadEnd-scale*float64(base[k]+n),
				loadEnd-scale*float64(base[k])))
			base[k] += n
		}
		d.path(class, b.String())
	}
	d.level("axis", loadEnd)
	d.text("tick", 0, -8, loadTop+6, "end", short(float64(highest)))
	d.text("tick", 0, -8, loadEnd, "end", "calls")
}

// witnesses draws halos about the calls that prove a fail, and makes them
// reachable by keyboard.
func (tl *timeline) witnesses(d *drawing) {
	level := map[int]verdict.LevelPoint{}
	for _, e := range tl.proofs {
		for _, list := range [][]verdict.LevelPoint{tl.band.Admitted, tl.band.Refused} {
			for _, p := range list {
				if e.named[p.Call] {
					level[p.Call] = p
				}
			}
		}
	}
	for _, e := range tl.proofs {
		var admitted, refused cloud
		for _, pos := range slices.Sorted(slices.Values(e.Witness.Calls)) {
			p, ok := level[pos]
			if !ok || !tl.inside(p.At, p.At) {
				continue
			}
			into := &admitted
			if tl.calls[pos-1].Outcome == history.Limited {
				into = &refused
			}
			into.add(tl.share(p.At), tl.pixel(p.Level))
		}
		halo := "halo admitted"
		if refused.total > 0 { // the refused call is the one that matters; the others only may have taken tokens
			halo += " weak"
		}
		label := fmt.Sprintf("Witness %d, %s: %s", e.Number, e.Check, e.Says)
		from, to := time.Duration(e.Witness.FromNS), time.Duration(e.Witness.ToNS)
		fmt.Fprintf(&d.data,
			`<g class="witness" tabindex="0" role="img" aria-label="%s" data-witness="%s" data-from="%d" data-to="%d">`+
				`<path class="window-edge" d="%s"/><path class="%s" d="%s"/><path class="halo refused" d="%s"/>`+
				`<path class="mark admitted" d="%s"/><path class="mark refused" d="%s"/></g>`,
			escape(label), e.ID, int64(from), int64(to), rect(tl.share(from), tl.share(to), 0, bandEnd),
			halo, admitted.path(0), refused.path(9), admitted.path(0), refused.path(9))
		fmt.Fprintf(&d.front, `<text class="flag" x="%s%%" y="-6" text-anchor="%s" data-at="%d">▼ %d</text>`,
			px(100*tl.share(e.middle())), tl.flagAnchor(e), int64(e.middle()), e.Number)
	}
}

// middle is the instant at which a witness's flag stands.
func (e *exhibit) middle() time.Duration {
	return time.Duration((e.Witness.FromNS + e.Witness.ToNS) / 2)
}

// flagAnchor keeps flags that stand close together from being printed over each other.
func (tl *timeline) flagAnchor(e *exhibit) string {
	const close = 0.08 // of the width: the length of a flag on a phone
	at, before, after := tl.share(e.middle()), false, false
	for _, o := range tl.proofs {
		d := tl.share(o.middle()) - at
		before = before || d < 0 && d > -close || d == 0 && o.Number < e.Number
		after = after || d > 0 && d < close || d == 0 && o.Number > e.Number
	}
	switch {
	case before && !after:
		return "start"
	case after && !before:
		return "end"
	}
	return "middle"
}

func (tl *timeline) legend() []key {
	keys := []key{{"key-band", "level between these edges"}, {"key-admitted", "admitted"}, {"key-refused", "refused"}}
	if slices.ContainsFunc(tl.columns.other, func(n int) bool { return n > 0 }) {
		keys = append(keys, key{"key-odd", "failed or unknown"})
	}
	keys = append(keys, key{"key-declared", "declared burst"}, key{"key-one", "1 token"})
	if tl.y.lo < 0 {
		keys = append(keys, key{"key-impossible", "under 0: no honest bucket"})
	}
	if len(tl.proofs) > 0 {
		keys = append(keys, key{"key-witness", "witness"})
	}
	return keys
}

// rect is a rectangle of a path: from one share of the width to another, and
// from one height to another.
func rect(from, to, top, end float64) string {
	return fmt.Sprintf("M%s %sH%sV%sH%sZ", unit(from), px(top), unit(to), px(end), unit(from))
}
