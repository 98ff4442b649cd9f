package conform

import (
	"cmp"
	"flag"
	"fmt"
	"os"
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
	"R09": "the mock can't be shown to keep it: its own library takes no batches",
	"D05": "needs a tool that needs sampling or elicitation",
	"T11": "a limit is measured by `mcpload run` and `mcpload probe`",
	"H35": "whether a wait is told rightly is judged by `mcpload run` and `mcpload probe`",
	"P06": "needs two credentials",
	"X09": "needs two credentials",
	"A05": "needs a token for another resource",
	"A06": "needs a token",
	"A07": "needs a token without a scope",
}

func page() string {
	var b strings.Builder
	b.WriteString("# What `mcpload conform` checks\n\nMade from the table (`go test ./scenarios/conform -run TestDocs -update`).\n" +
		"`mcpload list conform` prints the same rows, and `--dry-run` every request. Sections are those of the specification\n" +
		"of MCP, without the revision. Only a broken MUST fails a run, unless `--strict`.\n")
	for _, area := range Areas() {
		head := false
		for _, r := range Rows() {
			if r.Area != area {
				continue
			}
			if !head {
				fmt.Fprintf(&b, "\n## %s%s\n\n| id | level | revisions | transports | section | the server … | sends at most |\n|---|---|---|---|---|---|---|\n",
					strings.ToUpper(string(area[:1])), area[1:])
				head = true
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", r.ID, r.Level, r.Span(),
				cmp.Or(strings.Join(r.On, ", "), "all"), r.Section, r.Says, r.Effect)
		}
	}
	b.WriteString("\n## Not checked\n\nDemands that a stranger could judge, and that have no row.\n\n| id | why |\n|---|---|\n")
	for _, id := range missing() {
		fmt.Fprintf(&b, "| %s | %s |\n", id, cmp.Or(leftOut[id], "not written yet"))
	}
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
