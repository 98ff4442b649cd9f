package page

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/verdict"
)

// Pixels of a law's lane, from the top: what of its units is taken, and which calls were
// refused.
const (
	laneTop, laneEnd         = 12, 132
	refusedTop, refusedEnd   = 142, 156
	laneHeight               = 160
	alone, shared, elsewhere = 0, 1, 2 // who can have refused a call: this law, it or another, another
)

var refusers = [3]struct{ class, key, says string }{
	{"mark refused", "key-refused", "refused by this law"},
	{"mark refused shared", "key-refused shared", "refused by this law or another"},
	{"mark elsewhere", "key-elsewhere", "refused by another law"},
}

// A lane draws what one law counted.
type lane struct {
	*verdict.Lane
	found   results.Law
	calls   []history.Call
	proofs  []*exhibit
	x, y    axis
	columns struct {
		least, most []int
		refused     [3][]int
	}
}

// lanes draws each law under the others, on one axis of time.
func (v *server) lanes(list []verdict.Lane, calls []history.Call, exhibits []*exhibit) {
	x := span(calls)
	for k := range list {
		if len(list[k].Curve) == 0 || k >= len(v.Laws) {
			continue
		}
		l := lane{Lane: &list[k], found: v.Laws[k], calls: calls, x: x}
		id := fmt.Sprintf("%s-law%d", v.ID, k+1)
		for _, e := range exhibits {
			ofLaw := strings.HasPrefix(e.Check, "law ")
			if ofLaw && e.Check == fmt.Sprintf("law %d", k+1) || !ofLaw && l.Has(e.Witness.Calls[0]) {
				l.proofs = append(l.proofs, e)
				e.Chart = cmp.Or(e.Chart, id)
			}
		}
		v.Lanes = append(v.Lanes, l.draw(id, fmt.Sprintf("Law %d: %s", k+1, l.found.Law)))
	}
}

func (l *lane) share(at time.Duration) float64 { return l.x.share(at.Seconds()) }

func (l *lane) pixel(units float64) float64 {
	return laneEnd - (laneEnd-laneTop)*l.y.share(min(max(units, 0), l.y.hi))
}

func (l *lane) draw(id, title string) chart {
	highest := float64(l.Law.N)
	for _, o := range l.Curve {
		highest = max(highest, min(o.Most, 3*float64(l.Law.N)))
	}
	l.y = axis{0, 1.06 * highest}
	c := chart{ID: id, Title: title, Lead: l.lead()}
	d := &drawing{height: laneHeight}
	d.yTicks(l.y.ticks(3), l.pixel, figure)
	d.xTicks(l.x, l.x.every(timeStep((l.x.hi-l.x.lo)/5)), (&timeline{x: l.x}).clock(5))
	for _, w := range l.Opened {
		d.path("opened", rect(l.share(w.From), max(l.share(w.To), l.share(w.From)+1.0/columns), laneTop, laneEnd))
	}
	upper, lower := l.edges()
	d.path("band", between(upper, lower))
	d.path("edge", upper.line())
	d.path("edge", lower.line())
	d.level("zero", l.pixel(0))
	d.level("declared", l.pixel(float64(l.Law.N)))
	d.text("note declared-label", 1, 0, l.pixel(float64(l.Law.N))-4, "end", grouped(l.Law.N)+" granted")
	l.refusals(d)
	l.witnesses(d)
	c.Legend = l.legend()
	c.SVG = d.svg(title + ": what of it is taken over time")
	c.Readout, c.Table = l.readout(), l.table()
	c.Table.Caption += ": " + title
	return c
}

// lead says what is counted, whose, and what came of it.
func (l *lane) lead() string {
	what := map[promise.Kind]string{promise.Bucket: "tokens taken that haven't flowed back",
		promise.Cap: "calls served", promise.Sessions: "sessions open",
		promise.Quota: "units taken of the quota"}[l.Law.Kind]
	switch {
	case what != "":
	case l.Law.Style == promise.Fixed && !l.Law.Elastic && len(l.Opened) > 0:
		what = "units taken in the window that is open"
	default:
		what = "units taken within the last " + promise.Span(l.Law.Every)
	}
	text := string(l.found.State) + "; " + what
	if l.Key != "" {
		text += ", of " + cut(l.Key)
	}
	if l.Others > 0 {
		text += fmt.Sprintf(" (%s more not drawn)", counted(l.Others, "counter"))
	}
	return text
}

// edges walks along what is taken, and notes its extremes in every column.
func (l *lane) edges() (upper, lower *trace) {
	upper, lower = &trace{}, &trace{}
	l.columns.least, l.columns.most = filled(readoutColumns, math.MaxInt), filled(readoutColumns, math.MinInt)
	note := func(share, least, most float64) {
		k := min(max(int(share*readoutColumns), 0), readoutColumns-1)
		l.columns.least[k] = min(l.columns.least[k], hundredths(least, math.Floor))
		l.columns.most[k] = max(l.columns.most[k], hundredths(most, math.Ceil))
	}
	add := func(o verdict.Occupied) {
		share := l.share(o.At)
		upper.add(share, l.pixel(o.Most))
		lower.add(share, l.pixel(o.Least))
		note(share, o.Least, o.Most)
	}
	add(verdict.Occupied{At: seconds(l.x.lo)})
	add(verdict.Occupied{At: l.Curve[0].At})
	last := verdict.Occupied{At: seconds(l.x.lo)}
	for _, o := range l.Curve {
		if o.At > seconds(l.x.hi) {
			part := float64(seconds(l.x.hi)-last.At) / float64(max(1, o.At-last.At))
			o = verdict.Occupied{At: seconds(l.x.hi), Least: last.Least + part*(o.Least-last.Least),
				Most: last.Most + part*(o.Most-last.Most)}
		}
		width := (l.x.hi - l.x.lo) / readoutColumns
		for k := math.Floor((last.At.Seconds()-l.x.lo)/width) + 1; l.x.lo+k*width < o.At.Seconds(); k++ {
			at := seconds(l.x.lo + k*width)
			part := float64(at-last.At) / float64(o.At-last.At)
			note(l.share(at), last.Least+part*(o.Least-last.Least), last.Most+part*(o.Most-last.Most))
		}
		add(o)
		if last = o; o.At == seconds(l.x.hi) {
			return upper, lower
		}
	}
	add(verdict.Occupied{At: seconds(l.x.hi), Least: last.Least, Most: last.Most})
	return upper, lower
}

// whose says who can have refused a call.
func whose(p verdict.LanePoint) int {
	switch {
	case p.Alone:
		return alone
	case p.May:
		return shared
	}
	return elsewhere
}

// refusals draws the refused calls in a row of their own, by who can have refused them.
func (l *lane) refusals(d *drawing) {
	var clouds [3]cloud
	for k := range l.columns.refused {
		l.columns.refused[k] = filled(readoutColumns, 0)
	}
	for _, p := range l.Refused {
		of := whose(p)
		clouds[of].add(l.share(p.At), (refusedTop+refusedEnd)/2)
		l.columns.refused[of][min(max(int(l.share(p.At)*readoutColumns), 0), readoutColumns-1)]++
	}
	for k := range clouds {
		of := len(clouds) - 1 - k // this law's own on top
		d.path(refusers[of].class, clouds[of].path(refusedEnd-refusedTop))
	}
	d.text("tick", 0, -8, refusedEnd-3, "end", "refused")
}

// witnesses marks the calls that prove a fail.
func (l *lane) witnesses(d *drawing) {
	for _, e := range l.proofs {
		var admitted, refused cloud
		from, to := time.Duration(math.MaxInt64), time.Duration(math.MinInt64)
		for _, pos := range e.Witness.Calls {
			if !l.Has(pos) {
				continue
			}
			c := &l.calls[pos-1]
			from, to = min(from, c.Sent), max(to, c.Sent, c.Received)
			if c.Outcome == history.Limited {
				refused.add(l.share(c.Sent), (refusedTop+refusedEnd)/2)
				continue
			}
			k, _ := slices.BinarySearchFunc(l.Curve, c.Received, func(o verdict.Occupied, at time.Duration) int {
				return cmp.Or(cmp.Compare(o.At, at), -1)
			})
			admitted.add(l.share(c.Received), l.pixel(l.Curve[min(k, len(l.Curve)-1)].Most))
		}
		if from > to {
			continue
		}
		if e.Witness.FromNS < e.Witness.ToNS {
			from, to = time.Duration(e.Witness.FromNS), time.Duration(e.Witness.ToNS)
		}
		label := fmt.Sprintf("Witness %d, %s: %s", e.Number, e.Check, e.Says)
		fmt.Fprintf(&d.data,
			`<g class="witness" tabindex="0" role="img" aria-label="%s" data-witness="%s" data-from="%d" data-to="%d">`+
				`<path class="window-edge" d="%s"/><path class="halo admitted" d="%s"/>`+
				`<path class="halo refused" d="%s"/><path class="mark admitted" d="%s"/>`+
				`<path class="mark refused" d="%s"/></g>`,
			escape(label), e.ID, int64(from), int64(to), rect(l.share(from), l.share(to), 0, laneEnd),
			admitted.path(0), refused.path(refusedEnd-refusedTop), admitted.path(0),
			refused.path(refusedEnd-refusedTop))
		fmt.Fprintf(&d.front, `<text class="flag" x="%s%%" y="-6" text-anchor="middle" data-at="%d">▼ %d</text>`,
			px(100*l.share(from+(to-from)/2)), int64(from+(to-from)/2), e.Number)
	}
}

func (l *lane) legend() []key {
	keys := []key{{"key-band", "taken, between these edges"}, {"key-declared", "granted"}}
	for k, r := range refusers {
		if slices.ContainsFunc(l.Refused, func(p verdict.LanePoint) bool { return whose(p) == k }) {
			keys = append(keys, key{r.key, r.says})
		}
	}
	if len(l.Opened) > 0 {
		keys = append(keys, key{"key-opened", "a window opens"})
	}
	if len(l.proofs) > 0 {
		keys = append(keys, key{"key-witness", "witness"})
	}
	return keys
}

func (l *lane) readout() *readout {
	for k := range readoutColumns { // nothing changes in it: the neighbour's goes on
		if k > 0 && l.columns.least[k] > l.columns.most[k] {
			l.columns.least[k], l.columns.most[k] = l.columns.least[k-1], l.columns.most[k-1]
		}
	}
	r := &readout{From: int64(seconds(l.x.lo)), To: int64(seconds(l.x.hi)),
		Names: []string{"taken at least", "taken at most"}, Format: []string{"tokens", "tokens"},
		Rows: [][]int{l.columns.least, l.columns.most}}
	for k, by := range refusers {
		r.Names, r.Format = append(r.Names, by.says), append(r.Format, "count")
		r.Rows = append(r.Rows, l.columns.refused[k])
	}
	return r
}

// table tells the lane in a few slices.
func (l *lane) table() table {
	t := table{Caption: "What is taken over time", Head: []string{"from", "taken at least", "taken at most"}}
	for _, by := range refusers {
		t.Head = append(t.Head, by.says)
	}
	label := (&timeline{x: l.x}).clock(slices24)
	for k := range slices24 {
		least, most, refused := math.MaxInt, math.MinInt, [3]int{}
		for i := k * readoutColumns / slices24; i < (k+1)*readoutColumns/slices24; i++ {
			least, most = min(least, l.columns.least[i]), max(most, l.columns.most[i])
			for by := range refused {
				refused[by] += l.columns.refused[by][i]
			}
		}
		row := []string{label(l.x.lo + (l.x.hi-l.x.lo)*float64(k)/slices24), tokens(least), tokens(most)}
		for _, n := range refused {
			row = append(row, grouped(n))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
