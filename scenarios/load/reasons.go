package load

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

// maxReasons bounds how many different reasons of failures are told apart.
const maxReasons = 200

// numbers differ from call to call, but not in why it failed.
var numbers = regexp.MustCompile(`\b(id|request|port)( |": ?"?)\d+`)

// A reason is why calls failed: how, and in what words, as far as these are alike.
type reason struct {
	outcome history.Outcome
	words   string
}

// reasons count why calls failed. Those that are alike are one, shown as it was first told.
type reasons map[reason]*tally

type tally struct {
	detail string
	n      int64
}

// add notes why so many calls failed. Beyond what is told apart, reasons are counted together.
func (r reasons) add(o history.Outcome, detail string, n int64) {
	why := reason{o, alike(detail)}
	t := r[why]
	if t == nil && len(r) >= maxReasons {
		detail = "other reasons"
		why.words = detail
		t = r[why]
	}
	if t == nil {
		t = &tally{detail: numbers.ReplaceAllString(detail, "$1$2…")}
		r[why] = t
	}
	t.n += n
}

// quoting are what begins the words of a flaw before what a server said, which ": " parts
// from it.
var quoting = []string{"the reply is no MCP message: ", "the reply is ", "the response is "}

// numbered are words behind which a number says what went wrong.
var numbered = []string{"error", "HTTP", "status", "code"}

// alike is what a reason has in common with those that differ in what they quote of an answer,
// or in numbers: but for codes and statuses these differ from call to call.
func alike(detail string) string {
	for _, begin := range quoting {
		if rest, ok := strings.CutPrefix(detail, begin); ok {
			what, _, _ := strings.Cut(rest, ": ")
			detail = begin + what
			break
		}
	}
	var b strings.Builder
	last := ""
	for word := range strings.SplitSeq(detail, " ") {
		if strings.ContainsAny(word, "0123456789") && !slices.Contains(numbered, last) {
			b.WriteString("…")
		} else {
			b.WriteString(word)
		}
		b.WriteByte(' ')
		last = word
	}
	return b.String()
}

// frequent are the most frequent reasons.
func (r reasons) frequent(most int) []results.LoadFailure {
	var list []results.LoadFailure
	for why, t := range r {
		list = append(list, results.LoadFailure{Outcome: why.outcome.String(), Detail: t.detail, Count: t.n})
	}
	slices.SortFunc(list, func(a, b results.LoadFailure) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(a.Detail, b.Detail))
	})
	return list[:min(len(list), most)]
}
