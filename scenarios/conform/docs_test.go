package conform

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/CONFORMANCE.md anew")

const docs = "../../docs/CONFORMANCE.md"

// demands is how many demands there are by area of the list that the table is made
// from: R01 to R17, and so on.
var demands = []struct {
	prefix string
	n      int
}{{"R", 17}, {"L", 8}, {"D", 8}, {"H", 35}, {"S", 9}, {"T", 14}, {"P", 17}, {"X", 9}, {"A", 12}}

// leftOut are the demands that have no row, with the reason where it isn't that
// nobody has written it yet.
var leftOut = map[string]string{
	"D05": "needs a tool that needs sampling or elicitation",
	"T11": "a limit is measured by `mcpload run` and `mcpload probe`",
	"H26": "needs a stream that was broken off behind an event with an id, which a stranger cannot bring about",
	"H27": "holds for streams that the server means to close early, which a stranger cannot know of",
	"H28": "needs a message of the server's own accord, which a stranger cannot bring about",
	"H29": "needs a call that is known to be under way when the connection goes",
	"H30": "whether work stops is not seen from outside; under load U05 looks at cancelled calls",
	"H34": "on which addresses a server listens is the machine's to tell, and differs in containers",
	"H35": "whether a wait is told rightly is judged by `mcpload run` and `mcpload probe`",
	"S07": "a cancellation and an answer may cross, so that a late answer is no breach that can be shown",
	"S08": "stderr is read, as its last lines are shown where a server doesn't start",
	"X07": "needs a tool that asks for input, and a state that it is known to protect",
	"X09": "needs a task of somebody else's",
	"A05": "needs a token for another resource",
	"A06": "a token in an address ends in logs, and so is never sent there",
	"A07": "needs a token without a scope",
	"A12": "which comes first is a matter of limits, and no demand of the specification",
}

func page() string {
	var b strings.Builder
	b.WriteString("# What `mcpload conform` checks\n\nMade from the table (`go test ./scenarios/conform -run " +
		"TestDocs -update`).\n" +
		"`mcpload list conform` prints the same rows, and `--dry-run` every request. Sections are those of the " +
		"specification\n" +
		"of MCP, without the revision. Only a broken MUST fails a run, unless `--strict`. What it found in servers " +
		"of others\n" +
		"stands in [CONFORMANCE_SERVERS.md](CONFORMANCE_SERVERS.md).\n")
	for _, area := range Areas() {
		head := false
		for _, r := range Rows() {
			if r.Area != area {
				continue
			}
			if !head {
				fmt.Fprintf(&b, "\n## %s%s\n\n| id | level | revisions | transports | section | the server … | sends "+
					"at most |\n|---|---|---|---|---|---|---|\n",
					strings.ToUpper(string(area[:1])), area[1:])
				head = true
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", r.ID, r.Level, r.Span(),
				cmp.Or(strings.Join(r.On, ", "), "all"), r.Section, r.Says, r.Effect)
		}
	}
	b.WriteString("\n## With --under and --fuzz\n\n| id | level | revisions | transports | section | the server … | " +
		"sends at most |\n|---|---|---|---|---|---|---|\n")
	for _, r := range slices.Concat(LoadRows(), (&Fuzz{}).Rows()) {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", r.ID, r.Level, r.Span(),
			cmp.Or(strings.Join(r.On, ", "), "all"), r.Section, r.Says, r.Effect)
	}
	b.WriteString("\n## Not checked\n\nDemands that a stranger could judge, and that have no row.\n\n| id | why " +
		"|\n|---|---|\n")
	for _, id := range missing() {
		fmt.Fprintf(&b, "| %s | %s |\n", id, cmp.Or(leftOut[id], "not written yet"))
	}
	b.WriteString(officialTable())
	return b.String()
}

// missing are the demands without a row.
func missing() []string {
	has := map[string]bool{}
	for _, r := range Rows() {
		id, _, _ := strings.Cut(r.ID, "-")
		has[id] = true
	}
	var out []string
	for _, d := range demands {
		for i := range d.n {
			if id := fmt.Sprintf("%s%02d", d.prefix, i+1); !has[id] {
				out = append(out, id)
			}
		}
	}
	return out
}

// TestDocs holds the page to the table.
func TestDocs(t *testing.T) {
	if *update {
		require.NoError(t, os.WriteFile(docs, []byte(page()), 0o644))
	}
	got, err := os.ReadFile(docs)
	require.NoError(t, err)
	assert.Equal(t, page(), string(got), "write it anew with -update")
	for id := range leftOut {
		assert.Contains(t, missing(), id, "it has a row, and a reason to have none")
	}
}
