package main

import (
	"encoding/json"
	"io"
	"time"

	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/scenarios/drive"
	"github.com/mcpload/mcpload/scenarios/probe"
)

// The document of mcpload.probe/v1. What is unknown is null.
type (
	probeJSON struct {
		Schema   string            `json:"schema"`
		Version  string            `json:"version"`
		Seed     uint64            `json:"seed"`
		Server   string            `json:"server"`
		Target   probeTarget       `json:"target"`
		Load     loadJSON          `json:"load"`
		Budget   budgetJSON        `json:"budget"`
		Spent    spentJSON         `json:"spent"`
		Result   probe.Result      `json:"result"`
		Measured *results.Measured `json:"measured"`
		Clocks   *results.Clocks   `json:"clocks"`
		NoLimit  *noLimitJSON      `json:"no_limit"`
		Models   []modelJSON       `json:"models"`
		Apart    []string          `json:"told_apart_by,omitempty"`
		Scope    valueJSON         `json:"scope"`
		Evasion  valueJSON         `json:"new_session_evades"`
		Costs    []costJSON        `json:"costs"`
		Refusal  *refusalJSON      `json:"refusal"`
		Notes    []string          `json:"notes"`
	}
	loadJSON struct {
		Method string `json:"method"`
		Tool   string `json:"tool,omitempty"`
		Chosen bool   `json:"chosen,omitempty"` // nobody named it
		Why    string `json:"why,omitempty"`
	}
	budgetJSON struct {
		Calls   int     `json:"calls"`
		Seconds float64 `json:"seconds"`
	}
	spentJSON struct {
		Calls    int     `json:"calls"`
		Seconds  float64 `json:"seconds"`
		Admitted int     `json:"admitted"`
		Limited  int     `json:"limited"`
		Failed   int     `json:"failed"`
	}
	noLimitJSON struct {
		AtOnce  int     `json:"at_once"`
		Rate    float64 `json:"rate"`
		Calls   int     `json:"calls"`
		Seconds float64 `json:"seconds"`
	}
	modelJSON struct {
		Name     string            `json:"name"`
		Words    string            `json:"words"`
		Number   *results.Range    `json:"number,omitempty"`
		WindowMS float64           `json:"window_ms,omitempty"`
		Box      *results.Measured `json:"box,omitempty"`
	}
	valueJSON struct {
		Answer   *string `json:"answer"`
		Evidence string  `json:"evidence,omitempty"`
		Calls    int     `json:"calls"`
	}
	costJSON struct {
		Kind     string `json:"kind"`
		Tokens   *int   `json:"tokens"`
		Possible []int  `json:"possible"`
		Absent   bool   `json:"not_in_protocol,omitempty"`
		Requests int    `json:"requests"`
		Limited  int    `json:"limited"`
		Evidence string `json:"evidence,omitempty"`
	}
	refusalJSON struct {
		Refusals    int           `json:"refusals"`
		Statuses    []tallyJSON   `json:"statuses"`
		Codes       []tallyJSON   `json:"codes"`
		Words       string        `json:"words"`
		Legal       bool          `json:"legal"`
		Legality    string        `json:"legality"`
		IDEchoed    bool          `json:"id_echoed"`
		Misanswered int           `json:"misanswered"`
		ContentType *string       `json:"content_type"` // the most frequent one; null where no HTTP reply named one
		Media       []mediaJSON   `json:"content_types"`
		RetryAfter  valueJSON     `json:"retry_after"`
		Said        int           `json:"said_retry_after"`
		Latency     latenciesJSON `json:"latency"`
	}
	mediaJSON struct {
		Name  string `json:"name"` // empty: the reply named none
		Count int    `json:"count"`
	}
	tallyJSON struct {
		Number int `json:"number"`
		Count  int `json:"count"`
	}
	latenciesJSON struct {
		Admitted medianJSON `json:"admitted"`
		Limited  medianJSON `json:"limited"`
	}
	medianJSON struct {
		P50MS float64 `json:"p50_ms"`
		Calls int     `json:"calls"`
	}
)

// writeProbe writes a probe's report as a document.
func writeProbe(w io.Writer, j drive.Job, r probe.Report, target probeTarget, seed uint64) error {
	doc := probeJSON{
		Schema: "mcpload.probe/v1", Version: version(), Seed: seed, Server: j.Profile.Name, Target: target,
		Load:   loadJSON{r.Load.Method, r.Load.Tool, j.Call.Chosen, j.Call.Why},
		Budget: budgetJSON{r.Budget.Calls, r.Budget.Time.Seconds()},
		Spent:  spentJSON{r.Sent, r.Elapsed.Seconds(), r.Admitted, r.Limited, r.Failed},
		Result: r.Result, Apart: r.Apart, Scope: valueOf(r.Scope), Evasion: valueOf(r.Evasion),
		Models: []modelJSON{}, Costs: []costJSON{}, Notes: append([]string{}, r.Notes...),
	}
	doc.Clocks = results.ClocksOf(r.Clocks)
	if r.Box != nil {
		doc.Measured = results.Box(*r.Box)
	}
	if r.Result == probe.NoLimit && r.Open != nil {
		doc.NoLimit = &noLimitJSON{r.Open.AtOnce, r.Open.Rate, r.Open.Calls, r.Open.Stretch.Seconds()}
	}
	for _, m := range r.Models {
		one := modelJSON{Name: m.Name, Words: m.String(), WindowMS: milliseconds(m.Window)}
		if m.Number.Lo > 0 {
			number := results.Range(m.Number)
			one.Number = &number
		}
		if m.Box != nil {
			one.Box = results.Box(*m.Box)
		}
		doc.Models = append(doc.Models, one)
	}
	for _, c := range r.Costs {
		one := costJSON{Kind: c.Kind, Possible: append([]int{}, c.Tokens...), Absent: c.Absent, Requests: c.Requests, Limited: c.Limited, Evidence: c.Evidence}
		if n, ok := c.Known(); ok {
			one.Tokens = &n
		}
		doc.Costs = append(doc.Costs, one)
	}
	if r.Signal.Refusals > 0 {
		doc.Refusal = refusalOf(r.Signal)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}

func refusalOf(s probe.Signal) *refusalJSON {
	media, most := []mediaJSON{}, (*string)(nil)
	for _, m := range s.Media {
		media = append(media, mediaJSON(m))
		if most == nil && m.Name != "" {
			most = &m.Name
		}
	}
	return &refusalJSON{
		ContentType: most, Media: media,
		Refusals: s.Refusals, Statuses: talliesOf(s.Statuses), Codes: talliesOf(s.Codes), Words: s.Words,
		Legal: s.Legal, Legality: s.Legality, IDEchoed: s.Misanswered == 0, Misanswered: s.Misanswered,
		RetryAfter: valueOf(s.RetryAfter), Said: s.Said,
		Latency: latenciesJSON{
			Admitted: medianJSON{milliseconds(s.Took.Admitted), s.Took.Admissions},
			Limited:  medianJSON{milliseconds(s.Took.Limited), s.Took.Refusal},
		},
	}
}

func talliesOf(list []probe.Tally) []tallyJSON {
	out := []tallyJSON{}
	for _, t := range list {
		out = append(out, tallyJSON(t))
	}
	return out
}

func valueOf(v probe.Value) valueJSON {
	out := valueJSON{Evidence: v.Evidence, Calls: v.Calls}
	if v.Answer != "" {
		out.Answer = &v.Answer
	}
	return out
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
