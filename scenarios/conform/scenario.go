package conform

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/results"
)

// How much of what was said is kept, in characters.
const (
	longestSaw      = 400
	longestExchange = 4000
	mostShown       = 3 // exchanges a row
)

// Scenario is the report as documents have it. redact takes the secrets out of a
// text, and is applied before anything is cut; nil takes none out.
func (r *Report) Scenario(strict bool, redact func(string) string) results.Scenario {
	c := results.Conform{Protocol: r.Revision, Strict: strict, Ended: r.Ended, Rows: []results.ConformRow{}}
	clean := func(s string, most int) string {
		if redact != nil {
			s = redact(s)
		}
		return cut(s, most)
	}
	for _, f := range r.Findings {
		row := results.ConformRow{ID: f.ID, Area: string(f.Area), Level: string(f.Level), Section: f.Section,
			Says:   f.Says,
			Answer: results.RowNotTestable, Saw: clean(f.Saw, longestSaw), Need: f.Need}
		if f.State != NotTestable {
			row.Answer = string(f.State)
		}
		if f.State == Fail {
			for _, e := range f.Shows[:min(mostShown, len(f.Shows))] {
				row.Exchanges = append(row.Exchanges, results.Exchange{Line: clean(e.Line, 2*longestExchange),
					Request: clean(e.Request.spelt(), longestExchange), Reply: clean(e.Reply.spelt(), longestExchange)})
			}
		}
		c.Rows = append(c.Rows, row)
	}
	return results.NewConform(c, r.counts())
}

// counts says what became of every request.
func (r *Report) counts() results.Counts {
	var c results.Counts
	for _, e := range r.Exchanges {
		c.Planned++
		c.Sent++
		switch {
		case e.Reply.Broken != "":
			c.Unknown++
		case e.Reply.Limited():
			c.Limited++
		case e.Request.Await != "" && !e.OK():
			c.Failed++
		default:
			c.Admitted++
		}
	}
	return c
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// spelt is a request as a reader sees it.
func (r *Request) spelt() string {
	var b strings.Builder
	if len(r.Header) > 0 {
		verb := r.Verb
		if verb == "" {
			verb = "POST"
		}
		fmt.Fprintf(&b, "%s %s\n", verb, r.Path)
		if r.Host != "" {
			fmt.Fprintf(&b, "Host: %s\n", r.Host)
		}
		for _, name := range slices.Sorted(maps.Keys(r.Header)) {
			fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(r.Header[name], ", "))
		}
		b.WriteString("\n")
	}
	return b.String() + string(bounded(r.Body))
}

// spelt is a reply as a reader sees it.
func (r *Reply) spelt() string {
	var b strings.Builder
	if r.Status != 0 {
		fmt.Fprintf(&b, "HTTP %d\n", r.Status)
		for _, name := range slices.Sorted(maps.Keys(r.Header)) {
			fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(r.Header[name], ", "))
		}
		b.WriteString("\n")
	}
	switch {
	case len(r.Body) > 0:
		b.Write(bounded(r.Body))
	default:
		for _, m := range r.Messages {
			b.Write(bounded(m.Raw))
			b.WriteString("\n")
		}
	}
	if r.Broken != "" {
		b.WriteString(r.Broken)
	}
	return b.String()
}

// bounded bounds what a redactor has to read. It is far more than what is shown of
// it, so that nothing that is cut in two here is shown.
func bounded(b []byte) []byte { return b[:min(len(b), 16*longestExchange)] }
