package results

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/verdict"
)

func TestMergeShowsTheWorstRunAndTellsThatRunsDisagree(t *testing.T) {
	bad, _ := generous()
	good := honest(bad.Server, bad.Limit.Rate, bad.Limit.Burst)
	unsure := vague()
	unsure.Server = bad.Server
	for _, row := range []struct {
		name  string
		runs  []Server
		want  verdict.Verdict
		from  int
		flaky bool
		words string
	}{
		{"all pass", []Server{good, good, good}, verdict.Pass, 0, false, "all 3 runs passed"},
		{"one fails", []Server{good, bad, good}, verdict.Fail, 1, true, "flaky: 1 of 3 failed, 2 of 3 passed"},
		{"all fail", []Server{bad, bad}, verdict.Fail, 0, false, "all 2 runs failed"},
		{"one can't tell", []Server{good, unsure}, verdict.Inconclusive, 1, true, "flaky: 1 of 2 could not tell, 1 " +
			"of 2 passed"},
		{"a fail outweighs", []Server{unsure, bad, good}, verdict.Fail, 1, true, "flaky: 1 of 3 failed, 1 of 3 could " +
			"not tell, 1 of 3 passed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var runs []*Document
			for _, s := range row.runs {
				runs = append(runs, document(honest("acb", 15, 40), s))
			}
			merged, from := Merge(runs)
			require.Equal(t, row.want, merged.Verdict)
			require.Equal(t, []int{0, row.from}, from)
			s := merged.Servers[1]
			require.Equal(t, row.want, s.Verdict)
			require.Equal(t, row.flaky, s.Flaky)
			require.Len(t, s.Repeats, len(row.runs))
			require.Equal(t, row.words, s.repeatWords())
			require.False(t, merged.Servers[0].Flaky)
			require.Nil(t, runs[0].Servers[1].Repeats, "the runs stay as they are")
		})
	}
}

func TestOneRunMergesToItself(t *testing.T) {
	doc := document(honest("acb", 15, 40))
	merged, from := Merge([]*Document{doc})
	require.Equal(t, doc, merged)
	require.Equal(t, []int{0}, from)
}

func TestRepeatsOnTheScreen(t *testing.T) {
	bad, _ := generous()
	doc, _ := Merge([]*Document{document(honest(bad.Server, 12, 16)), document(bad),
		document(honest(bad.Server, 12, 16))})
	var b bytes.Buffer
	require.NoError(t, Table(&b, doc, TableOptions{}))
	golden(t, "flaky.txt", b.String())
	narrowEnough(t, b.String(), 80)
}
