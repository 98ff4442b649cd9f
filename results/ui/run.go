package ui

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/page"
	"github.com/mcpload/mcpload/results/store"
)

// A plain is a run that no page can draw: another kind than run.
type plain struct {
	*store.Entry
	Screen   string
	Document string
	Broken   string // why it isn't drawn, where it should be
}

// idForm is what ids look like. The store takes paths of this machine for names
// too, which no address may be.
var idForm = regexp.MustCompile(`^[0-9]{8}-[0-9]{6}-[0-9a-f]{6}$`)

// find returns the run that an address names, by its whole id.
func (v *site) find(id string) (*store.Entry, error) {
	if !idForm.MatchString(id) {
		return nil, notFound("There is no run " + id + ".")
	}
	e, err := v.store.Find(id, store.Filter{})
	if err != nil {
		return nil, err
	}
	if e.ID != id {
		return nil, notFound("There is no run " + id + ".")
	}
	return e, nil
}

func (v *site) run(r *http.Request) (sheet, error) {
	e, err := v.find(r.PathValue("id"))
	if err != nil {
		return sheet{}, err
	}
	text, err := e.Document()
	if err != nil {
		return sheet{}, err
	}
	links := append(nav(r), page.Link{Text: "Run " + e.ID, Href: "/runs/" + e.ID, Here: true})
	if e.Kind == "probe" {
		return v.probe(e, text, append(links, page.Link{Text: "JSON", Href: "/runs/" + e.ID + "/document.json"}))
	}
	doc, err := results.Decode(bytes.NewReader(text))
	if err != nil {
		return v.plain(e, text, err)
	}
	// Calls that can't be read are no reason to hide the verdict: the page says
	// that it has none.
	calls, damage := drawn(e, doc)
	links = append(links, page.Link{Text: "Compare with …", Href: "/?base=" + e.ID},
		page.Link{Text: "JSON", Href: "/runs/" + e.ID + "/document.json"})
	if damage != nil {
		for i := range doc.Servers {
			doc.Servers[i].Notes = append(doc.Servers[i].Notes, damage.Error())
		}
	}
	return sheet{whole: func(b *bytes.Buffer) error { return page.Served(b, doc, calls, links) }}, nil
}

// probe draws what a probe found; what isn't to be read is shown as it was kept.
func (v *site) probe(e *store.Entry, text []byte, links []page.Link) (sheet, error) {
	doc, err := results.DecodeProbed(bytes.NewReader(text))
	if err != nil {
		return v.plain(e, text, err)
	}
	calls, damage := e.Histories()
	if damage != nil {
		doc.Notes = append(doc.Notes, damage.Error())
	}
	return sheet{whole: func(b *bytes.Buffer) error { return page.Probe(b, doc, calls[doc.Server], links) }}, nil
}

// drawn are the calls that the page of a run draws: of a load not all.
func drawn(e *store.Entry, doc *results.Document) (map[string][]history.Call, error) {
	if e.Kind != "load" {
		return e.Histories()
	}
	return doc.Picture(e.Most(), e.EachCall)
}

// plain shows what a person was shown, or the document itself.
func (v *site) plain(e *store.Entry, text []byte, why error) (sheet, error) {
	screen, err := e.Screen()
	if err != nil {
		return sheet{}, err
	}
	p := plain{Entry: e, Screen: string(screen)}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		p.Broken = why.Error()
		p.Document = string(text)
	} else {
		p.Document = b.String()
	}
	if e.Kind == "run" {
		p.Broken = why.Error()
	}
	return sheet{title: e.Kind + " " + e.ID, template: "plain", data: p}, nil
}

// document hands out the document as it was kept.
func (v *site) document(w http.ResponseWriter, r *http.Request) {
	e, err := v.find(r.PathValue("id"))
	var text []byte
	if err == nil {
		text, err = e.Document()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text) // the browser went away
}
