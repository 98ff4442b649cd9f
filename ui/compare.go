package ui

import (
	"fmt"
	"net/http"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/store"
)

// A pair is two runs side by side.
type pair struct {
	Base, New *store.Entry
	Swap      string // the address the other way round
	Servers   []versus
	Only      []string // servers that just one of them has
}

// A versus is one server in two runs.
type versus struct {
	Server    string
	Base, New *results.Server
	Moved     []string // what is proven to have changed: certified ranges that don't meet
}

func (v *site) compare(r *http.Request) (sheet, error) {
	q := r.URL.Query()
	if q.Get("base") == "" || q.Get("new") == "" {
		return sheet{}, unfit("Two runs are compared: choose one in the list, and then the other.")
	}
	p := pair{Swap: link("/compare", map[string][]string{"base": {q.Get("new")}, "new": {q.Get("base")}})}
	var docs [2]*results.Document
	for i, side := range []struct {
		id    string
		entry **store.Entry
	}{{q.Get("base"), &p.Base}, {q.Get("new"), &p.New}} {
		e, err := v.find(side.id)
		if err != nil {
			return sheet{}, err
		}
		if docs[i], err = e.Run(); err != nil {
			return sheet{}, refusal{http.StatusUnprocessableEntity, fmt.Sprintf("A %s can't be compared here: %v", e.Kind, err)}
		}
		*side.entry = e
	}
	p.match(docs[0], docs[1])
	return sheet{title: "Comparison", template: "compare", data: p}, nil
}

// match pairs the servers of two documents by name.
func (p *pair) match(base, fresh *results.Document) {
	had := map[string]*results.Server{}
	for i := range base.Servers {
		had[base.Servers[i].Server] = &base.Servers[i]
	}
	for i := range fresh.Servers {
		s := &fresh.Servers[i]
		old := had[s.Server]
		if old == nil {
			p.Only = append(p.Only, s.Server+" (new only)")
			continue
		}
		delete(had, s.Server)
		one := versus{Server: s.Server, Base: old, New: s}
		if a, b := old.Measured, s.Measured; a != nil && b != nil {
			if apart(a.Rate, b.Rate) {
				one.Moved = append(one.Moved, "rate")
			}
			if apart(a.Burst, b.Burst) {
				one.Moved = append(one.Moved, "burst")
			}
		}
		p.Servers = append(p.Servers, one)
	}
	for i := range base.Servers {
		if had[base.Servers[i].Server] != nil {
			p.Only = append(p.Only, base.Servers[i].Server+" (base only)")
		}
	}
}

// apart reports if two certified ranges don't meet, which proves a change.
func apart(a, b results.Range) bool { return a.Hi < b.Lo || b.Hi < a.Lo }
