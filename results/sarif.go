package results

import (
	"fmt"
	"io"
	"net/url"
	"slices"

	"github.com/mcpload/mcpload/verdict"
)

// The members of a SARIF log, version 2.1.0, as far as there is something to say.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string    `json:"id"`
		Short sarifText `json:"shortDescription"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string            `json:"ruleId"`
		Level     string            `json:"level"`
		Kind      string            `json:"kind"`
		Message   sarifText         `json:"message"`
		Locations []sarifLocation   `json:"locations"`
		Suppress  []sarifSuppress   `json:"suppressions,omitempty"`
		Prints    map[string]string `json:"partialFingerprints"`
	}
	sarifSuppress struct {
		Kind   string `json:"kind"`
		Reason string `json:"justification,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	// Code scanning of GitHub refuses a whole log for a result without an artifact and a line
	// of it. There is none, so that the address is of no file.
	sarifPhysical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region struct {
			Line int `json:"startLine"`
		} `json:"region"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
)

// SARIF writes a finished document as a SARIF log: a result a finding that failed,
// or is open; of conformance, a result a row that failed, where what isn't a MUST is
// a warning. It fails with ErrUnfinished where Finish wasn't called.
func SARIF(w io.Writer, d *Document) error {
	if d.Schema != Schema {
		return ErrUnfinished
	}
	run := sarifRun{Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "mcpload", Version: d.Version, Rules: []sarifRule{}}
	for i := range d.Servers {
		run.server(&d.Servers[i])
	}
	if err := WriteJSON(w, sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0",
		Runs: []sarifRun{run}}); err != nil {
		return fmt.Errorf("cannot write the SARIF log: %w", err)
	}
	return nil
}

func (run *sarifRun) server(s *Server) {
	if s.Error != "" {
		// SARIF has no other level for what is no fail.
		run.add(s.Server, "the server can be used", sarifResult{RuleID: "usable", Level: "none", Kind: "open",
			Message: sarifText{s.Error}}, "")
	}
	for _, sc := range s.Scenarios {
		place := s.Server + "/" + sc.Scenario
		if sc.Conform != nil {
			for _, r := range sc.Conform.Rows {
				run.row(place, sc.Conform, r)
			}
		}
		for _, f := range sc.Findings {
			switch {
			case f.Verdict == verdict.Inconclusive:
				run.add(place, f.Want, sarifResult{RuleID: f.Check, Level: "none", Kind: "open",
					Message: sarifText{f.Saw}}, "")
			case f.Verdict == verdict.Fail && sc.Conform == nil:
				known := ""
				if f.Quarantined {
					known = "in quarantine"
				}
				run.add(place, f.Want, sarifResult{RuleID: f.Check, Level: "error", Kind: "fail",
					Message: sarifText{f.Saw}}, known)
			}
		}
	}
}

func (run *sarifRun) row(place string, c *Conform, r ConformRow) {
	if r.Answer != RowFail {
		return
	}
	level := "warning"
	if c.counts(r) {
		level = "error"
	}
	run.add(place, r.demand(), sarifResult{RuleID: r.ID, Level: level, Kind: "fail",
		Message: sarifText{r.text()}}, r.Known)
}

// add adds a result about a place, and its rule, which says what is demanded, where it is
// the first. known is why it was expected; empty: it wasn't.
func (run *sarifRun) add(place, says string, r sarifResult, known string) {
	rules := &run.Tool.Driver.Rules
	if !slices.ContainsFunc(*rules, func(rule sarifRule) bool { return rule.ID == r.RuleID }) {
		*rules = append(*rules, sarifRule{ID: r.RuleID, Short: sarifText{says}})
	}
	at := sarifLocation{Logical: []sarifLogical{{place, "resource"}}}
	at.Physical.Artifact.URI, at.Physical.Region.Line = (&url.URL{Path: "mcpload/" + place}).EscapedPath(), 1
	r.Locations = []sarifLocation{at}
	print := place + "/" + r.RuleID
	r.Prints = map[string]string{"mcpload/v1": print, "primaryLocationLineHash": print}
	if known != "" {
		r.Suppress = []sarifSuppress{{"external", known}}
	}
	run.Results = append(run.Results, r)
}
