package ui

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
	"github.com/mcpload/mcpload/results/store"
	"github.com/mcpload/mcpload/verdict"
)

var began = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// kept is a store of runs, one a day, of a server each.
type kept struct {
	*store.Store
	t *testing.T
	n int
}

func newStore(t *testing.T) *kept {
	t.Helper()
	s, err := store.Open(t.TempDir())
	require.NoError(t, err)
	return &kept{Store: s, t: t}
}

// keep stores a run of 120 calls with this verdict, and returns its id.
func (k *kept) keep(server string, of verdict.Verdict, burst results.Range) string {
	k.t.Helper()
	return k.keepOf(results.Target{Kind: "mock", Transport: "http"}, server, of, burst)
}

// keepOf is keep of another target.
func (k *kept) keepOf(target results.Target, server string, of verdict.Verdict, burst results.Range) string {
	k.t.Helper()
	var calls []history.Call
	for i := range 120 {
		c := history.Call{Sent: time.Duration(i) * 50 * time.Millisecond, Outcome: history.OK}
		c.Received, c.Due, c.Client, c.Method, c.Label = c.Sent+time.Millisecond, c.Sent, "c1", "tools/call", "burst"
		calls = append(calls, c)
	}
	latency := results.Measure(calls)
	d := &results.Document{Started: began.Format(time.RFC3339), Servers: []results.Server{{
		Server: server, Target: target, Latency: &latency,
		Limit:    results.Limit{Rate: 15, Burst: 40, Scope: "global", Charges: []string{"*"}},
		Measured: &results.Measured{Rate: results.Range{Lo: 14.9, Hi: 15.1}, Burst: burst},
		Scenarios: []results.Scenario{results.NewScenario("burst", calls,
			[]verdict.Finding{{Check: "over-admission", Verdict: of, Want: "w", Saw: "s"}})},
	}}}
	d.Finish()
	var text bytes.Buffer
	require.NoError(k.t, d.JSON(&text))
	k.n++
	e, err := k.Keep(store.Run{Kind: "run", Started: began.AddDate(0, 0, k.n), Document: text.Bytes(),
		Histories: map[string][]history.Call{server: calls}})
	require.NoError(k.t, err)
	return e.ID
}

var forty = results.Range{Lo: 39.9, Hi: 40.2}

// get asks for a page and returns its status and text.
func (k *kept) get(path string) (int, string) {
	k.t.Helper()
	h, err := New(k.Store)
	require.NoError(k.t, err)
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "127.0.0.1:4280"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// shown fails unless the page is there, and returns it.
func (k *kept) shown(path string) string {
	k.t.Helper()
	status, text := k.get(path)
	require.Equal(k.t, http.StatusOK, status, "%s: %s", path, text)
	return text
}

// listed are the runs in a page of the list, in its order.
func listed(text string) []string {
	var ids []string
	for _, m := range regexp.MustCompile(`<th scope="row"><a href="/runs/([^"]+)"`).FindAllStringSubmatch(text, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

// has and hasNot look for a text in a page without printing the page.
func has(t *testing.T, page, text string, why ...any) {
	t.Helper()
	assert.True(t, strings.Contains(page, text), "not in the page: %s %v", text, why)
}

func hasNot(t *testing.T, page, text string, why ...any) {
	t.Helper()
	assert.False(t, strings.Contains(page, text), "in the page: %s %v", text, why)
}

func TestAnEmptyStore(t *testing.T) {
	k := newStore(t)
	has(t, k.shown("/"), "No run has been kept yet")
	has(t, k.shown("/servers"), "No run has been kept yet")
	status, text := k.get("/servers/acb")
	assert.Equal(t, http.StatusNotFound, status)
	has(t, text, "no kept run of a server named acb")
	_, err := os.ReadDir(filepath.Join(k.Dir(), "runs"))
	assert.ErrorIs(t, err, os.ErrNotExist, "looking makes nothing")
}

func TestFilters(t *testing.T) {
	k := newStore(t)
	acb := k.keep("acb", verdict.Pass, forty)                // 2 November
	bad := k.keep("acb", verdict.Fail, forty)                // 3 November
	open := k.keep("unifi-mcp", verdict.Inconclusive, forty) // 4 November
	for query, want := range map[string][]string{
		"":                              {open, bad, acb},
		"server=acb":                    {bad, acb},
		"verdict=pass":                  {acb},
		"verdict=inconclusive":          {open},
		"server=acb&verdict=fail":       {bad},
		"kind=run":                      {open, bad, acb},
		"kind=probe":                    nil,
		"from=2026-11-03":               {open, bad},
		"to=2026-11-03":                 {bad, acb},
		"from=2026-11-03&to=2026-11-03": {bad},
		"q=UNIFI":                       {open},
		"q=acb+fail":                    {bad},
		"q=" + acb:                      {acb},
		"q=nothing+like+it":             nil,
		"server=nobody":                 nil,
	} {
		text := k.shown("/?" + query)
		assert.Equal(t, want, listed(text), "%q", query)
		if want == nil {
			has(t, text, "No run is like that")
		}
	}
	text := k.shown("/?server=acb&verdict=fail&from=2026-11-03&q=x")
	for _, kept := range []string{`<option value="acb" selected>`, `<option value="fail" selected>`,
		`name="from" value="2026-11-03"`, `name="q" value="x"`} {
		has(t, text, kept, "the form shows what the address says")
	}
	for _, query := range []string{"from=yesterday", "to=2026-13-01", "page=0", "page=x"} {
		status, _ := k.get("/?" + query)
		assert.Equal(t, http.StatusBadRequest, status, query)
	}
}

func TestPaging(t *testing.T) {
	k := newStore(t)
	for range pageRuns + 3 {
		k.keep("acb", verdict.Pass, forty)
	}
	first, second := k.shown("/?server=acb"), k.shown("/?server=acb&page=2")
	assert.Len(t, listed(first), pageRuns)
	assert.Len(t, listed(second), 3)
	assert.NotContains(t, listed(first), listed(second)[0])
	has(t, first, `href="/?page=2&amp;server=acb" rel="next"`)
	has(t, second, `href="/?server=acb" rel="prev"`)
	has(t, first, "1–50 of 53 runs")
	assert.Len(t, listed(k.shown("/?page=999")), 3, "there is nothing behind the last page")
}

func TestARunIsShownWithItsCharts(t *testing.T) {
	k := newStore(t)
	id := k.keep("acb", verdict.Pass, forty)
	text := k.shown("/runs/" + id)
	has(t, text, "acb keeps its limit of 15/s burst 40")
	has(t, text, `id="s1-t1"`)
	has(t, text, `<a href="/?base=`+id)
	text = k.shown("/runs/" + id + "/document.json")
	_, err := results.Decode(strings.NewReader(text))
	require.NoError(t, err)
	for _, path := range []string{"/runs/nope", "/runs/" + id[:8], "/runs/..%2f..%2fetc", "/runs/last",
		"/runs/%2Fetc%2Fpasswd", "/runs/nope/document.json", "/nope"} {
		status, _ := k.get(path)
		assert.Equal(t, http.StatusNotFound, status, path)
	}
}

// A damaged entry hides nothing else, and is said.
func TestDamage(t *testing.T) {
	k := newStore(t)
	good, lost, torn, cut := k.keep("acb", verdict.Pass, forty), k.keep("acb", verdict.Pass, forty),
		k.keep("acb", verdict.Fail, forty), k.keep("acb", verdict.Pass, forty)
	runs := filepath.Join(k.Dir(), "runs")
	require.NoError(t, os.WriteFile(filepath.Join(runs, lost, "environment.json"), []byte("{"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(runs, torn, "document.json"), []byte("<script>alert(1)</script>"),
		0o600))
	files, err := filepath.Glob(filepath.Join(runs, cut, "histories", "*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.NoError(t, os.WriteFile(files[0], []byte("no gzip"), 0o600))

	text := k.shown("/")
	assert.Contains(t, listed(text), good)
	has(t, text, "Damaged:")
	text = k.shown("/runs/" + torn)
	has(t, text, "The document is damaged")
	hasNot(t, text, "<script>alert")
	text = k.shown("/runs/" + cut)
	has(t, text, "acb keeps its limit", "the verdict stands without the calls")
	has(t, text, "can&#39;t be used")
	has(t, k.shown("/servers/acb"), good, "the trend shows what there is")
	status, _ := k.get("/compare?base=" + good + "&new=" + torn)
	assert.Equal(t, http.StatusUnprocessableEntity, status)
}

func TestTrends(t *testing.T) {
	k := newStore(t)
	first := k.keep("acb", verdict.Pass, forty)
	last := k.keep("acb", verdict.Fail, results.Range{Lo: 41.9, Hi: 42.2})
	k.keep("zebra-mcp", verdict.Pass, forty)
	text := k.shown("/servers/acb")
	has(t, text, "41.90–42.20")
	assert.Less(t, strings.Index(text, first), strings.LastIndex(text, last))
	hasNot(t, text, "zebra-mcp")
	assert.Equal(t, 4, strings.Count(text, `<figure class="chart"`))
	k.keepOf(results.Target{Kind: "url", Transport: "http", Label: "staging"}, "acb", verdict.Pass,
		results.Range{Lo: 0, Hi: 92.5})
	text = k.shown("/servers/acb") // the mock is no part of the server's trend, and 0–92.5 is no value
	has(t, text, "2 of another target left out")
	has(t, text, "url http staging")
	has(t, text, "A range that begins at 0 is bounded from above only")
	hasNot(t, text, "41.90–42.20")
	has(t, k.shown("/"), `<bdi class="target">staging</bdi>`)
	has(t, k.shown("/"), `<bdi class="target">mock http</bdi>`)
	text = k.shown("/servers")
	has(t, text, `href="/servers/acb"`)
	has(t, text, `href="/servers/zebra-mcp"`)
}

func TestComparison(t *testing.T) {
	k := newStore(t)
	a, b := k.keep("acb", verdict.Pass, forty), k.keep("acb", verdict.Fail, results.Range{Lo: 41.9, Hi: 42.2})
	text := k.shown("/?base=" + a)
	has(t, text, "Comparing with run")
	has(t, text, `href="/compare?base=`+a+`&amp;new=`+b+`"`)
	text = k.shown("/compare?base=" + a + "&new=" + b)
	has(t, text, "yes, proven: no token bucket fits both")
	has(t, text, "The new run is worse")
	has(t, text, "41.90–42.20")
	has(t, text, `<path class="before" d="M0 `)
	same := k.shown("/compare?base=" + a + "&new=" + a)
	has(t, same, "not proven")
	hasNot(t, same, "The new run is worse")
	asked := k.shown("/compare?base=" + a + "&new=" + a + "&noise=5ms&max=" + url.QueryEscape("p99=+20% rate=-5%"))
	has(t, asked, `name="max" value="p99=&#43;20% rate=-5%"`)
	has(t, asked, `<caption>Demands</caption>`)
	status, other := k.get("/compare?base=" + a + "&new=" + k.keep("zebra-mcp", verdict.Pass, forty))
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	has(t, other, "no server in common")
	across := regexp.MustCompile(`href="(/compare[^"]*across=1[^"]*)">Compare all the same<`).FindStringSubmatch(other)
	require.NotNil(t, across, "there is a way to compare them all the same")
	others := k.shown(html.UnescapeString(across[1]))
	has(t, others, "is compared with zebra-mcp")
	has(t, others, `name="across" value="1"`)
	for _, bad := range []string{"noise=x", "noise=-1s", "max=nonsense", "max=" + url.QueryEscape("p99=+20")} {
		status, _ := k.get("/compare?base=" + a + "&new=" + b + "&" + bad)
		assert.Equal(t, http.StatusBadRequest, status, bad)
	}
	status, _ = k.get("/compare?base=" + a)
	assert.Equal(t, http.StatusBadRequest, status)
	status, _ = k.get("/compare?base=" + a + "&new=nope")
	assert.Equal(t, http.StatusNotFound, status)
}

// A probe has a page of its own; one that says more than it holds is shown as it was kept.
func TestAProbe(t *testing.T) {
	k := newStore(t)
	text := `{"schema":"mcpload.probe/v1","server":"acb","result":"%s","target":{"transport":"http"},` +
		`"measured":{"rate":{"lo":14.9,"hi":15.1},"burst":{"lo":39.8,"hi":40.2}},"notes":["a note"]}`
	keep := func(result string) string {
		e, err := k.Keep(store.Run{Kind: "probe", Started: began, Document: fmt.Appendf(nil, text, result),
			Screen: []byte("as it was told"), Histories: map[string][]history.Call{}})
		require.NoError(t, err)
		return k.shown("/runs/" + e.ID)
	}
	whole := keep("measured")
	has(t, whole, `id="box"`)
	has(t, whole, "a note")
	has(t, whole, "document.json")
	hasNot(t, whole, "as it was told")
	hollow := keep("no limit")
	has(t, hollow, "as it was told")
	hasNot(t, hollow, `id="box"`)
}

// Who doesn't ask for this machine by a name of its own is refused, whatever
// they ask for: that is how a page elsewhere would come in.
func TestOnlyThisMachine(t *testing.T) {
	k := newStore(t)
	h, err := New(k.Store)
	require.NoError(t, err)
	ask := func(method, host, path string) int {
		r := httptest.NewRequest(method, path, nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		for _, header := range []string{"X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy",
			"Content-Security-Policy"} {
			assert.NotEmpty(t, w.Header().Get(header))
		}
		return w.Code
	}
	for _, host := range []string{"127.0.0.1", "127.0.0.1:4280", "127.1.2.3:80", "localhost", "LOCALHOST:1",
		"[::1]:4280", "[::1]"} {
		assert.Equal(t, http.StatusOK, ask(http.MethodGet, host, "/"), host)
	}
	for _, host := range []string{"evil.example", "evil.example:4280", "127.0.0.1.evil.example",
		"localhost.evil.example", "192.168.1.2:4280", "0.0.0.0", "[::]:1", "", "127.0.0.1@evil.example"} {
		assert.Equal(t, http.StatusForbidden, ask(http.MethodGet, host, "/"), "%q", host)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, "TRACE"} {
		assert.Equal(t, http.StatusMethodNotAllowed, ask(method, "localhost", "/"), method)
	}
	assert.Equal(t, http.StatusOK, ask(http.MethodHead, "localhost", "/"))
}

func TestHostileNamesInTheStore(t *testing.T) {
	k := newStore(t)
	bad := `</td><script>alert(1)</script>"?#/../x` + "\u202e"
	id := k.keep(bad, verdict.Pass, forty)
	for _, path := range []string{"/", "/servers", "/runs/" + id, "/?q=" + `%22%3E%3Cscript%3Ealert(2)%3C/script%3E`,
		"/?base=%3Cscript%3E"} {
		text := k.shown(path)
		hasNot(t, text, "<script>alert", path)
		hasNot(t, text, "\u202e", path)
	}
	href := regexp.MustCompile(`href="(/servers/[^"]+)"`).FindStringSubmatch(k.shown("/servers"))
	require.NotNil(t, href)
	has(t, k.shown(strings.ReplaceAll(href[1], "&amp;", "&")), "From run to run", "the link leads to the server")
}

// BenchmarkTenThousandRuns lists a store of that many, as the first look does.
func BenchmarkTenThousandRuns(b *testing.B) {
	s, err := store.Open(b.TempDir())
	require.NoError(b, err)
	for i := range 10_000 {
		_, err := s.Keep(store.Run{Kind: "run", Started: began.Add(time.Duration(i) * time.Minute),
			Document: fmt.Appendf(nil,
				`{"schema":"mcpload.run/v1","verdict":"pass","servers":[{"server":"s%d","verdict":"pass"}]}`, i%9)})
		require.NoError(b, err)
	}
	h, err := New(s)
	require.NoError(b, err)
	for b.Loop() {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = "localhost"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(b, http.StatusOK, w.Code)
	}
}
