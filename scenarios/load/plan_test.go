package load

import (
	"encoding/json"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/history"
)

const planText = `# a comment
data:
  users: data/users.csv
  orders: data/orders.jsonl
sessions: {count: 5, calls: 50}
mix:
  - call: search
    weight: 3
    args: {q: "{{pick cats dogs}}", page: "{{counter}}", who: "{{users.name}}", deep: {list: [1, "{{int 5 5}}", true, null]}}
  - method: ping
  - sequence: buy
    weight: 0.5
    steps:
      - call: create
        args: {order: "{{orders.id}}"}
        save: {id: content.0.text.id}
        think: 100ms..200ms
      - call: pay
        args: {id: "{{id}}", note: "pays {{id}}"}
`

func planFiles(plan string) fstest.MapFS {
	return fstest.MapFS{
		"p/plan.yaml":      {Data: []byte(plan)},
		"p/data/users.csv": {Data: []byte("name,age\nAnn,30\n\"Bo \"\"B\"\"\",x\n")},
		"p/data/orders.jsonl": {Data: []byte("{\"id\": 12345678901234567, \"x\": " +
			"\"a\"}\n\n{\"x\":\"b\",\"id\":{\"k\":1}}\n")},
	}
}

func at0(n int) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for i := range n {
			if !yield(time.Duration(i)) {
				return
			}
		}
	}
}

func TestReadPlan(t *testing.T) {
	p, err := ReadPlan(planFiles(planText), "p/plan.yaml")
	require.NoError(t, err)
	require.Equal(t, 5, p.Sessions)
	require.Equal(t, 50, p.Calls)
	require.Equal(t, []string{"search", "ping", "create", "pay"}, p.Tools())
	require.True(t, p.Steps())

	as := slices.Collect(p.Arrivals(at0(4500), []string{"c1", "c2"}, 7))
	require.Equal(t, as, slices.Collect(p.Arrivals(at0(4500), []string{"c1", "c2"}, 7)), "repeatable")
	n := map[string]int{}
	for i, a := range as {
		require.Equal(t, []string{"c1", "c2"}[i%2], a.Client)
		n[a.Method+" "+a.Tool]++
		if a.Tool != "search" {
			continue
		}
		var args struct {
			Q, Who string
			Page   int
			Deep   json.RawMessage
		}
		require.NoError(t, json.Unmarshal(a.Arguments, &args), string(a.Arguments))
		require.Contains(t, []string{"cats", "dogs"}, args.Q)
		require.Equal(t, []string{"Ann", `Bo "B"`}[i%2], args.Who)
		require.Equal(t, i+1, args.Page)
		require.JSONEq(t, `{"list":[1,5,true,null]}`, string(args.Deep))
	}
	require.InDelta(t, 3000, n["tools/call search"], 200)
	require.InDelta(t, 1000, n["ping "], 150)
	require.InDelta(t, 500, n["tools/call create"], 120)
}

func TestASequenceCarriesValues(t *testing.T) {
	p, err := ReadPlan(planFiles(planText), "p/plan.yaml")
	require.NoError(t, err)
	p = &Plan{Entries: p.Entries[2:], total: 0.5}
	s := p.Sequences(7)
	as := slices.Collect(p.Arrivals(at0(3), []string{"c1"}, 7))
	require.Equal(t, "buy#0", as[0].Label)
	require.JSONEq(t, `{"order":12345678901234567}`, string(as[0].Arguments))
	require.JSONEq(t, `{"order":{"k":1}}`, string(as[1].Arguments))

	c := history.Call{Arrival: as[0], Received: time.Second, Outcome: history.OK}
	next, ok := s.Next(&c, []byte(`{"content":[{"type":"text","text":"{\"id\": 98765432109876543}"}]}`))
	require.True(t, ok)
	require.Equal(t, "pay", next.Tool)
	require.Equal(t, "c1", next.Client)
	require.JSONEq(t, `{"id":98765432109876543,"note":"pays 98765432109876543"}`, string(next.Arguments))
	require.GreaterOrEqual(t, next.Due, time.Second+100*time.Millisecond)
	require.Less(t, next.Due, time.Second+200*time.Millisecond)
	c = history.Call{Arrival: next, Outcome: history.OK}
	_, ok = s.Next(&c, nil)
	require.False(t, ok)
	require.Zero(t, s.Broken())

	c = history.Call{Arrival: as[1], Outcome: history.OK}
	_, ok = s.Next(&c, []byte(`{"content":[]}`))
	require.False(t, ok)
	require.Equal(t, history.Broken, c.Outcome)
	require.Contains(t, c.Detail, "content.0.text.id")
	c = history.Call{Arrival: as[2], Outcome: history.Limited}
	_, ok = s.Next(&c, nil)
	require.False(t, ok)
	require.Equal(t, history.Limited, c.Outcome)
	require.EqualValues(t, 2, s.Broken())
	require.Empty(t, s.open)
}

// TestFaultsAreLocated: each plan has one fault, at a line and a column.
func TestFaultsAreLocated(t *testing.T) {
	for plan, want := range map[string]string{
		"":                                      "holds no plan",
		"mix: [":                                ":1:",
		"# nothing":                             "holds no plan",
		"mix: [{call: x}]\n---\nmix: []":        ":3:1: has a second document, want one plan a file",
		"mix: [{call: \xff}]":                   ":1:14: is not UTF-8",
		"mix: []":                               ":1:6: mix is no list of at least one",
		"{}":                                    ":1:1: it has no mix",
		"mix: {call: x}":                        ":1:6: mix is no list",
		"mixx: [{call: x}]":                     `:1:1: "mixx" is no field of a plan, which has data, sessions, mix`,
		"mix:\n- weight: 2":                     ":2:3: names neither a tool to call nor a method",
		"mix:\n- call: x\n  weight: -1":         `:3:11: weight "-1" is no number`,
		"mix:\n- call: x\n  weight: .nan":       `weight ".nan" is no number`,
		"mix:\n- call: x\n  call: y":            `:3:3: "call" is given twice`,
		"mix:\n- call: ''":                      ":2:9: call is no text",
		"mix:\n- call: x\n  method: ping":       ":2:3: has a call and a method",
		"mix:\n- call: x\n  args: [1]":          ":3:9: args are no mapping",
		"mix:\n- call: x\n  args: {a: '{{b}}'}": ":3:13: nothing is named {{b}} here; there are counter",
		"mix:\n- call: x\n  args: {a: '{{int 9 1}}'}": ":3:13: {{int 9 1}} is no " +
			"placeholder",
		"mix:\n- call: x\n  args: {a: '{{}}'}": ":3:13: {{}} is empty",
		"mix:\n- sequence: s": ":2:13: a sequence " +
			"needs steps",
		"mix:\n- steps: []": ":2:10: steps is no list",
		"mix:\n- steps: [{call: x}]\n  call: y": ":3:9: call belongs into " +
			"the steps",
		"mix:\n- steps: [{call: x, think: soon}]":                      `think "soon" is no time`,
		"mix:\n- steps: [{call: x, save: {counter-1: a}}]":             `"counter-1" is no name`,
		"mix:\n- steps: [{call: x, args: {a: '{{v}}'}, save: {v: b}}]": "nothing is named {{v}}",
		"mix:\n- {sequence: s, steps: [{call: x}]}\n- {sequence: s, steps: " +
			"[{call: x}]}": `:3:3: two sequences are named "s"`,
		"data: {users: nowhere.csv}\nmix: [{call: x}]": ":1:15: cannot read " +
			"p/nowhere.csv",
		"data: {counter: data/users.csv}\nmix: [{call: x}]": `:1:8: "counter" is no name for data`,
		"data: {u: plan.yaml}\nmix: [{call: x}]":            `want .csv or .jsonl`,
		"data: {u: data/users.csv}\nmix: [{call: x, args: {a: " +
			"'{{u.size}}'}}]": `u has no column "size"; there are name, age`,
		"sessions: {count: 0}\nmix: [{call: x}]": `:1:19: count "0" is no whole number`,
		"mix:\n- &a {call: x}\n- *a":             ":3:3: is an alias",
	} {
		_, err := ReadPlan(planFiles(plan), "p/plan.yaml")
		if !assert.Error(t, err, plan) {
			continue
		}
		assert.Contains(t, err.Error(), "p/plan.yaml", plan)
		assert.Contains(t, err.Error(), want, plan)
		assert.NotContains(t, err.Error(), "\n", "one fault: %s", plan)
	}
}

func TestEveryPlaceholderInTheHelpIsRead(t *testing.T) {
	known := names{data: map[string]*Data{"users": {Columns: []string{"name"}, rows: [][]any{{"Ann"}}}},
		saved: []string{"order"}}
	for _, p := range Placeholders {
		raw, err := json.Marshal(map[string]string{"a": "{{" + p.Text + "}}", "b": "x {{" + p.Text + "}}",
			"c": "{{text " + p.Text + "}}"})
		require.NoError(t, err)
		tmpl, err := ParseTemplate(raw, known)
		require.NoError(t, err, p.Text)
		require.True(t, tmpl.Has())
		v := Values{N: 3, Random: rand.New(rand.NewPCG(1, 1)), Client: "c1",
			Saved: map[string]any{"order": json.Number("7")}}
		var got map[string]any
		require.NoError(t, json.Unmarshal(tmpl.Render(v), &got), string(tmpl.Render(v)))
		require.IsType(t, "", got["c"], p.Text)
		require.True(t, strings.HasPrefix(got["b"].(string), "x "))
	}
}

// TestTemplatesStayJSON: whatever stands around a placeholder, what is
// rendered is JSON with the same keys.
func TestTemplatesStayJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := rapid.String().Draw(t, "before"), rapid.String().Draw(t, "after")
		if strings.Contains(before+after, "{") || strings.Contains(before+after, "}") {
			return
		}
		raw, err := json.Marshal(map[string]string{before: before + "{{counter}}" + after})
		require.NoError(t, err)
		tmpl, err := ParseTemplate(raw, names{})
		require.NoError(t, err)
		var got, want map[string]any
		require.NoError(t, json.Unmarshal(tmpl.Render(Values{N: 4}), &got), string(tmpl.Render(Values{N: 4})))
		require.NoError(t, json.Unmarshal(raw, &want))
		for k := range want {
			if before+after == "" {
				require.Equal(t, 5.0, got[k])
			} else {
				require.Equal(t, strings.ReplaceAll(want[k].(string), "{{counter}}", "5"), got[k])
			}
		}
	})
}

func TestNumberOfAText(t *testing.T) {
	known := names{data: map[string]*Data{"u": {Columns: []string{"age"}, rows: [][]any{{"30"}, {"old"}}}}}
	tmpl, err := ParseTemplate(json.RawMessage(`{"a":"{{number u.age}}"}`), known)
	require.NoError(t, err)
	require.JSONEq(t, `{"a":30}`, string(tmpl.Render(Values{})))
	require.JSONEq(t, `{"a":"old"}`, string(tmpl.Render(Values{N: 1})))
}

func TestEcho(t *testing.T) {
	a, b := Nonce(1, 2), Nonce(1, 3)
	args := []byte(`{"text":"` + a + `"}`)
	for result, want := range map[string]Echo{
		`{"text":"` + a + `"}`:                  Own,
		`{"x":"` + a + `","y":"pre ` + a + `"}`: Own,
		`{"text":"` + b + `"}`:                  Crossed,
		`{"x":"` + a + `","y":"` + b + `"}`:     Crossed,
		`{"text":"` + a[:20] + `"}`:             Crossed, // cut off: not what was sent
		`{"text":"ok"}`:                         Missing,
		``:                                      Missing,
	} {
		require.Equal(t, want, EchoOf(args, []byte(result)), result)
	}
	require.Equal(t, Missing, EchoOf([]byte(`{}`), []byte(a)))
}

func FuzzReadPlan(f *testing.F) {
	f.Add(planText)
	f.Add("mix:\n- call: x\n  args: {a: '{{int 1 2}}'}")
	f.Add("mix: [{call: x, args: {\"{{\": '}}{{counter}}\\\"'}}]")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ReadPlan(planFiles(text), "p/plan.yaml")
		if err != nil {
			return
		}
		for a := range p.Arrivals(at0(3), []string{"c"}, 1) {
			require.NotEmpty(t, a.Method)
			if a.Arguments != nil {
				require.True(t, json.Valid(a.Arguments), string(a.Arguments))
			}
		}
	})
}
