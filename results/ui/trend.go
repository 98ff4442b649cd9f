package ui

import (
	"cmp"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/page"
	"github.com/mcpload/mcpload/results/store"
	"github.com/mcpload/mcpload/verdict"
)

// mostRuns is how many runs a trend shows, the newest.
const mostRuns = 200

// A reading is what one run says of one server.
type reading struct {
	target      results.Target
	verdict     verdict.Verdict
	limit       results.Limit
	rate, burst *results.Range
	p50, p99    *results.Range // milliseconds, of admitted calls
}

// trends remembers readings: a kept run never changes.
type trends struct {
	mu    sync.Mutex
	known map[string]map[string]reading // by run, by server
}

// of returns a run's readings; none where its document can't be read.
func (t *trends) of(e *store.Entry) map[string]reading {
	t.mu.Lock()
	defer t.mu.Unlock()
	if got, ok := t.known[e.ID]; ok {
		return got
	}
	doc, err := e.Run()
	if err != nil {
		return nil
	}
	all := map[string]reading{}
	for i := range doc.Servers {
		all[doc.Servers[i].Server] = read(&doc.Servers[i])
	}
	if t.known == nil {
		t.known = map[string]map[string]reading{}
	}
	t.known[e.ID] = all
	return all
}

func read(s *results.Server) reading {
	r := reading{target: s.Target, verdict: s.Verdict, limit: s.Limit}
	if m := s.Measured; m != nil {
		r.rate, r.burst = &m.Rate, &m.Burst
	}
	if s.Latency != nil {
		q := s.Latency.Admitted
		if q.N > 0 {
			r.p50 = &results.Range{Lo: q.P50, Hi: q.P50}
		}
		if q.N >= 100 {
			r.p99 = &results.Range{Lo: q.P99, Hi: q.P99}
		}
	}
	return r
}

// A course is the page of one server.
type course struct {
	Server   string
	Target   string // of the runs shown: that of the newest
	Runs     int
	LeftOut  int // runs of another target
	More     bool
	Last     *store.Entry
	Verdicts map[string]int
	Latency  []template.HTML
	Limit    []template.HTML
	List     string // the address of its runs
}

func (v *site) server(r *http.Request) (sheet, error) {
	name := r.PathValue("name")
	found, _, err := v.store.List(store.Filter{Server: name, Kind: "run"})
	if err != nil {
		return sheet{}, err
	}
	if len(found) == 0 {
		return sheet{}, notFound("There is no kept run of a server named " + name + ".")
	}
	c := course{Server: name, Last: found[0], More: len(found) > mostRuns, Verdicts: map[string]int{},
		List: link("/", url.Values{"server": {name}})}
	found = found[:min(len(found), mostRuns)]
	for _, e := range found { // the newest first
		if got, ok := v.trends.of(e)[name]; ok {
			c.Target = got.target.Identity()
			break
		}
	}
	slices.Reverse(found)
	charts := []page.Trend{
		{ID: "p99", Title: "p99 latency of admitted calls",
			Lead: "From the instant due. A run of fewer than 100 admitted calls has none.", Unit: " ms"},
		{ID: "p50", Title: "Median latency of admitted calls", Unit: " ms"},
		{ID: "rate", Title: "Measured rate", Lead: "The certified range, against the declared rate.", Unit: "/s"},
		{ID: "burst", Title: "Measured burst", Lead: "The certified range, against the declared burst."},
	}
	for _, e := range found {
		got, ok := v.trends.of(e)[name]
		if !ok {
			continue
		}
		if c.Target != got.target.Identity() {
			c.LeftOut++
			continue
		}
		c.Runs++
		c.Verdicts[got.verdict.String()]++
		for i, p := range []page.TrendPoint{{Value: got.p99}, {Value: got.p50},
			{Value: got.rate, Declared: got.limit.Rate}, {Value: got.burst, Declared: float64(got.limit.Burst)}} {
			p.Run, p.Started, p.Verdict = e.ID, e.Started, got.verdict
			charts[i].Points = append(charts[i].Points, p)
		}
	}
	for i, t := range charts {
		html, err := page.TrendHTML(t)
		if err != nil {
			return sheet{}, err
		}
		if i < 2 {
			c.Latency = append(c.Latency, html)
		} else {
			c.Limit = append(c.Limit, html)
		}
	}
	return sheet{title: name, template: "server", data: c}, nil
}

// A summary is a server in the list of servers.
type summary struct {
	Server, Href string
	Runs         int
	Verdict      string // of the newest run that has one
	Last         time.Time
	Passed       int
}

func (v *site) servers(*http.Request) (sheet, error) {
	all, _, err := v.store.List(store.Filter{})
	if err != nil {
		return sheet{}, err
	}
	by := map[string]*summary{}
	for _, e := range all { // the newest first
		for _, s := range e.Servers {
			one := by[s.Server]
			if one == nil {
				one = &summary{Server: s.Server, Last: e.Started}
				by[s.Server] = one
			}
			one.Runs++
			one.Verdict = cmp.Or(one.Verdict, s.Verdict)
			if s.Verdict == "pass" {
				one.Passed++
			}
			if e.Kind == "run" {
				one.Href = serverPage(s.Server)
			}
		}
	}
	var list []*summary
	for _, one := range by {
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b *summary) int { return cmp.Compare(a.Server, b.Server) })
	return sheet{title: "Servers", template: "servers", data: list}, nil
}
