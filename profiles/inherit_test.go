package profiles

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// full gives every field that there is.
const full = `
doc: A server with every field.
pattern: external-api
limit:
  rate: 300/1m
  burst: 7
  scope: client
  charges: [tools/call, tools/list]
  may_charge: ["*"]
  free: [ping]
observed: {rate: 0.5/s, burst: 3, scope: client, source: server.py, note: Differs.}
launch:
  command: [serve, --port, 8080, -v, yes, true]
  env: [API_KEY, OTHER]
  logs: [server.log, "logs/*.log"]
  transport: sse
  host: localhost
  port: 8080
  path: /events
  ready: 1m30s
  note: Slow to start.
credentials:
  - {env: API_KEY, provider: mailgun, required: true}
  - {env: OTHER}
call:
  tool: look
  arguments: {z: 1, a: [true, null, 1.5, "<a&b>", 2026-01-02, 0x10, {}], "": ~}
  never: [wipe, "delete_*"]
refusal: {codes: [-32003], statuses: [420, 503], text: "quota|rate.?limit"}
`

func TestEveryField(t *testing.T) {
	p, warnings, err := Parse("dir/full.yaml", []byte(full))
	require.NoError(t, err)
	require.Empty(t, warnings)
	want := Profile{
		Name: "full", Doc: "A server with every field.", Pattern: "external-api", Source: "dir/full.yaml",
		Limit: Limit{Rate: 5, Burst: 7, Scope: Client, Charges: []string{"tools/call", "tools/list"},
			MayCharge: []string{"*"}, Free: []string{"ping"}},
		Observed: &Observed{Rate: 0.5, Burst: 3, Scope: Client, Source: "server.py", Note: "Differs."},
		Launch: Launch{Command: []string{"serve", "--port", "8080", "-v", "yes", "true"},
			Env: []string{"API_KEY", "OTHER"}, Logs: []string{"server.log", "logs/*.log"},
			Transport: "sse", Host: "localhost", Port: 8080, Path: "/events", Ready: 90 * time.Second,
			Note: "Slow to start."},
		Credentials: []Credential{{"API_KEY", "mailgun", true, ""}, {"OTHER", "generic", false, ""}},
		Call: LoadCall{Method: "tools/call", Tool: "look", Never: []string{"wipe", "delete_*"},
			Arguments: []byte(`{"z":1,"a":[true,null,1.5,"<a&b>","2026-01-02",16,{}],"":null}`)},
		Refusal: Refusal{Codes: []int{-32003}, Statuses: []int{420, 503}, Text: "quota|rate.?limit"},
	}
	require.Equal(t, string(want.Call.Arguments), string(p.Call.Arguments))
	require.Equal(t, want, p)
}

func TestDefaults(t *testing.T) {
	p, _, err := Parse("x.yaml", []byte("limit: {rate: 2, burst: 3}"))
	require.NoError(t, err)
	want := Profile{
		Name: "x", Source: "x.yaml",
		Limit: Limit{Rate: 2, Burst: 3, Scope: Global, Charges: []string{"tools/list"},
			MayCharge: []string{"*"}, Presumed: true},
		Launch:  Launch{Transport: "http", Host: "127.0.0.1", Path: "/mcp", Ready: 30 * time.Second},
		Call:    LoadCall{Method: "tools/list", Unsaid: true},
		Refusal: Refusal{Codes: []int{-32000, 429}, Statuses: []int{429}, Text: "rate limit"},
	}
	require.Equal(t, want, p)
	again, _, err := Parse("x.yaml", []byte("limit: {rate: 2, burst: 3}\ncall: {tool: look, arguments: {}}"))
	require.NoError(t, err)
	require.Equal(t, LoadCall{Method: "tools/call", Tool: "look"}, again.Call, "no arguments are nil")
	url := ForURL(Limit{Rate: 2, Burst: 3})
	want.Name, want.Source = "", ""
	require.Equal(t, want, url)
}

func TestForms(t *testing.T) {
	for _, row := range []struct {
		text, limit, transport string
	}{
		{"limit: 8 req/sec, burst 16", "8/s burst 16", "http"},
		{"limit: {tier: conservative}", "5/s burst 15 (tier conservative)", "http"},
		{"limit: {tier: moderate, scope: client}", "10/s burst 20 (tier moderate)", "http"},
		{"limit: {tier: aggressive, charges: [tools/call, tools/list]}", "15/s burst 40 (tier aggressive)", "http"},
		{"limit: {rate: 0.5, burst: 1}\nlaunch: {command: [x]}", "0.5/s burst 1", "stdio"},
		{"limit: {rate: 60/min, burst: 1}\nlaunch: {command: [x], port: 80}", "1/s burst 1", "http"},
		{"limit: {rate: &r 2, burst: *r}\nlaunch: {transport: sse}", "2/s burst 2", "sse"},
		{"inherits: crackerjack", "12/s burst 16 (inherited from crackerjack)", "http"},
		{"inherits: fastblocks", "15/s burst 40 (inherited from acb)", "stdio"},
		{"inherits: acb\nlimit: {tier: moderate}", "10/s burst 20 (tier moderate)", "http"},
		{"inherits: acb\nlimit: 3/s burst 9", "3/s burst 9", "http"},
		{"inherits: acb\nlimit: {burst: 41}", "15/s burst 41", "http"},
		{"inherits: acb\nlimit: {scope: client}", "15/s burst 40 (inherited from acb)", "http"},
	} {
		p, warnings, err := Parse("x.yaml", []byte(row.text))
		require.NoError(t, err, row.text)
		require.Empty(t, warnings, row.text)
		require.Equal(t, row.limit, p.Limit.String(), row.text)
		require.Equal(t, row.transport, p.Launch.Transport, row.text)
	}
}

func TestTiers(t *testing.T) {
	require.Equal(t, []Tier{{"conservative", 5, 15}, {"moderate", 10, 20}, {"aggressive", 15, 40}}, Tiers())
	require.Len(t, Patterns(), 3)
}

func TestFastblocksInheritsAcb(t *testing.T) {
	c := mustLoad(t)
	acb, fast := get(t, c, "acb"), get(t, c, "fastblocks")
	require.Equal(t, "acb", fast.Parent)
	require.Equal(t, "15/s burst 40 (inherited from acb)", fast.Limit.String())
	require.Equal(t, acb.Call, fast.Call)
	require.Equal(t, acb.Refusal, fast.Refusal)
	require.NotEqual(t, acb.Launch.Command, fast.Launch.Command, "acb's command starts acb")
	require.NotEqual(t, acb.Launch.Install, fast.Launch.Install)
	require.Zero(t, fast.Launch.Port)
	require.NotEqual(t, acb.Doc, fast.Doc)
}

// A tier that a parent has is still a tier, and inherited.
func TestInheritedTier(t *testing.T) {
	c := mustLoad(t, folderOf("a.yaml", "limit: {tier: moderate}", "b.yaml", "inherits: a", "c.yaml", "inherits: b",
		"d.yaml", "inherits: c\nlimit: {rate: 1}"))
	require.Equal(t, "10/s burst 20 (tier moderate, inherited from a)", get(t, c, "b").Limit.String())
	cc := get(t, c, "c")
	require.Equal(t, "b", cc.Parent)
	require.Equal(t, "a", cc.Limit.Inherited, "the profile whose file gives the numbers")
	require.Equal(t, "1/s burst 20", get(t, c, "d").Limit.String())
}

// An override that inherits from its own name is read onto what it overrides.
func TestOverrideThatInherits(t *testing.T) {
	c := mustLoad(t,
		folderOf("acb.yaml", "inherits: acb\nlimit: {burst: 50}"),
		folderOf("acb.yaml", "inherits: acb\nlimit: {rate: 20}", "other.yaml", "inherits: acb"))
	acb := get(t, c, "acb")
	require.Equal(t, "20/s burst 50", acb.Limit.String())
	require.Equal(t, "list_components", acb.Call.Tool)
	require.Equal(t, "acb", acb.Parent)
	require.Equal(t, "20/s burst 50 (inherited from acb)", get(t, c, "other").Limit.String())
	require.Equal(t, "20/s burst 50 (inherited from acb)", get(t, c, "fastblocks").Limit.String())
}

// What belongs to the parent's tool, transport or code doesn't outlive it.
func TestPartsThatGoTogether(t *testing.T) {
	parent := full
	child := func(text string) Profile {
		t.Helper()
		c := mustLoad(t, folderOf("full.yaml", parent, "child.yaml", "inherits: full\n"+text))
		return get(t, c, "child")
	}
	p := child("call: {tool: other}")
	require.Nil(t, p.Call.Arguments)
	require.Equal(t, []string{"wipe", "delete_*"}, p.Call.Never)

	p = child("call: {method: tools/list}")
	require.Equal(t, LoadCall{Method: "tools/list", Never: []string{"wipe", "delete_*"}}, p.Call)

	p = child("call: {arguments: {q: 1}}")
	require.Equal(t, "look", p.Call.Tool)
	require.JSONEq(t, `{"q":1}`, string(p.Call.Arguments))

	p = child("launch: {transport: stdio}")
	require.Equal(t, [3]any{"", 0, ""}, [3]any{p.Launch.Host, p.Launch.Port, p.Launch.Path})
	require.NotEmpty(t, p.Launch.Command)

	p = child("launch: {transport: http}")
	require.Equal(t, [3]any{"localhost", 8080, "/mcp"}, [3]any{p.Launch.Host, p.Launch.Port, p.Launch.Path})

	p = child("launch: {transport: sse}")
	require.Equal(t, "/events", p.Launch.Path)

	p = child("observed: {rate: 0, source: other.py}")
	require.Equal(t, &Observed{Scope: Global, Source: "other.py"}, p.Observed)

	p = child("credentials: []\nrefusal: {codes: []}")
	require.Empty(t, p.Credentials)
	require.Empty(t, p.Refusal.Codes)
	require.Equal(t, "quota|rate.?limit", p.Refusal.Text)
}

// A parent's defaults are no values of its own, so a child's own take their
// place: a command alone means stdio, and the load call is what is charged.
func TestDefaultsAreNotInherited(t *testing.T) {
	c := mustLoad(t, folderOf("a.yaml", "limit: 1/s burst 1",
		"b.yaml", "inherits: a\nlaunch: {command: [x]}\ncall: {tool: look}"))
	b := get(t, c, "b")
	require.Equal(t, "stdio", b.Launch.Transport)
	require.Equal(t, []string{"tools/call"}, b.Limit.Charges)
	require.Equal(t, []string{"*"}, b.Limit.MayCharge)
}

func TestLoading(t *testing.T) {
	p := ForURL(Limit{Rate: 2, Burst: 3}).Loading("look", []byte(`{"q":1}`))
	require.Equal(t, LoadCall{Method: "tools/call", Tool: "look", Arguments: []byte(`{"q":1}`)}, p.Call)
	cost := func(l Limit, method string) [2]int {
		least, most := l.Cost(method)
		return [2]int{least, most}
	}
	require.Equal(t, [2]int{1, 1}, cost(p.Limit, "tools/call"))
	require.Equal(t, [2]int{0, 1}, cost(p.Limit, "tools/list"), "no longer what is surely charged")

	acb := get(t, mustLoad(t), "acb")
	require.Equal(t, acb.Limit, acb.Loading("other", nil).Limit, "what a profile says of charges stays said")
}

func TestCost(t *testing.T) {
	l := Limit{Charges: []string{"*", "notifications/progress"}, MayCharge: []string{"ping"},
		Free: []string{"initialize"}}
	other := Limit{Charges: []string{"tools/call"}, MayCharge: []string{"*"}, Free: []string{"ping"}}
	for _, row := range []struct {
		limit       Limit
		method      string
		least, most int
	}{
		{l, "tools/call", 1, 1},
		{l, "acme/anything", 1, 1},
		{l, "ping", 0, 1},
		{l, "initialize", 0, 0},
		{l, "notifications/initialized", 0, 1},
		{l, "notifications/progress", 1, 1},
		{other, "tools/call", 1, 1},
		{other, "tools/list", 0, 1},
		{other, "ping", 0, 0},
		{other, "notifications/initialized", 0, 1},
		{Limit{Charges: []string{"tools/call"}}, "tools/list", 0, 0},
		{Limit{}, "tools/call", 0, 0},
	} {
		least, most := row.limit.Cost(row.method)
		require.Equal(t, [2]int{row.least, row.most}, [2]int{least, most}, "%v %s", row.limit, row.method)
	}
}

func TestForbids(t *testing.T) {
	c := LoadCall{Never: []string{"wipe", "delete_*", "*unlock*", "a*b*c", "ns/*"}}
	for tool, want := range map[string]bool{
		"wipe": true, "wiped": false, "delete_": true, "delete_all": true, "undelete_all": false,
		"unifi_unlock_door": true, "unlock": true, "lock": false,
		"abc": true, "a-b-c": true, "ac": false, "acb": false, "ns/x/y": true, "": false, "a": false,
	} {
		require.Equal(t, want, c.Forbids(tool), tool)
	}
	require.False(t, LoadCall{Never: []string{"a*a"}}.Forbids("a"), "the two ends may not share a letter")
}

// The file that the package comment shows is one that is read, and shows every
// field but the two that others stand in for.
func TestPackageCommentShowsAFile(t *testing.T) {
	source, err := os.ReadFile("profile.go")
	require.NoError(t, err)
	var b strings.Builder
	for line := range strings.SplitSeq(string(source), "\n") {
		if text, ok := strings.CutPrefix(line, "//\t"); ok {
			b.WriteString(text + "\n")
		}
	}
	p, warnings, err := Parse("my-server.yaml", []byte(b.String()))
	require.NoError(t, err)
	require.Equal(t, "my-server", p.Name)
	require.Equal(t, 12.0, p.Limit.Rate)
	require.Empty(t, warnings)
	for _, part := range []any{p.Doc, p.Pattern, p.Parent, p.Limit.Charges, p.Limit.MayCharge, p.Limit.Free,
		p.Observed.Note,
		p.Launch.Command, p.Launch.Env, p.Launch.Note, p.Credentials, p.Call.Tool, p.Call.Never} {
		require.NotEmpty(t, part)
	}
}

// What is neither a request nor a notification may cost a token wherever a list
// speaks of everything, and no list names it.
func TestCostAside(t *testing.T) {
	for _, row := range []struct {
		limit Limit
		most  int
	}{
		{Limit{Charges: []string{"*"}}, 1},
		{Limit{Charges: []string{"tools/call"}, MayCharge: []string{"*"}}, 1},
		{Limit{Charges: []string{"tools/call", "ping"}}, 0},
		{Limit{}, 0},
	} {
		least, most := row.limit.CostAside()
		require.Equal(t, [2]int{0, row.most}, [2]int{least, most}, "%v", row.limit)
	}
}
