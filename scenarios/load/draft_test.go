package load

import (
	"cmp"
	"encoding/json"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/apikey"
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
	text, left, err := Draft("my\nserver", tools, []string{"search", "mystery", "odd"}, apikey.Redact)
	require.NoError(t, err)
	silent := "append: it doesn't say that it only reads (readOnlyHint), and then it may destroy"
	require.Equal(t, []string{"wipe: annotated as destructive", "write: annotated as writing, and not as harmless",
		silent, "odd: its input schema can't be read: it is no object"}, left)
	require.Contains(t, string(text), "# left out: wipe")
	require.Contains(t, string(text), "# mystery.x has no type that is known")
	p, err := ReadPlan(fstest.MapFS{"plan.yaml": {Data: text}}, "plan.yaml")
	require.NoError(t, err, string(text))
	require.Equal(t, []string{"search", "list: all", "mystery"}, p.Tools())

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

// TestADraftObeysNobody: what a tool is called stands in a comment of a plan, which is looked at
// on a terminal.
func TestADraftObeysNobody(t *testing.T) {
	tools := []ToolInfo{{Name: "x\x1b]52;c;eA==\x07\u202ey\u2028- call: z"}, {Name: "search"}}
	text, _, err := Draft("s\x1b[2J", tools, []string{"search"}, apikey.Redact)
	require.NoError(t, err)
	require.Contains(t, string(text), "# left out: x?]52;c;eA==??y?- call: z")
	require.NotContains(t, string(text), "\x1b")
}

func TestDraftTakesInWhatIsNamed(t *testing.T) {
	tools, _,
		err := ReadTools(
		[]byte(`{"tools":[{"name":"send","annotations":{"destructiveHint":true}},{"name":"deleteUser"},{"name":"delete_view","annotations":{"readOnlyHint":true}}]}`))
	require.NoError(t, err)
	_, left, err := Draft("s", tools[:2], nil, apikey.Redact)
	require.ErrorContains(t, err, "no tool that is safe")
	require.Len(t, left, 2)
	text, left, err := Draft("s", tools, []string{"send"}, apikey.Redact)
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Contains(t, string(text), "call: send")
	require.Contains(t, string(text), "call: delete_view", "it says that it only reads")
	_, _, err = Draft("s", tools, []string{"send", "deleteUser"}, apikey.Redact)
	require.ErrorContains(t, err, `the tool "deleteUser" creates or deletes, by its name`)
}

// TestDraftedArgumentsFit: whatever the schema, each call of a plan fits it; a tool
// whose schema nothing fits is left out, with the reason.
func TestDraftedArgumentsFit(t *testing.T) {
	const node = `{"type":"object","properties":{"value":{"type":"integer"},"kids":{"type":"array","items":{"$ref":"#/$defs/Node"}}},"required":["value","kids"]}`
	for name, row := range map[string]struct {
		schema string // of the property x
		defs   string
		want   string // why it is left out; empty: it isn't
		holds  string // a part of the first call's arguments
	}{
		"a reference": {schema: `{"$ref":"#/$defs/Node"}`, defs: node, holds: `"kids":[]`},
		"one without an end": {schema: `{"$ref":"#/$defs/Node"}`,
			defs: `{"type":"object","properties":{"next":{"$ref":"#/$defs/Node"}},"required":["next"]}`,
			want: "no arguments could be made up"},
		"one to nothing": {schema: `{"$ref":"#/$defs/Nobody"}`, defs: node, want: "can't be read"},
		"one to elsewhere": {schema: `{"$ref":"https://example.com/schema"}`, defs: node,
			want: "it is not fetched"},
		"an escaped reference": {schema: `{"$ref":"#/$defs/a~1b"}`, defs: `{}`, want: "can't be read"},
		"bounds":               {schema: `{"type":"integer","minimum":5,"maximum":7}`},
		"open bounds":          {schema: `{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1}`, holds: `0.5`},
		"a step":               {schema: `{"type":"integer","multipleOf":10,"minimum":15}`, holds: `20`},
		"a pattern":            {schema: `{"type":"string","pattern":"^[A-Z]{3}-\\d{4}$"}`, holds: `"AAA-0000"`},
		"a pattern and a length": {schema: `{"type":"string","pattern":"^a+$","minLength":3}`,
			holds: `"aaa"`},
		"one that looks ahead":    {schema: `{"type":"string","pattern":"^(?!x)y"}`, holds: `"y"`},
		"one that looks for more": {schema: `{"type":"string","pattern":"^(?=.*[A-Z])(?=.*\\d)[A-Za-z\\d]{8,}$"}`},
		"one that can't be read":  {schema: `{"type":"string","pattern":"^[a-"}`, want: "can't be read"},
		"a code point":            {schema: `{"type":"string","pattern":"^[\\u0041-\\u005A]{2}$"}`},
		"a pattern and a format":  {schema: `{"type":"string","format":"email","pattern":"@corp\\.com$"}`},
		"an anchor": {schema: `{"$ref":"#pt"}`,
			defs: `{"$anchor":"pt","type":"object","required":["a"],"properties":{"a":{"type":"integer"}}}`},
		"a dynamic reference": {schema: `{"$ref":"#/$defs/Node"}`, defs: `{"$dynamicAnchor":"n","type":"object",
			"required":["v","next"],"properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$dynamicRef":"#n"},{"type":"null"}]}}}`},
		"another resource": {schema: `{"$ref":"https://e.com/item"}`,
			defs: `{"$id":"https://e.com/item","type":"object","required":["q"],"properties":{"q":{"$ref":"#/$defs/in"}},"$defs":{"in":{"const":"inner"}}}`},
		"a condition": {schema: `{"type":"object","required":["mode"],"properties":{"mode":{"enum":["file","url"]}},
			"if":{"properties":{"mode":{"const":"file"}}},"then":{"required":["path"]},"else":{"required":["url"]}}`},
		"a condition of a text": {schema: `{"type":"object","required":["land","zip"],"properties":{"land":{"enum":["US","CA"]},
			"zip":{"type":"string"}},"if":{"properties":{"land":{"const":"US"}}},"then":{"properties":{"zip":{"pattern":"^[0-9]{5}$"}}},
			"else":{"properties":{"zip":{"pattern":"^[A-Z][0-9][A-Z]$"}}}}`},
		"what it contains":   {schema: `{"type":"array","contains":{"const":7},"minContains":2}`},
		"not too much of it": {schema: `{"type":"array","items":{"type":["integer","string"]},"minItems":3,"contains":{"type":"string"},"maxContains":1}`},
		"what depends": {
			schema: `{"type":"object","required":["a"],"dependentRequired":{"a":["b"],"b":["c"]},"properties":{"c":{"type":"string","format":"date"}}}`},
		"a schema that depends": {
			schema: `{"type":"object","required":["a"],"dependentSchemas":{"a":{"required":["b"],"properties":{"b":{"type":"string","minLength":12}}}}}`},
		"members by pattern": {schema: `{"type":"object","patternProperties":{"^x-":{"type":"integer"},"_id$":{"type":"boolean"}},
			"additionalProperties":false,"minProperties":2,"required":["user_id"]}`, holds: `"user_id":`},
		"names by pattern": {
			schema: `{"type":"object","propertyNames":{"pattern":"^[a-z]{3}$"},"minProperties":2,"additionalProperties":{"type":"boolean"}}`},
		"names by format": {schema: `{"type":"object","propertyNames":{"format":"uuid"},"minProperties":1}`},
		"names of a list": {schema: `{"type":"object","propertyNames":{"enum":["red","blue"]},"minProperties":2}`, holds: `"red"`},
		"not the first":   {schema: `{"type":"string","enum":["a","b"],"not":{"const":"a"}}`, holds: `"b"`},
		"no text":         {schema: `{"not":{"type":"string"}}`},
		"not that member": {schema: `{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"minProperties":1,"not":{"required":["a"]}}`},
		"all of several": {schema: `{"allOf":[{"enum":["a","b","c"]},{"enum":["b","c","d"]},{"not":{"const":"b"}}]}`,
			holds: `"c"`},
		"all of two that are any": {schema: `{"allOf":[{"anyOf":[{"type":"string"},{"type":"integer"}]},{"anyOf":[{"type":"integer","minimum":5},
			{"type":"boolean"}]}]}`},
		"nothing":            {schema: `{"const":null}`, holds: `null`},
		"numbers beyond":     {schema: `{"type":"integer","minimum":9007199254740993}`, holds: `9007199254740993`},
		"an old tuple":       {schema: `{"type":"array","items":[{"type":"string"},{"type":"integer"}],"minItems":2}`},
		"truths that differ": {schema: `{"type":"array","items":{"type":"boolean"},"uniqueItems":true,"minItems":2}`},
		"numbers that differ": {
			schema: `{"type":"array","items":{"type":"integer"},"uniqueItems":true,"minItems":3}`},
		"what nothing can be": {schema: `{"allOf":[{"type":"string"},{"type":"integer"}]}`, want: "no arguments could be made up"},
		"a constant":          {schema: `{"const":"k"}`, holds: `"k"`},
		"one of two": {
			schema: `{"oneOf":[{"type":"integer","minimum":3},{"type":"integer","maximum":900}]}`},
		"one of several": {schema: `{"oneOf":[{"const":"k"},{"type":"boolean"}]}`, holds: `"k"`},
		"the second": {
			schema: `{"type":"object","oneOf":[{"required":["a"],"properties":{"a":false}},{"required":["b"],"properties":{"b":{"type":"string","minLength":20}}}]}`, holds: `"b":`},
		"all of them": {
			schema: `{"allOf":[{"type":"object","properties":{"q":{"type":"string"}},"required":["q"]},{"required":["r"],"properties":{"r":{"enum":[4]}}}]}`, holds: `"r":4`},
		"a tuple": {
			schema: `{"type":"array","prefixItems":[{"const":"first"},{"type":"integer"}],"minItems":2}`,
			holds:  `["first",`},
		"items that differ": {
			schema: `{"type":"array","items":{"enum":["a","b","c"]},"minItems":3,"uniqueItems":true}`,
			holds:  `["a","b","c"]`},
		"members of any name": {
			schema: `{"type":"object","additionalProperties":{"type":"integer"},"minProperties":2}`, holds: `"key2":`},
		"a wrong default": {schema: `{"type":"integer","default":"none"}`},
		"formats": {
			schema: `{"type":"object","required":["d","t","u","e","i"],"properties":{"d":{"type":"string","format":"date"},"t":{"type":"string","format":"date-time"},"u":{"type":"string","format":"uri"},"e":{"type":"string","format":"email"},"i":{"type":"string","format":"uuid"}}}`},
		"a duration":       {schema: `{"type":"string","format":"duration"}`, holds: "PT1S"},
		"a JSON pointer":   {schema: `{"type":"string","format":"json-pointer"}`},
		"a pointer from":   {schema: `{"type":"string","format":"relative-json-pointer"}`},
		"an international": {schema: `{"type":"string","format":"idn-email"}`},
		"nothing at all":   {schema: `false`, want: "no arguments could be made up"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tool := ToolInfo{Name: "look",
				InputSchema: json.RawMessage(`{"type":"object","required":["x"],"properties":{"x":` + row.schema +
					`},"$defs":{"Node":` + cmp.Or(row.defs, "true") + `}}`)}
			yes := true
			tool.Annotations.ReadOnly = &yes
			text, left, err := Draft("s", []ToolInfo{tool, {Name: "other", Annotations: tool.Annotations}}, nil, apikey.Redact)
			require.NoError(t, err)
			if row.want != "" {
				require.Len(t, left, 1)
				require.Contains(t, left[0], row.want)
				return
			}
			require.Empty(t, left)
			p, err := ReadPlan(fstest.MapFS{"plan.yaml": {Data: text}}, "plan.yaml")
			require.NoError(t, err, string(text))
			s, err := tool.compiled()
			require.NoError(t, err)
			p.Entries = p.Entries[:1]
			for i, a := range slices.Collect(newPlan(p.Entries...).Arrivals(at0(20), []string{"c"}, 1)) {
				require.Empty(t, breaks(s, a.Arguments), "call %d: %s", i, a.Arguments)
				require.Contains(t, string(a.Arguments), row.holds)
			}
			args, _ := tool.Example()
			require.Empty(t, breaks(s, args), "the example: %s", args)
		})
	}
}

func FuzzDraft(f *testing.F) {
	f.Add([]byte(toolList))
	f.Add([]byte(
		`{"tools":[{"name":"{{x}}","inputSchema":{"required":["a"],"properties":{"a":{"default":"{{y}}"}}}}]}`))
	f.Fuzz(func(t *testing.T, list []byte) {
		tools, _, err := ReadTools(list)
		if err != nil {
			return
		}
		text, _, err := Draft("s", tools, nil, apikey.Redact)
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

// TestAToolThatDescribesItselfWronglyKeepsNobodyFromTheOthers: it has said nothing.
func TestAToolThatDescribesItselfWronglyKeepsNobodyFromTheOthers(t *testing.T) {
	tools, _, err := ReadTools([]byte(`{"tools":[{"name":"a","annotations":{"readOnlyHint":true}},
		{"name":"b","annotations":{"readOnlyHint":"true","destructiveHint":1}},{"name":"c","annotations":"reads"},
		{"name":"d","annotations":null}]}`))
	require.NoError(t, err)
	plan, left, err := Draft("s", tools, nil, apikey.Redact)
	require.NoError(t, err)
	require.Contains(t, string(plan), "call: a")
	require.Len(t, left, 3)
	for i, name := range []string{"b", "c", "d"} {
		require.Equal(t, name+": it doesn't say that it only reads (readOnlyHint), and then it may destroy", left[i])
	}
}
