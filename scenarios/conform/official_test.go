package conform

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A counterpart is a scenario of the official suite and what of our table judges the
// same.
type counterpart struct {
	name    string
	fixture bool   // it wants tools, prompts or resources of given names, or features
	rows    string // of ours, by their ids; empty: none
	differs string // where both judge, and differently, or why we don't
}

// Why several scenarios have no row of ours.
const (
	asksInput = "what a tool asks for is its own matter; X06 watches that answers which ask are well-formed"
	tasks     = "an extension; X08 asks for a task that nobody began"
	skills    = "an extension, which isn't in a revision"
)

// counterparts are the server scenarios of the official suite, in its order.
var counterparts = []counterpart{
	{"server-initialize", false, "L01, L02, L03", ""},
	{"server-session-lifecycle", false, "H10, H11", "the suite asks for 404 or 400 to an ended session; H11 for 404, " +
		"as the text does"},
	{"server-stateless", true, "D01, D02, D03, D04, D06, D08, H15, H21, H24, P17, X04, X05", "the suite wants tools " +
		"that need capabilities; our rows do without"},
	{"logging-set-level", true, "P15, P16", "the suite sets one level; P15 one that there is none of"},
	{"ping", false, "L06, L06-empty", ""},
	{"completion-complete", true, "P14, P14-unknown", "P14 completes an argument of any prompt that is listed"},
	{"tools-list", false, "T01, T02, T03, R16", ""},
	{"tools-call-simple-text", true, "T09", "T09 looks at calls of tools that only read, whatever they are called"},
	{"tools-call-image", true, "T09", ""},
	{"tools-call-audio", true, "T09", ""},
	{"tools-call-embedded-resource", true, "T09", ""},
	{"tools-call-mixed-content", true, "T09", ""},
	{"tools-call-with-logging", true, "P16, P17", "that a tool logs is no demand; that it logs no more than was " +
		"asked is one"},
	{"tools-call-error", true, "T06", "T06 brings an error about by an argument of a wrong type"},
	{"tools-call-with-progress", true, "X01, X02", "that a tool reports is no demand; by which token, and that it " +
		"grows, is one"},
	{"tools-call-sampling", true, "", asksInput},
	{"tools-call-elicitation", true, "", asksInput},
	{"json-schema-2020-12", true, "R15", "R15 holds any tool's schema to its dialect"},
	{"elicitation-sep1034-defaults", true, "", asksInput},
	{"server-sse-polling", false, "H25", "the suite wants a tool that closes its stream; H27 is left out"},
	{"server-sse-multiple-streams", false, "R14, U01", ""},
	{"elicitation-sep1330-enums", true, "", asksInput},
	{"resources-list", false, "T01, R16, P09", ""},
	{"resources-read-text", true, "R16, P09", ""},
	{"resources-read-binary", true, "P09", ""},
	{"resources-templates-read", true, "P10", "P10 asks templates for files of the machine"},
	{"resources-subscribe", true, "P11", ""},
	{"sep-2164-resource-not-found", false, "P07, P08", "the suite wants the address in the error's data, which is a " +
		"SHOULD of it; our rows judge the code"},
	{"sep-2640-skills-directory", true, "", skills},
	{"sep-2640-skills-enumeration", true, "", skills},
	{"sep-2640-skills-manifest", true, "", skills},
	{"resources-unsubscribe", true, "P11", ""},
	{"prompts-list", false, "T01, R16", "the suite wants a description of each prompt, which may be left out"},
	{"prompts-get-simple", true, "P13, R16", ""},
	{"prompts-get-with-args", true, "P13", ""},
	{"prompts-get-embedded-resource", true, "P13", ""},
	{"prompts-get-with-image", true, "P13", ""},
	{"dns-rebinding-protection", false, "H01, H02", "the suite varies Host and Origin at once; H01 and H02 one of " +
		"them each"},
	{"caching", false, "P04, P05, P06", ""},
	{"http-header-validation", false, "H15, H15-code, H16, H16-name, H17", ""},
	{"http-custom-header-server-validation", true, "H18, H19", "both need a tool with such a header"},
	{"tasks-lifecycle", true, "", tasks},
	{"tasks-capability-negotiation", true, "", tasks},
	{"tasks-wire-fields", true, "", tasks},
	{"tasks-request-state-removal", true, "", tasks},
	{"tasks-mrtr-input", true, "", tasks},
	{"tasks-request-headers", true, "", tasks},
	{"tasks-dispatch-and-envelope", true, "", tasks},
	{"tasks-status-notifications", true, "", tasks},
	{"tasks-required-task-error", true, "", tasks},
	{"tasks-mrtr-composition", true, "", tasks},
	{"input-required-result-basic-elicitation", true, "X06", asksInput},
	{"input-required-result-basic-sampling", true, "X06", ""},
	{"input-required-result-basic-list-roots", true, "X06", ""},
	{"input-required-result-request-state", true, "X06", ""},
	{"input-required-result-multiple-input-requests", true, "X06", ""},
	{"input-required-result-multi-round", true, "X06", ""},
	{"input-required-result-missing-input-response", true, "", "X07 is left out: it needs a tool that asks"},
	{"input-required-result-non-tool-request", true, "X06", ""},
	{"input-required-result-result-type", true, "R11, X06", ""},
	{"input-required-result-unsupported-methods", false, "X06", ""},
	{"input-required-result-tampered-state", true, "", "X07 is left out: it needs a state that is known to be " +
		"protected"},
	{"input-required-result-capability-check", true, "", "D05 is left out: it needs a tool that needs a capability"},
	{"input-required-result-ignore-extra-params", true, "", "it needs a tool that asks"},
	{"input-required-result-validate-input", true, "", "likewise"},
}

// officialTable is the part of the page about the official suite.
func officialTable() string {
	var b strings.Builder
	b.WriteString("\n## Beside the official suite\n\nThe server scenarios of `@modelcontextprotocol/conformance` " +
		"0.2.0-alpha.12, and the rows that judge the same.\n" +
		"Those with a fixture want names or features that a server may lack; `mcpload mock --fixture` has them, and " +
		"passes\n" +
		"each scenario of 2025-11-25 and 2026-07-28, while `mcpload mock` passes those without. `make interop` runs " +
		"both.\n\n" +
		"| scenario | fixture | rows | difference, or why there is none |\n|---|---|---|---|\n")
	for _, c := range counterparts {
		fixture := "no"
		if c.fixture {
			fixture = "yes"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", c.name, fixture, c.rows, c.differs)
	}
	return b.String()
}

// TestCounterpartsAreRows: the table names rows that there are, and says why where it
// names none.
func TestCounterpartsAreRows(t *testing.T) {
	for _, c := range counterparts {
		if c.rows == "" {
			assert.NotEmpty(t, c.differs, c.name)
			continue
		}
		for id := range strings.SplitSeq(c.rows, ", ") {
			assert.NoError(t, Known(id, ""), "%s: there is no row %s", c.name, id)
		}
	}
}
