package results

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	vegeta "github.com/tsenart/vegeta/v12/lib"
	"golang.org/x/perf/benchfmt"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/verdict"
)

// every is a document with one of everything, and the calls of two of its servers.
func every() (*Document, map[string][]history.Call) {
	wide, wideCalls := generous()
	narrow, narrowCalls := stingy()
	narrow.Scenarios[0].Findings[2].Quarantined = true
	return document(wide, narrow, vague(), dead(), honest("mailgun-mcp", 12, 16)),
		map[string][]history.Call{"unifi-mcp": wideCalls, "acb": narrowCalls}
}

func TestFormatsGolden(t *testing.T) {
	doc, histories := every()
	for name, write := range map[string]func(io.Writer) error{
		"junit.xml":       func(w io.Writer) error { return JUnit(w, doc) },
		"markdown.md":     func(w io.Writer) error { return Markdown(w, doc) },
		"prometheus.txt":  func(w io.Writer) error { return Prometheus(w, doc) },
		"benchmark.txt":   func(w io.Writer) error { return Benchmark(w, doc, histories) },
		"benchmark-0.txt": func(w io.Writer) error { return Benchmark(w, doc, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, write(&b))
			golden(t, name, b.String())
		})
	}
}

func TestFormatsRefuseTheUnfinished(t *testing.T) {
	for _, write := range []func(io.Writer, *Document) error{
		JUnit, Markdown, Prometheus, func(w io.Writer, d *Document) error { return Benchmark(w, d, nil) },
	} {
		assert.ErrorIs(t, write(io.Discard, &Document{}), ErrUnfinished)
	}
	assert.ErrorIs(t, Vegeta(io.Discard, document(honest("acb", 15, 40)), nil), ErrNoCalls)
	assert.ErrorContains(t, Vegeta(io.Discard, &Document{Started: "noon"}, nil), `"noon" is not a time`)
}

// A writer that fails is an error of every format, never a shorter report.
func TestFormatsHeedTheWriter(t *testing.T) {
	doc, histories := every()
	for name, write := range map[string]func(io.Writer) error{
		"junit":      func(w io.Writer) error { return JUnit(w, doc) },
		"markdown":   func(w io.Writer) error { return Markdown(w, doc) },
		"prometheus": func(w io.Writer) error { return Prometheus(w, doc) },
		"bench":      func(w io.Writer) error { return Benchmark(w, doc, histories) },
		"vegeta":     func(w io.Writer) error { return Vegeta(w, doc, histories) },
	} {
		assert.ErrorIs(t, write(fullDisk{}), io.ErrShortWrite, name)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestJUnitCounts(t *testing.T) {
	doc, _ := every()
	var b bytes.Buffer
	require.NoError(t, JUnit(&b, doc))
	var all junitSuites
	require.NoError(t, xml.Unmarshal(b.Bytes(), &all))
	require.Len(t, all.Suites, 5)
	byName := map[string]junitSuite{}
	for _, s := range all.Suites {
		byName[s.Name] = s
	}
	says := func(s junitSuite) string {
		return fmt.Sprintf("%d tests, %d failures, %d errors, %d skipped", s.Tests, s.Failures, s.Errors, s.Skipped)
	}
	assert.Equal(t, "3 tests, 1 failures, 0 errors, 1 skipped", says(byName["acb"]))
	assert.Equal(t, "11 tests, 0 failures, 3 errors, 0 skipped", says(byName["opera-cloud-mcp"]),
		"inconclusive is an error")
	assert.Equal(t, "1 tests, 0 failures, 1 errors, 0 skipped", says(byName["raindropio-mcp"]), "so is not to have run")
	assert.Equal(t, "9 tests, 0 failures, 0 errors, 0 skipped", says(byName["mailgun-mcp"]))
	assert.Contains(t, byName["raindropio-mcp"].Cases[0].Error.Text, "connection was refused")
	empty := document(Server{Server: "x"})
	b.Reset()
	require.NoError(t, JUnit(&b, empty))
	assert.Contains(t, b.String(), `errors="1"`, "judging nothing is no pass")
}

// Whatever a server says, the report is XML.
func TestJUnitIsAlwaysXML(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		d := document(Server{Server: text, Error: text,
			Scenarios: []Scenario{{Scenario: text, Findings: []Finding{{Check: text, Verdict: verdict.Fail, Want: text,
				Saw: text}}}}})
		var b bytes.Buffer
		require.NoError(t, JUnit(&b, d))
		require.NoError(t, xml.Unmarshal(b.Bytes(), &junitSuites{}))
	})
}

func TestPrometheusIsParsed(t *testing.T) {
	doc, _ := every()
	doc.Servers[0].Server = "quo\"te\\ and\nline"
	doc.Servers[1].Measured = &Measured{Rate: unbounded(1), Burst: unbounded(2)}
	var b bytes.Buffer
	require.NoError(t, Prometheus(&b, doc))
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(&b)
	require.NoError(t, err)
	require.Len(t, families, 11)
	assert.Equal(t, 15, len(families["mcpload_server_verdict"].Metric))
	states := 0.0
	for _, m := range families["mcpload_server_verdict"].Metric {
		states += m.GetGauge().GetValue()
	}
	assert.Equal(t, 5.0, states, "one of each server's three")
	assert.Equal(t, "quo\"te\\ and\nline", families["mcpload_limit_rate"].Metric[0].Label[0].GetValue())
	infinities := 0
	for _, m := range families["mcpload_measured_rate"].Metric {
		if math.IsInf(m.GetGauge().GetValue(), 1) {
			infinities++
		}
	}
	assert.Equal(t, 1, infinities)
	sc := doc.Servers[0].Scenarios[0]
	latency := families["mcpload_latency_seconds"].Metric[0].GetSummary()
	assert.EqualValues(t, sc.Latency.Admitted.N, latency.GetSampleCount())
	assert.Equal(t, sc.Latency.Admitted.P50/1e3, latency.Quantile[0].GetValue())
}

func TestBenchmarkIsParsed(t *testing.T) {
	doc, histories := every()
	doc.Servers[0].Scenarios[0].Scenario = "burst of-8"
	for i := range histories["unifi-mcp"] {
		if c := &histories["unifi-mcp"][i]; c.Label == "burst" {
			c.Label = "burst of-8"
		}
	}
	var b bytes.Buffer
	require.NoError(t, Benchmark(&b, doc, histories))
	in := benchfmt.NewReader(&b, "x")
	calls := 0
	for in.Scan() {
		switch r := in.Result().(type) {
		case *benchfmt.Result:
			if len(r.Name.Full()) == 0 {
				t.Fatal("a benchmark without a name")
			}
			if strings.HasPrefix(r.Name.String(), "Call/server=unifi-mcp/scenario=burst_of_8") {
				calls++
			}
		case *benchfmt.SyntaxError:
			require.NoError(t, r)
		}
	}
	require.NoError(t, in.Err())
	assert.Equal(t, doc.Servers[0].Scenarios[0].Calls.Admitted, calls)
}

// Of very many calls some stand for all, and the file says so.
func TestBenchmarkThinsOut(t *testing.T) {
	calls := make([]history.Call, 25_000)
	for i := range calls {
		calls[i] = history.Call{Outcome: history.OK, Received: time.Duration(i)}
		calls[i].Label = "burst"
	}
	d := document(Server{Server: "x", Scenarios: []Scenario{NewScenario("burst", calls, nil)}})
	var b bytes.Buffer
	require.NoError(t, Benchmark(&b, d, map[string][]history.Call{"x": calls}))
	assert.Contains(t, b.String(), "# one of 3 calls of server=x/scenario=burst is shown\n")
	assert.Equal(t, 8334, strings.Count(b.String(), "BenchmarkCall/"))
}

func TestVegetaIsRead(t *testing.T) {
	doc, histories := every()
	var b bytes.Buffer
	require.NoError(t, Vegeta(&b, doc, histories))
	decode := vegeta.NewDecoder(&b)
	n := map[string]int{}
	var last time.Time
	for {
		var r vegeta.Result
		err := decode.Decode(&r)
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		assert.EqualValues(t, n[r.Attack], r.Seq)
		n[r.Attack]++
		assert.False(t, r.Timestamp.Before(last), "in the order of time")
		last = r.Timestamp
	}
	assert.Equal(t, map[string]int{"acb": len(histories["acb"]), "unifi-mcp": len(histories["unifi-mcp"])}, n)
}

// A summary that would be refused for its length is cut, in whole pieces, and
// says what is missing.
func TestMarkdownFits(t *testing.T) {
	var servers []Server
	for i := range 400 {
		s := vague()
		s.Server = fmt.Sprintf("server-%d", i)
		s.Scenarios[0].Findings[0].Saw = strings.Repeat("much to say ", 400)
		s.finish()
		servers = append(servers, s)
	}
	var b bytes.Buffer
	require.NoError(t, Markdown(&b, document(servers...)))
	assert.LessOrEqual(t, b.Len(), SummaryLimit)
	assert.Greater(t, b.Len(), SummaryLimit-20_000)
	assert.Contains(t, b.String(), "**Cut short:** there was no room for server-")
	assert.Contains(t, b.String(), "<sub>seed 1;")
	huge := dead()
	huge.Server, huge.Error = strings.Repeat("x", 2*SummaryLimit), "e"
	b.Reset()
	require.NoError(t, Markdown(&b, document(huge)))
	assert.LessOrEqual(t, b.Len(), SummaryLimit)
}

// What a server says becomes no tag, no link, no column and no mention.
func TestMarkdownIsEscaped(t *testing.T) {
	s := dead()
	s.Server, s.Error = "a|b", "<img src=x> [link](http://x) @everyone `code`\n## heading"
	var b bytes.Buffer
	require.NoError(t, Markdown(&b, document(s)))
	for _, bad := range []string{"<img", "[link]", "@everyone", "`code`", "\n## heading", "| a|b |"} {
		assert.NotContains(t, strings.ReplaceAll(b.String(), `\`+bad[:1], ""), bad)
	}
}
