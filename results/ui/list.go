package ui

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/results/store"
)

// pageRuns is how many runs a page of the list has.
const pageRuns = 50

// A query is what the address of the list says.
type query struct {
	Server, Verdict, Kind string
	From, To              string // days, the first and the last
	Text                  string
	Base                  string // a run that is to be compared with another
	page                  int
}

func queryOf(r *http.Request) (query, error) {
	v := r.URL.Query()
	q := query{
		Server: v.Get("server"), Verdict: v.Get("verdict"), Kind: v.Get("kind"),
		From: v.Get("from"), To: v.Get("to"), Text: strings.TrimSpace(v.Get("q")), Base: v.Get("base"), page: 1,
	}
	if text := v.Get("page"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return q, unfit("Page %q is no number from 1 up.", text)
		}
		q.page = n
	}
	return q, nil
}

// at is the address of the list with this query, on another page.
func (q query) at(page int) string {
	v := url.Values{"server": {q.Server}, "verdict": {q.Verdict}, "kind": {q.Kind}, "from": {q.From}, "to": {q.To},
		"q": {q.Text}, "base": {q.Base}}
	if page > 1 {
		v.Set("page", strconv.Itoa(page))
	}
	return link("/", v)
}

func (q query) filter() (store.Filter, error) {
	f := store.Filter{Kind: q.Kind, Verdict: q.Verdict, Server: q.Server}
	var err error
	if q.From != "" {
		if f.Since, err = time.Parse(time.DateOnly, q.From); err != nil {
			return f, unfit("%q is no day such as 2026-11-25.", q.From)
		}
	}
	if q.To != "" {
		if f.Before, err = time.Parse(time.DateOnly, q.To); err != nil {
			return f, unfit("%q is no day such as 2026-11-25.", q.To)
		}
		f.Before = f.Before.AddDate(0, 0, 1)
	}
	return f, nil
}

// says reports if a run's entry has every word of the text.
func says(e *store.Entry, text string) bool {
	words := []string{e.ID, e.Kind, e.Verdict, e.Host, e.System, e.Version, strings.Join(e.Command, " ")}
	for _, s := range e.Servers {
		words = append(words, s.Server)
		if s.Target != nil {
			words = append(words, s.Target.String(), s.Target.Address, s.Target.Label)
		}
	}
	if e.Git != nil {
		words = append(words, e.Git.Commit)
	}
	all := strings.ToLower(strings.Join(words, "\n"))
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}

// A listing is the page of the list.
type listing struct {
	query
	Dir                  string
	Rows                 []row
	Total, First, Last   int
	Pages                int
	Earlier, Later, None string // addresses
	Servers, Kinds       []string
	Verdicts             []string
	Damaged              []string
	Filtered             bool
}

// A row is a run in the list.
type row struct {
	*store.Entry
	Choose, Compare string // addresses
	Chosen          bool
}

// Page is which page it is.
func (l listing) Page() int { return l.page }

func (v *site) list(r *http.Request) (sheet, error) {
	q, err := queryOf(r)
	if err != nil {
		return sheet{}, err
	}
	f, err := q.filter()
	if err != nil {
		return sheet{}, err
	}
	found, damage, err := v.store.List(f)
	if err != nil {
		return sheet{}, err
	}
	found = slices.DeleteFunc(found, func(e *store.Entry) bool { return !says(e, q.Text) })
	l := listing{query: q, Verdicts: []string{"pass", "fail", "inconclusive"}, Dir: v.store.Dir(), Total: len(found),
		Filtered: q.at(1) != link("/", url.Values{"base": {q.Base}})}
	l.Pages = max(1, (l.Total+pageRuns-1)/pageRuns)
	l.page = min(q.page, l.Pages)
	l.First, l.Last = min((l.page-1)*pageRuns+1, l.Total), min(l.page*pageRuns, l.Total)
	for _, e := range found[max(l.First-1, 0):l.Last] {
		choose := q
		choose.Base = e.ID
		l.Rows = append(l.Rows, row{Entry: e, Choose: choose.at(l.page), Chosen: e.ID == q.Base,
			Compare: link("/compare", url.Values{"base": {q.Base}, "new": {e.ID}})})
	}
	if l.page > 1 {
		l.Later = q.at(l.page - 1)
	}
	if l.page < l.Pages {
		l.Earlier = q.at(l.page + 1)
	}
	q.Base = ""
	l.None = q.at(l.page)
	for _, d := range damage {
		l.Damaged = append(l.Damaged, d.Error())
	}
	l.Servers, l.Kinds, err = v.choices()
	return sheet{title: "Runs", template: "list", data: l}, err
}

// choices are what there is to filter by.
func (v *site) choices() (servers, kinds []string, err error) {
	all, _, err := v.store.List(store.Filter{})
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	for _, e := range all {
		for _, s := range e.Servers {
			if !seen["server "+s.Server] {
				seen["server "+s.Server] = true
				servers = append(servers, s.Server)
			}
		}
		if !seen["kind "+e.Kind] {
			seen["kind "+e.Kind] = true
			kinds = append(kinds, e.Kind)
		}
	}
	slices.Sort(servers)
	slices.Sort(kinds)
	return servers, kinds, nil
}

func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// serverPage is the address of a server's page.
func serverPage(name string) string { return "/servers/" + url.PathEscape(name) }

// badge is the verdict as a coloured word. Any other word gets no colour.
func badge(verdict string) template.HTML {
	switch verdict {
	case "pass", "fail", "inconclusive":
		return template.HTML(`<span class="badge ` + verdict + `">` + verdict + `</span>`)
	}
	return template.HTML(template.HTMLEscapeString(verdict))
}
