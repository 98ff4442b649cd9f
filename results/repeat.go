package results

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/verdict"
)

// A Repeat is what one of several runs said of a server.
type Repeat struct {
	Started string          `json:"started"` // RFC 3339
	Verdict verdict.Verdict `json:"verdict"`
	Failed  []string        `json:"failed,omitempty"` // the checks that failed, each once
	Error   string          `json:"error,omitempty"`  // why the server could not be judged
}

// Merge makes one document of several finished runs of the same servers, which
// it doesn't change. Each server stands in it as in the worst of its runs,
// because one witness is proof however rarely it shows; what every run said
// stands in Repeats, and a server is Flaky where they disagree. from tells for
// each server which run it was taken from. It panics without a run.
func Merge(runs []*Document) (merged *Document, from []int) {
	first := *runs[0]
	first.Servers = slices.Clone(runs[0].Servers)
	merged = &first
	from = make([]int, len(merged.Servers))
	if len(runs) == 1 {
		return merged, from
	}
	for i := range merged.Servers {
		var repeats []Repeat
		for n, run := range runs {
			s := run.Servers[i]
			repeats = append(repeats, Repeat{Started: run.Started, Verdict: s.Verdict, Failed: s.failedChecks(),
				Error: s.Error})
			if worst := merged.Servers[i].Verdict; verdict.Worst(worst, s.Verdict) != worst {
				merged.Servers[i], from[i] = s, n
			}
		}
		merged.Servers[i].Repeats = repeats
		merged.Servers[i].Flaky = disagree(repeats)
	}
	merged.Finish()
	return merged, from
}

func disagree(repeats []Repeat) bool {
	return slices.ContainsFunc(repeats, func(r Repeat) bool { return r.Verdict != repeats[0].Verdict })
}

// repeatWords says what several runs said: "1 of 3 runs failed, 2 passed: flaky".
func (s *Server) repeatWords() string {
	n := map[verdict.Verdict]int{}
	for _, r := range s.Repeats {
		n[r.Verdict]++
	}
	all := len(s.Repeats)
	var parts []string
	for _, v := range []struct {
		verdict verdict.Verdict
		says    string
	}{{verdict.Fail, "failed"}, {verdict.Inconclusive, "could not tell"}, {verdict.Pass, "passed"}} {
		switch n[v.verdict] {
		case 0:
		case all:
			return fmt.Sprintf("all %d runs %s", all, v.says)
		default:
			parts = append(parts, fmt.Sprintf("%d of %d %s", n[v.verdict], all, v.says))
		}
	}
	return "flaky: " + strings.Join(parts, ", ")
}

// repeats adds what the runs of each server said, where there were several.
func (s *view) repeats() error {
	if !slices.ContainsFunc(s.doc.Servers, func(v Server) bool { return len(v.Repeats) > 0 }) {
		return nil
	}
	s.heading("repeats")
	for i := range s.doc.Servers {
		v := &s.doc.Servers[i]
		sgr := ""
		if v.Flaky {
			sgr = yellow
		}
		words := v.repeatWords()
		if v.Flaky {
			words += "; shown below is the worst"
		}
		s.item(inset, inset+18, sgr, v.Server+":", words)
	}
	return nil
}
