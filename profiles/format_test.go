package profiles

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// formatted returns what a profile is once written and read back, and what
// the two may differ in made equal.
func formatted(t require.TestingT, p Profile) (want, got Profile) {
	data, err := Format(p)
	require.NoError(t, err)
	got, _, err = Parse("written.yaml", data)
	require.NoError(t, err, "%s", data)
	want = p.Clone()
	want.Source, want.Parent, want.Limit.Inherited, want.Promised = got.Source, "", "", got.Promised
	return want, got
}

func TestFormatRoundTrip(t *testing.T) {
	list := mustLoad(t, folderOf("full.yaml", full, "tier.yaml", "limit: {tier: moderate}",
		"stdio.yaml", "limit: 1/s burst 1\nlaunch: {command: [x, \"\", \"7\", \"yes\", \"#\", \"a: b\"], ready: "+
			"1ms}\nrefusal: {text: \"\", codes: []}\n",
		"free.yaml", "limit: {rate: 1, burst: 1, charges: [], free: [ping]}")).All()
	list = append(list, func() Profile {
		p := ForURL(Limit{Rate: 0.1, Burst: 7}).Loading("look",
			[]byte("{\"big\":123456789012345678901234567890,"+
				"\"small\":1e-7,\"text\":\"\\u007f\\u2028\\ud83d\\ude00\\n\",\"12\":[[]]}"))
		p.Name = "12"
		return p
	}())
	require.Len(t, list, len(embedded)+5)
	for _, p := range list {
		want, got := formatted(t, p)
		if len(want.Call.Arguments) > 0 {
			require.JSONEq(t, string(want.Call.Arguments), string(got.Call.Arguments))
			want.Call.Arguments = got.Call.Arguments
		}
		require.Equal(t, want, got)
	}
}

func TestFormatReadsWell(t *testing.T) {
	p := ForURL(Limit{Rate: 14.5, Burst: 40})
	p.Name = "measured"
	data, err := Format(p)
	require.NoError(t, err)
	require.Equal(t, `name: measured
limit:
  rate: 14.5/s
  burst: 40
  scope: global
  may_charge: ['*']
launch:
  transport: http
  host: 127.0.0.1
  path: /mcp
refusal:
  codes: [-32000, 429]
  statuses: [429]
  text: rate limit
`, string(data))
}

func TestFormatRefuses(t *testing.T) {
	for _, arguments := range []string{`[1]`, `7`, `{`, `{} {}`, ` `} {
		p := ForURL(Limit{Rate: 1, Burst: 1}).Loading("look", []byte(arguments))
		_, err := Format(p)
		require.ErrorContains(t, err, `arguments of "look"`, arguments)
	}
}

// Any text that a profile may hold survives, whatever YAML makes of it.
func TestFormatKeepsTexts(t *testing.T) {
	text := rapid.StringMatching(`[ -~äß\n\t…]{1,20}[a-z]`)
	rapid.Check(t, func(t *rapid.T) {
		p := ForURL(Limit{Rate: 1, Burst: 1})
		p.Name, p.Doc = "x", text.Draw(t, "doc")
		p.Launch.Note = text.Draw(t, "note")
		p.Launch.Command = []string{"run", text.Draw(t, "word")}
		p.Launch.Port = 80
		want, got := formatted(t, p)
		require.Equal(t, want, got)
	})
}

// FuzzParse holds any file to: no panic; either a profile that can be used, or
// faults that say where, each on its own line.
func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	for _, name := range embedded {
		data, err := servers.ReadFile("servers/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, warnings, err := Parse("x.yaml", data)
		for _, w := range warnings {
			require.NotContains(t, w.Error(), "\n")
		}
		if err != nil {
			requireFaults(t, err)
			return
		}
		usable(t, p)
		want, got := formatted(t, p)
		require.Equal(t, want.Limit, got.Limit)
		require.Equal(t, want.Launch, got.Launch)
		require.Equal(t, want.Call.Never, got.Call.Never)
	})
}

// However a file is damaged, it is either a profile or at fault.
func TestDamagedFiles(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lines := strings.SplitAfter(full, "\n")
		for range rapid.IntRange(1, 4).Draw(rt, "damages") {
			i := rapid.IntRange(0, len(lines)-1).Draw(rt, "line")
			at := rapid.IntRange(0, len(lines[i])).Draw(rt, "column")
			switch rapid.IntRange(0, 3).Draw(rt, "damage") {
			case 0:
				lines[i] = ""
			case 1:
				lines[i] += lines[i]
			case 2:
				lines[i] = lines[i][:at] + rapid.SampledFrom([]string{"\t", ":", "- ", "{", "]", "&a ", "*a", "!!int ",
					"'", "#", "\xff"}).Draw(rt, "sign") + lines[i][at:]
			default:
				lines[i] = lines[i][:at]
			}
		}
		p, _, err := Parse("x.yaml", []byte(strings.Join(lines, "")))
		var faults Errors
		if err != nil && (!errors.As(err, &faults) || len(faults) == 0) {
			rt.Fatalf("%T: %v", err, err)
		} else if err == nil {
			usable(rt, p)
		}
	})
}

// usable holds a profile to what every room may take for granted.
func usable(t require.TestingT, p Profile) {
	require.Regexp(t, nameForm, p.Name)
	require.GreaterOrEqual(t, p.Limit.Rate, 1e-6)
	require.LessOrEqual(t, p.Limit.Rate, 1e9)
	require.GreaterOrEqual(t, p.Limit.Burst, 1)
	require.Contains(t, []Scope{Global, Client}, p.Limit.Scope)
	require.Contains(t, []string{"http", "sse", "stdio"}, p.Launch.Transport)
	require.Positive(t, p.Launch.Ready)
	require.NotEmpty(t, p.Call.Method)
	require.Equal(t, p.Call.Tool != "", p.Call.Method == "tools/call")
	require.False(t, p.Call.Tool != "" && p.Call.Forbids(p.Call.Tool))
	require.Empty(t, badPattern(p.Refusal.Text))
	for _, c := range p.Credentials {
		require.Regexp(t, envForm, c.Env)
	}
	if p.Call.Arguments != nil {
		_, err := fromJSON(p.Call.Arguments)
		require.NoError(t, err)
	}
}

// FuzzParseLimit holds any text to: no panic, and a rate that is finite and above 0,
// or none.
func FuzzParseLimit(f *testing.F) {
	for _, s := range []string{"8 req/sec, burst 16", "60/min burst 10", "15/s (burst 40)", "12/s", "1e999 burst 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLimit(s)
		if err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		require.GreaterOrEqual(t, l.Rate, 1e-6)
		require.GreaterOrEqual(t, l.Burst, 0)
		require.LessOrEqual(t, float64(l.Burst), 1e9)
	})
}

// A folder of one file and that file alone are the same.
func TestParseAgreesWithLoad(t *testing.T) {
	p, warnings, err := Parse("full.yaml", []byte(full))
	require.NoError(t, err)
	c := mustLoad(t, fstest.MapFS{"full.yaml": {Data: []byte(full)}})
	require.Equal(t, get(t, c, "full"), p)
	require.Equal(t, c.Warnings(), warnings)
}

// requireFaults asserts that an error is faults in x.yaml, each on its own line.
func requireFaults(t *testing.T, err error) {
	t.Helper()
	var faults Errors
	require.ErrorAs(t, err, &faults)
	require.NotEmpty(t, faults)
	for _, fault := range faults {
		require.Equal(t, "x.yaml", fault.File)
		require.NotContains(t, fault.Error(), "\n")
		require.NotEmpty(t, fault.Problem)
	}
}
