package load

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// tool is one tool of a list: its name, its annotations and its input schema.
func tool(name, annotations, schema string) string {
	b, err := json.Marshal(name)
	if err != nil {
		panic(err)
	}
	return `{"name":` + string(b) + `,"annotations":` + annotations + `,"inputSchema":` + schema + `}`
}

const (
	harmless = `{"readOnlyHint":true,"openWorldHint":false}`
	openly   = `{"readOnlyHint":true,"openWorldHint":true}`
	reading  = `{"readOnlyHint":true}`
	none     = `{}`
	deadly   = `{"readOnlyHint":false,"destructiveHint":true}`
	noArgs   = `{"type":"object"}`
	oneArg   = `{"type":"object","properties":{"q":{"type":"string"}},"required":["q"]}`
	patterns = `{"type":"object","properties":{"q":{"type":"string","pattern":"^x+$"}},"required":["q"]}`
)

func toolsOf(t *testing.T, list ...string) []ToolInfo {
	t.Helper()
	tools, _, err := ReadTools([]byte(`{"tools":[` + strings.Join(list, ",") + `]}`))
	require.NoError(t, err)
	require.Len(t, tools, len(list))
	return tools
}

// TestChoose: only a tool that claims both to be read-only and to stay at home
// is called without asking, and nothing that may do harm is proposed.
func TestChoose(t *testing.T) {
	for _, row := range []struct {
		name    string
		tools   []string
		want    string // "": none
		unasked bool
	}{
		{"harmless by its word", []string{tool("look", harmless, noArgs)}, "look", true},
		{"it may go out", []string{tool("look", openly, noArgs)}, "look", false},
		{"silence about the world is open", []string{tool("look", reading, noArgs)}, "look", false},
		{"silence", []string{tool("ping", none, noArgs)}, "ping", false},
		{"closed alone is no promise not to write", []string{tool("look", `{"openWorldHint":false}`, noArgs)}, "look",
			false},
		{"destructive", []string{tool("look", deadly, noArgs)}, "", false},
		{"writing, and not said to be harmless", []string{tool("look", `{"readOnlyHint":false}`, noArgs)}, "", false},
		{"sounds like writing", []string{tool("sendMail", none, noArgs), tool("delete_all", none, noArgs)}, "", false},
		{"sounds like writing and claims not to", []string{tool("start", harmless, noArgs)}, "start", true},
		{"forbidden", []string{tool("never", harmless, noArgs)}, "", false},
		{"a name that a terminal obeys", []string{tool("a\x1b[2Jb", harmless, noArgs), tool("a\u202eb", harmless,
			noArgs)}, "", false},
		{"no tools", nil, "", false},
		{"harmless before cheap", []string{tool("ping", none, noArgs), tool("look", harmless, oneArg)}, "look", true},
		{"no arguments before some", []string{tool("a", harmless, oneArg), tool("b", harmless, noArgs)}, "b", true},
		{"cheap before others", []string{tool("get_report", harmless, noArgs), tool("echo", harmless, oneArg)}, "echo",
			true},
		{"nothing private", []string{tool("get-env", harmless, noArgs), tool("look", harmless, oneArg)}, "look", true},
		{"a guess is not sent unasked", []string{tool("look", harmless, patterns)}, "look", false},
		{"the server's order", []string{tool("x", none, noArgs), tool("a", none, noArgs)}, "x", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, ok := Choose(toolsOf(t, row.tools...), func(tool string) bool { return tool == "never" })
			require.Equal(t, row.want != "", ok)
			require.Equal(t, row.want, c.Tool)
			require.Equal(t, row.unasked, c.Unasked)
		})
	}
}

// TestChooseNeverUnasked: whatever the tools are, what is called without asking
// has claimed both hints.
func TestChooseNeverUnasked(t *testing.T) {
	hint := rapid.SampledFrom([]string{"", "true", "false", "null"})
	rapid.Check(t, func(rt *rapid.T) {
		claims := map[string]bool{}
		var list []string
		for i := range rapid.IntRange(1, 6).Draw(rt, "tools") {
			name := rapid.SampledFrom([]string{"ping", "look", "send", "get_env", "x"}).Draw(rt, "name") +
				string(rune('a'+i))
			var hints []string
			value := map[string]string{}
			for _, h := range []string{"readOnlyHint", "destructiveHint", "openWorldHint"} {
				if v := hint.Draw(rt, h); v != "" {
					value[h] = v
					hints = append(hints, `"`+h+`":`+v)
				}
			}
			claims[name] = value["readOnlyHint"] == "true" && value["openWorldHint"] == "false"
			list = append(list, tool(name, "{"+strings.Join(hints, ",")+"}",
				rapid.SampledFrom([]string{noArgs, oneArg, patterns}).Draw(rt, "schema")))
		}
		c, ok := Choose(toolsOf(t, list...), func(string) bool { return false })
		if ok && c.Unasked {
			require.True(rt, claims[c.Tool], "%s of %s", c.Tool, list)
		}
		for name, claimed := range claims {
			if claimed && ok && !strings.Contains(strings.Join(list, ""), "pattern") {
				require.True(rt, c.Unasked, "%s claims both, and %s was chosen", name, c.Tool)
			}
		}
	})
}

// TestExample: what a schema demands is in the example, within its bounds.
func TestExample(t *testing.T) {
	for _, row := range []struct{ schema, want, doubt string }{
		{`{"type":"object"}`, `{}`, ""},
		{`{}`, `{}`, ""},
		{oneArg, `{"q":"example"}`, ""},
		{`{"required":["n"],"properties":{"n":{"type":"integer"},"not":{"type":"string"}}}`, `{"n":1}`, ""},
		{`{"required":["n"],"properties":{"n":{"type":"integer","minimum":5}}}`, `{"n":5}`, ""},
		{`{"required":["n"],"properties":{"n":{"type":"integer","exclusiveMinimum":5}}}`, `{"n":6}`, ""},
		{`{"required":["n"],"properties":{"n":{"type":"integer","minimum":5,"exclusiveMinimum":true}}}`, `{"n":6}`, ""},
		{`{"required":["n"],"properties":{"n":{"type":"integer","maximum":-3}}}`, `{"n":-3}`, ""},
		{`{"required":["n"],"properties":{"n":{"type":"integer","exclusiveMaximum":1}}}`, `{"n":0}`, ""},
		{`{"required":["n"],"properties":{"n":{"type":"integer","minimum":5,"multipleOf":4}}}`, `{"n":8}`, ""},
		{`{"required":["n"],"properties":{"n":{"type":"number","minimum":0.25,"maximum":0.75}}}`, `{"n":0.5}`, ""},
		{`{"required":["b"],"properties":{"b":{"type":"boolean"}}}`, `{"b":false}`, ""},
		{`{"required":["d"],"properties":{"d":{"type":"string","default":"x"}}}`, `{"d":"x"}`, ""},
		{`{"required":["e"],"properties":{"e":{"enum":["a","b"]}}}`, `{"e":"a"}`, ""},
		{`{"required":["c"],"properties":{"c":{"const":0}}}`, `{"c":0}`, ""},
		{`{"required":["s"],"properties":{"s":{"type":"string","minLength":9,"maxLength":10}}}`, `{"s":"exampleex"}`,
			""},
		{`{"required":["s"],"properties":{"s":{"type":"string","maxLength":3}}}`, `{"s":"exa"}`, ""},
		{`{"required":["s"],"properties":{"s":{"type":"string","format":"date"}}}`, `{"s":"2025-01-31"}`, ""},
		{`{"required":["u"],"properties":{"u":{"type":["null","string"]}}}`, `{"u":"example"}`, ""},
		{`{"required":["u"],"properties":{"u":{"anyOf":[{"type":"null"},{"type":"integer"}]}}}`, `{"u":1}`, ""},
		{`{"required":["u"],"properties":{"u":{"allOf":[{"type":"integer","minimum":3}]}}}`, `{"u":3}`, ""},
		{`{"required":["l"],"properties":{"l":{"type":"array","minItems":2,"items":{"type":"boolean"}}}}`,
			`{"l":[false,false]}`, ""},
		{`{"required":["o"],"properties":{"o":{"required":["p"],"properties":{"p":{"type":"string"}}}}}`,
			`{"o":{"p":"example"}}`, ""},
		{`{"required":["a"]}`, `{"a":"example"}`, "t.a has no type"},
		{`{"required":["a"],"properties":{"a":true}}`, `{"a":"example"}`, "t.a has no type"},
		{`{"properties":{"a":{"type":"string","required":true}}}`, `{}`, ""},
		{patterns, `{"q":"x"}`, "t.q has a pattern"},
		{`[1]`, `{}`, "can't be read"},
	} {
		args, doubts := toolsOf(t, tool("t", none, row.schema))[0].Example()
		require.JSONEq(t, row.want, string(args), row.schema)
		if row.doubt == "" {
			require.Empty(t, doubts, row.schema)
		} else {
			require.Contains(t, strings.Join(doubts, "\n"), row.doubt, row.schema)
		}
	}
}
