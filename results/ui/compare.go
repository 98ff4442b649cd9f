package ui

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results/compare"
	"github.com/mcpload/mcpload/results/store"
)

// seed makes the intervals of a comparison the same at every look.
const seed = 1

// defaultNoise is that of the command compare.
const defaultNoise = "25ms"

// A pair is two runs side by side.
type pair struct {
	Base, New *store.Entry
	Report    *compare.Report
	Swap      string // the address the other way round
	Noise     string // as the address says it
	Max       string // demands, separated by spaces
	Across    bool   // different targets are compared too
	Damaged   []string
	Body      template.HTML
}

func (v *site) compare(r *http.Request) (sheet, error) {
	q := r.URL.Query()
	p := pair{Noise: q.Get("noise"), Max: q.Get("max")}
	if !q.Has("noise") {
		p.Noise = defaultNoise
	}
	if q.Get("base") == "" || q.Get("new") == "" {
		return sheet{}, unfit("Two runs are compared: choose one in the list, and then the other.")
	}
	asked := url.Values{"base": {q.Get("new")}, "new": {q.Get("base")}, "noise": {p.Noise}, "max": {p.Max}}
	if p.Across = q.Get("across") != ""; p.Across {
		asked.Set("across", "1")
	}
	p.Swap = link("/compare", asked)
	options, err := p.options()
	if err != nil {
		return sheet{}, err
	}
	base, err := p.side(v, q.Get("base"), &p.Base)
	if err != nil {
		return sheet{}, err
	}
	fresh, err := p.side(v, q.Get("new"), &p.New)
	if err != nil {
		return sheet{}, err
	}
	p.Report, err = compare.Compare([]compare.Run{base}, []compare.Run{fresh}, options)
	if refused := p.unlike(err); refused != nil {
		return sheet{}, refused
	}
	if err != nil {
		return sheet{}, unfit("%s", err.Error())
	}
	if p.Body, err = p.Report.Body(); err != nil {
		return sheet{}, err
	}
	return sheet{title: "Comparison", template: "compare", data: p}, nil
}

// unlike is the page in place of a comparison of different targets, with a way to compare
// them all the same where there is one; nil: the error is none of that.
func (p *pair) unlike(err error) error {
	anyway := link("/compare", url.Values{"base": {p.Base.ID}, "new": {p.New.ID}, "noise": {p.Noise},
		"max": {p.Max}, "across": {"1"}})
	var other *compare.OtherError
	switch {
	case errors.As(err, &other):
		return refusal{http.StatusUnprocessableEntity, fmt.Sprintf("The runs of %s are of different targets: %s, and "+
			"%s.", other.Server, other.Was, other.Is), anyway}
	case errors.Is(err, compare.ErrNothing) && !p.Across && len(p.Base.Servers) == 1 && len(p.New.Servers) == 1:
		return refusal{http.StatusUnprocessableEntity, "These two runs have no server in common.", anyway}
	case errors.Is(err, compare.ErrNothing):
		return refusal{http.StatusUnprocessableEntity, "These two runs have no server in common.", ""}
	}
	return nil
}

// options reads what counts as a change.
func (p *pair) options() (compare.Options, error) {
	o := compare.Options{Seed: seed, Across: p.Across}
	if p.Noise != "" {
		noise, err := time.ParseDuration(p.Noise)
		if err != nil || noise < 0 {
			return o, unfit("Noise %q is no duration such as 25ms.", p.Noise)
		}
		o.Noise = noise
	}
	for text := range strings.FieldsSeq(p.Max) {
		d, err := compare.ParseDemand(text)
		if err != nil {
			return o, unfit("%s", err.Error())
		}
		o.Demands = append(o.Demands, d)
	}
	return o, nil
}

// side reads one of the runs. Without its calls it can still be compared, and
// the page says so.
func (p *pair) side(v *site, id string, entry **store.Entry) (compare.Run, error) {
	e, err := v.find(id)
	if err != nil {
		return compare.Run{}, err
	}
	*entry = e
	doc, err := e.Run()
	if err != nil {
		return compare.Run{}, refusal{status: http.StatusUnprocessableEntity,
			says: fmt.Sprintf("Run %s can't be compared: %v", id, err)}
	}
	calls, damage := e.Histories()
	if damage != nil {
		p.Damaged, calls = append(p.Damaged, damage.Error()), map[string][]history.Call(nil)
	}
	return compare.Run{Name: e.ID, Document: doc, Histories: calls}, nil
}
