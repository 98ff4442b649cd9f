package load

import (
	"encoding/json"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

const toolList = `{"tools":[
{"name":"search","inputSchema":{"type":"object","required":["q","limit","tags","opts","id","when"],"properties":{
  "q":{"type":"string","minLength":12},"limit":{"type":"integer","minimum":5,"maximum":9},"skip":{"type":"integer"},
  "tags":{"type":"array","minItems":2,"items":{"enum":["a","b"]}},"opts":{"type":"object","required":["deep"],"properties":{"deep":{"type":["null","boolean"]}}},
  "id":{"type":"string","format":"uuid"},"when":{"anyOf":[{"type":"null"},{"type":"string","format":"date"}]}}}},
{"name":"list: all","annotations":{"readOnlyHint":true,"destructiveHint":true}},
{"name":"mystery","inputSchema":{"properties":{"x":{}},"required":["x"]}},
{"name":"wipe","annotations":{"destructiveHint":true}},
{"name":"write","annotations":{"readOnlyHint":false}},
{"name":"append","annotations":{"readOnlyHint":false,"destructiveHint":false}},
{"name":"odd","inputSchema":[1]}
],"nextCursor":"n"}`

func TestDraftIsAPlan(t *testing.T) {
	tools, next, err := ReadTools([]byte(toolList))
	require.NoError(t, err)
	require.Equal(t, "n", next)
	text, left, err := Draft("my\nserver", tools, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"wipe: annotated as destructive", "write: annotated as writing, and not as harmless"}, left)
	require.Contains(t, string(text), "# left out: wipe")
	require.Contains(t, string(text), "# mystery.x has no type that is known")
	p, err := ReadPlan(fstest.MapFS{"plan.yaml": {Data: text}}, "plan.yaml")
	require.NoError(t, err, string(text))
	require.Equal(t, []string{"search", "list: all", "mystery", "append", "odd"}, p.Tools())

	p.Entries = p.Entries[:1]
	a := slices.Collect(newPlan(p.Entries...).Arrivals(at0(1), []string{"c"}, 1))[0]
	var args struct {
		Q, ID, When string
		Limit       int
		Tags        []string
		Opts        struct{ Deep *bool }
		Skip        *int
	}
	require.NoError(t, json.Unmarshal(a.Arguments, &args), string(a.Arguments))
	require.Len(t, args.Q, 12)
	require.GreaterOrEqual(t, args.Limit, 5)
	require.LessOrEqual(t, args.Limit, 9)
	require.Equal(t, []string{"a", "a"}, args.Tags)
	require.NotNil(t, args.Opts.Deep)
	require.Nil(t, args.Skip, "not required")
	require.Len(t, args.ID, 36)
	require.Equal(t, "2025-01-31", args.When)
}

func TestDraftTakesInWhatIsNamed(t *testing.T) {
	tools, _, err := ReadTools([]byte(`{"tools":[{"name":"wipe","annotations":{"destructiveHint":true}}]}`))
	require.NoError(t, err)
	_, left, err := Draft("s", tools, nil)
	require.ErrorContains(t, err, "no tool that is safe")
	require.Len(t, left, 1)
	text, left, err := Draft("s", tools, []string{"wipe"})
	require.NoError(t, err)
	require.Empty(t, left)
	require.Contains(t, string(text), "call: wipe")
}

func FuzzDraft(f *testing.F) {
	f.Add([]byte(toolList))
	f.Add([]byte(`{"tools":[{"name":"{{x}}","inputSchema":{"required":["a"],"properties":{"a":{"default":"{{y}}"}}}}]}`))
	f.Fuzz(func(t *testing.T, list []byte) {
		tools, _, err := ReadTools(list)
		if err != nil {
			return
		}
		text, _, err := Draft("s", tools, nil)
		if err != nil {
			return
		}
		_, err = ReadPlan(fstest.MapFS{"p": {Data: text}}, "p")
		if err != nil && !slices.ContainsFunc(tools, func(t ToolInfo) bool { return containsBraces(t) }) {
			t.Fatalf("%v\n%s", err, text)
		}
	})
}

// containsBraces: a default that holds {{ }} is taken for a placeholder, which
// the reader then refuses with its place. A tool without a name can't be called.
func containsBraces(t ToolInfo) bool {
	raw, err := json.Marshal(t)
	return err != nil || t.Name == "" || placeholderForm.Match(raw) || len(raw) > maxPlan/2
}
