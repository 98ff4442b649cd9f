package results

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/verdict"
)

// documented is the shape that the schema promises. Every key in it must be in
// what is written, with a value of the same kind; more may be.
const documented = `{"schema":"mcpload.run/v1","version":"…","started":"RFC 3339","seed":1,"verdict":"pass",
 "servers":[{"server":"acb",
   "target":{"kind":"mock","transport":"http","protocol":"2025-11-25"},
   "limit":{"rate":15,"burst":40,"scope":"global","charges":["*"]},
   "verdict":"pass",
   "measured":{"rate":{"lo":14.96,"hi":15.04},"burst":{"lo":39.97,"hi":40.25}},
   "scenarios":[{"scenario":"burst","verdict":"pass",
     "calls":{"planned":45,"sent":45,"admitted":40,"limited":5,"failed":0,"unknown":0},
     "latency":{"admitted":{"p50_ms":0,"p90_ms":0,"p95_ms":0,"p99_ms":0,"p999_ms":0,"max_ms":0},"limited":{}},
     "findings":[{"check":"over-admission","verdict":"pass","want":"…","saw":"…","witness":{"from_ns":0,"to_ns":0,"calls":[1,2]}}]}]}]}`

func complete() *Document {
	s, _ := stingy()
	s.Scenarios[0].Findings = s.Scenarios[0].Findings[1:] // the one with a witness first
	s.Scenarios[0].Findings[0].Warnings = []string{"a < b"}
	s.Target.Address = "http://127.0.0.1:8000/mcp"
	s.Limit.Inherited, s.Limit.Tier = "acb", "aggressive"
	s.Limit.MayCharge, s.Limit.Free = []string{"initialize"}, []string{"ping"}
	s.Measured.Or = &Measured{Rate: unbounded(900), Burst: Range{Lo: 1, Hi: 1.5}}
	s.Notes, s.Error, s.Hint = []string{"rested 2.7s first"}, "it died", "look at its log"
	return document(s)
}

func encoded(t require.TestingT, d *Document) string {
	var b bytes.Buffer
	require.NoError(t, d.JSON(&b))
	return b.String()
}

func TestJSONGolden(t *testing.T) { golden(t, "document.json", encoded(t, complete())) }

func TestJSONHasEveryDocumentedKey(t *testing.T) {
	var want, got any
	require.NoError(t, json.Unmarshal([]byte(documented), &want))
	require.NoError(t, json.Unmarshal([]byte(encoded(t, complete())), &got))
	keys := 0
	var compare func(path string, want, got any)
	compare = func(path string, want, got any) {
		require.IsType(t, want, got, path)
		switch w := want.(type) {
		case map[string]any:
			g := got.(map[string]any)
			for key := range w {
				keys++
				require.Contains(t, g, key, path)
				compare(path+"."+key, w[key], g[key])
			}
		case []any:
			require.NotEmpty(t, got, path)
			compare(path+"[]", w[0], got.([]any)[0])
		}
	}
	compare("", want, got)
	assert.Equal(t, 52, keys, "all of the documented keys were looked at")
}

func TestDecodeReadsTheDocumentedShape(t *testing.T) {
	d, err := Decode(strings.NewReader(strings.Replace(documented, "RFC 3339", "2026-11-24T02:00:00Z", 1)))
	require.NoError(t, err)
	assert.Equal(t, "acb", d.Servers[0].Server)
	assert.Equal(t, 15.04, d.Servers[0].Measured.Rate.Hi)
	assert.Equal(t, verdict.Pass, d.Verdict)
}

func TestJSONRoundTrip(t *testing.T) {
	mixed := nine()
	mixed[2], mixed[3] = vague(), dead()
	for _, d := range []*Document{complete(), document(mixed...), document()} {
		text := encoded(t, d)
		again, err := Decode(strings.NewReader(text))
		require.NoError(t, err)
		assert.Equal(t, d, again)
		assert.Equal(t, text, encoded(t, again))
	}
}

func TestRangeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(-1e12, 1e12).Draw(t, "lo")
		r := Range{Lo: lo, Hi: lo + rapid.Float64Range(0, 1e12).Draw(t, "more")}
		if rapid.Bool().Draw(t, "open") {
			r.Hi = infinity
		}
		text, err := json.Marshal(r)
		require.NoError(t, err)
		assert.Equal(t, r.Hi == infinity, strings.Contains(string(text), `"hi":null`), "%s", text)
		var again Range
		require.NoError(t, json.Unmarshal(text, &again))
		assert.Equal(t, r, again)
	})
}

// Lists are [], never null, whatever was left out.
func TestJSONHasNoNullList(t *testing.T) {
	s := Server{Server: "x",
		Scenarios: []Scenario{{Scenario: "burst", Findings: []Finding{{Check: "c", Witness: &Witness{}}}}, {}}}
	for _, d := range []*Document{document(), document(Server{Server: "y"}), document(s)} {
		assert.NotContains(t, encoded(t, d), "null")
	}
}

func TestUnfinishedIsRefused(t *testing.T) {
	var b bytes.Buffer
	assert.ErrorIs(t, (&Document{}).JSON(&b), ErrUnfinished)
	assert.ErrorIs(t, Table(&b, &Document{}, TableOptions{}), ErrUnfinished)
	assert.Empty(t, b.String())
}

func TestDecodeRefuses(t *testing.T) {
	text := encoded(t, complete())
	for _, c := range []struct{ old, new, want string }{
		{`"mcpload.run/v1"`, `"mcpload.run/v2"`, `schema "mcpload.run/v2" is not "mcpload.run/v1"`},
		{`"schema"`, `"scheme"`, "names no schema"},
		{`"started": "2026-11-24T02:00:00Z"`, `"started": "yesterday"`, `"yesterday" is not a time`},
		{`"seed": 1`, `"seed": "one"`, "seed"},
		{`"verdict": "fail",
  "servers"`, `"verdict": "pass",
  "servers"`, `the document says "pass", its parts say "fail"`},
		{`"verdict": "fail",
      "measured"`, `"verdict": "inconclusive",
      "measured"`, `server "acb" says "inconclusive", its parts say "fail"`},
		{`"scenario": "burst",
          "verdict": "fail"`, `"scenario": "burst",
          "verdict": "pass"`, `scenario "burst" of server "acb" says "pass"`},
		{`"verdict": "fail"`, `"verdict": "failed"`, `"failed" is not one of`},
		{`"server": "acb"`, `"server": ""`, "server 1 has no name"},
		{`"admitted": 37,`, `"admitted": 38,`, "don't add up"},
		{`"planned": 45`, `"planned": 44`, "don't add up"},
		{`"lo": 14.97`, `"low": 14.97`, "no lower bound"},
		{`"lo": 14.97`, `"lo": 15.97`, "upside down"},
		{"}\n]", "]", "not a JSON document"},
	} {
		changed := strings.Replace(text, c.old, c.new, 1)
		if c.new == "]" {
			changed = text[:len(text)-3]
		}
		require.NotEqual(t, text, changed, c.old)
		_, err := Decode(strings.NewReader(changed))
		require.Error(t, err, c.new)
		assert.ErrorContains(t, err, c.want)
	}
	for input, want := range map[string]string{
		"":          "not a JSON document",
		"[]":        "not a result document",
		"null":      "names no schema",
		text + text: "more behind the document",
	} {
		_, err := Decode(strings.NewReader(input))
		assert.ErrorContains(t, err, want)
	}
	// Stricter than its parts is fine, and so is a field that this version
	// doesn't know.
	stricter := strings.Replace(encoded(t, document(honest("acb", 15, 40))), `"verdict": "pass"`,
		`"mood": [], "verdict": "inconclusive"`, 1)
	d, err := Decode(strings.NewReader(stricter))
	require.NoError(t, err)
	assert.Equal(t, verdict.Inconclusive, d.Verdict)
}

func TestDocumentOf(t *testing.T) {
	l := profiles.Limit{Rate: 15, Burst: 40, Scope: profiles.Client, Charges: []string{"*"}, MayCharge: []string{"a"},
		Free: []string{"b"}, Tier: "aggressive", Inherited: "acb"}
	assert.Equal(t, Limit{Rate: 15, Burst: 40, Scope: "client", Charges: []string{"*"}, MayCharge: []string{"a"},
		Free: []string{"b"}, Tier: "aggressive", Inherited: "acb"}, LimitOf(l))
	assert.Nil(t, ObservedOf(nil))
	o := &profiles.Observed{Rate: 10, Burst: 30, Scope: profiles.Global, Source: "main.py:62", Note: "n"}
	assert.Equal(t, &Observed{Rate: 10, Burst: 30, Scope: "global", Source: "main.py:62", Note: "n"}, ObservedOf(o))
}

func TestFinishTakesTheWorst(t *testing.T) {
	finding := func(v verdict.Verdict) Finding { return Finding{Check: "c", Verdict: v} }
	pass, open, fail := finding(verdict.Pass), finding(verdict.Inconclusive), finding(verdict.Fail)
	server := func(findings ...Finding) Server {
		return Server{Server: "s", Scenarios: []Scenario{{Calls: Counts{Planned: 1, Sent: 1}, Findings: findings}}}
	}
	broken := func(s Server) Server { s.Error = "died"; return s }
	for _, c := range []struct {
		name    string
		servers []Server
		want    verdict.Verdict
		status  int
	}{
		{"pass", []Server{server(pass, pass)}, verdict.Pass, 0},
		{"one fail", []Server{server(pass), server(open), server(pass, fail, open)}, verdict.Fail, 1},
		{"one open", []Server{server(pass), server(open, pass)}, verdict.Inconclusive, 3},
		{"no finding", []Server{server(pass), server()}, verdict.Inconclusive, 3},
		{"no server", nil, verdict.Inconclusive, 2},
		{"none ran", []Server{broken(Server{}), broken(Server{})}, verdict.Inconclusive, 2},
		{"one ran", []Server{broken(Server{}), server(pass)}, verdict.Inconclusive, 3},
		{"one ran and failed", []Server{broken(Server{}), server(fail)}, verdict.Fail, 1},
		{"stopped early, well so far", []Server{broken(server(pass))}, verdict.Inconclusive, 3},
		{"stopped early, and proven", []Server{broken(server(fail))}, verdict.Fail, 1},
		{"stopped before a call", []Server{broken(Server{Scenarios: []Scenario{{Calls: Counts{Planned: 9}}}})},
			verdict.Inconclusive, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := document(c.servers...)
			assert.Equal(t, c.want, d.Verdict)
			assert.Equal(t, c.status, ExitStatus(d))
			before := encoded(t, d)
			d.Finish()
			assert.Equal(t, before, encoded(t, d), "finishing twice changes nothing")
		})
	}
}

func TestNewScenarioKeepsItAll(t *testing.T) {
	s := NewScenario("burst", []history.Call{{Outcome: history.OK, Received: 1e6}}, []verdict.Finding{
		{Check: "a", Verdict: verdict.Pass}, {Check: "b", Verdict: verdict.Fail, Want: "w", Saw: "s", Cause: "c",
			Warnings: []string{"x"},
			Witness:  &verdict.Witness{From: 1, To: 2, Calls: []int{3}, Admitted: 4, Allowed: 5.5}},
	})
	assert.Equal(t, verdict.Fail, s.Verdict)
	assert.Equal(t, 1, s.Calls.Admitted)
	want := &Witness{FromNS: 1, ToNS: 2, Calls: []int{3}, Admitted: 4, Allowed: 5.5}
	assert.Equal(t, Finding{Check: "b", Verdict: verdict.Fail, Want: "w", Saw: "s", Cause: "c", Warnings: []string{"x"},
		Witness: want}, s.Findings[1])
	assert.Equal(t, verdict.Witness{From: 1, To: 2, Calls: []int{3}, Admitted: 4, Allowed: 5.5}, want.evidence())
	assert.Equal(t, verdict.Inconclusive, NewScenario("burst", nil, nil).Verdict, "nothing found is no pass")
}
