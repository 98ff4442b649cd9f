package results

import (
	"regexp"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/verdict"
)

// What to do where the cause is sure, in the order in which causes hide each other.
const (
	letItEnd      = "let the run come to its end: it was interrupted, and that alone may be why it can't tell"
	giveArguments = "give the tool the arguments that it asks for, with --args '{...}': mcpload tools shows its " +
		"schema, and mcpload call tries one call"
)

// InterruptedRun begins the note of a server whose run somebody ended before its time.
const InterruptedRun = "the run was interrupted"

// missing are the words by which servers say that a call lacks an argument: FastMCP and
// pydantic, JSON Schema validators, zod, and those that write it themselves.
var missing = regexp.MustCompile(`(?i)(missing (\w+ ){0,3}(argument|param|propert|field)|` +
	`(argument|param(eter)?|property|properties|field)s?\b.{0,60}\b(is|are) (missing|required)|` +
	`is a required (property|argument|parameter|field)|field required|missing_argument|must have required propert)`)

// likeliest is the one thing to do about what is open, where its cause is sure: nothing
// else would help before. It is empty where there may be several causes.
func (s *Server) likeliest(open []fail) string {
	refusal := ""
	for _, f := range open {
		if refusal == "" && strings.Contains(f.Next, "add --refusal ") {
			refusal = f.Next
		}
	}
	switch {
	case len(open) == 0:
		return ""
	case s.wantsArguments():
		return giveArguments
	case refusal != "":
		return refusal
	case s.interrupted() && slices.ContainsFunc(open, func(f fail) bool { return f.Check == "duration" }):
		return Hint("duration", verdict.Inconclusive) // of a load, which says more
	case s.interrupted():
		return letItEnd
	case slices.ContainsFunc(open, func(f fail) bool { return f.Check == "starts" }):
		return Hint("starts", verdict.Inconclusive) // without a good start nothing else can be told
	case s.ours():
		return Hint("generator", verdict.Inconclusive)
	}
	return ""
}

// ours reports if the generator is open wherever anything is: then that hides the rest.
func (s *Server) ours() bool {
	opens := func(sc Scenario, which func(Finding) bool) bool {
		return slices.ContainsFunc(sc.Findings, func(f Finding) bool {
			return f.Verdict == verdict.Inconclusive && which(f)
		})
	}
	late := false
	for _, sc := range s.Scenarios {
		own := opens(sc, func(f Finding) bool { return f.Check == "generator" })
		if !own && opens(sc, func(Finding) bool { return true }) {
			return false
		}
		late = late || own
	}
	return late
}

// interrupted reports if somebody ended the run before its time.
func (s *Server) interrupted() bool {
	return slices.ContainsFunc(s.Notes, func(n string) bool { return strings.HasPrefix(n, InterruptedRun) }) ||
		slices.ContainsFunc(s.Scenarios, func(sc Scenario) bool {
			return sc.Load != nil && strings.HasPrefix(sc.Load.Stopped, "interrupted")
		})
}

// wantsArguments reports if no call of a load got a result, and all that failed for a
// reason that is known say that an argument is missing.
func (s *Server) wantsArguments() bool {
	lack := 0
	for _, sc := range s.Scenarios {
		if sc.Load == nil || sc.Calls.Admitted > 0 {
			return false
		}
		for _, f := range sc.Load.Failures {
			if !missing.MatchString(f.Detail) {
				return false
			}
			lack++
		}
	}
	return lack > 0
}
