package results

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/verdict"
)

func rendered(t require.TestingT, d *Document, o TableOptions) string {
	var b bytes.Buffer
	require.NoError(t, Table(&b, d, o))
	return b.String()
}

// A stored run renders as a fresh one.
func TestTableOfADecodedDocument(t *testing.T) {
	wide, calls := generous()
	d := document(append(nine()[:3], wide, vague(), dead())...)
	again, err := Decode(strings.NewReader(encoded(t, d)))
	require.NoError(t, err)
	o := TableOptions{Verbose: true, Width: 100, Histories: map[string][]history.Call{"unifi-mcp": calls}}
	assert.Equal(t, rendered(t, d, o), rendered(t, again, o))
}

// Whatever stands in a document, no line is wider than asked, and nothing but
// text, and the colours asked for, reaches the terminal.
func TestTableProperty(t *testing.T) {
	word := rapid.OneOf(
		rapid.StringN(0, 30, 90),
		rapid.SampledFrom([]string{"acb", "", "a b c", "\x1b[2Jpass: all is well", "日本語のサーバー", "\u202ereversed",
			strings.Repeat("long ", 40), strings.Repeat("x", 150), "a\nb\r\tc"}),
	)
	rulings := rapid.SampledFrom([]verdict.Verdict{verdict.Pass, verdict.Fail, verdict.Inconclusive})
	number := rapid.OneOf(rapid.Float64Range(0, 1e-3), rapid.Float64Range(0, 100), rapid.Float64Range(0, 1e12))
	finding := rapid.Custom(func(t *rapid.T) Finding {
		f := Finding{Verdict: rulings.Draw(t, "verdict"), Want: word.Draw(t, "want"), Saw: word.Draw(t, "saw"),
			Cause: word.Draw(t, "cause")}
		f.Check = rapid.OneOf(rapid.SampledFrom([]string{"generator", "over-admission", "measured", "latency p99<1s"}),
			word).Draw(t, "check")
		f.Warnings = rapid.SliceOfN(word, 0, 2).Draw(t, "warnings")
		if rapid.Bool().Draw(t, "proven") {
			f.Witness = &Witness{ToNS: rapid.Int64().Draw(t, "to"), Calls: rapid.SliceOfN(rapid.IntRange(-1, 9), 0,
				30).Draw(t, "calls"),
				Admitted: rapid.IntRange(0, 50).Draw(t, "admitted"), Allowed: number.Draw(t, "allowed")}
		}
		return f
	})
	scenario := rapid.Custom(func(t *rapid.T) Scenario {
		q := Quantiles{N: rapid.IntRange(0, 1e6).Draw(t, "n"), P50: number.Draw(t, "p50"), P99: number.Draw(t, "p99"),
			Max: number.Draw(t, "max")}
		return Scenario{Scenario: word.Draw(t, "scenario"), Findings: rapid.SliceOfN(finding, 0, 3).Draw(t, "findings"),
			Calls: Counts{Planned: rapid.IntRange(0, 1e6).Draw(t, "planned"), Failed: rapid.IntRange(0, 9).Draw(t,
				"failed")}, Latency: Latencies{Admitted: q}, Late: q}
	})
	server := rapid.Custom(func(t *rapid.T) Server {
		s := Server{Server: word.Draw(t, "server"), Error: word.Draw(t, "error"), Hint: word.Draw(t, "hint"),
			Notes: []string{word.Draw(t, "note")}}
		s.Target = Target{Kind: word.Draw(t, "kind"), Transport: word.Draw(t, "transport"),
			Address: word.Draw(t, "address")}
		s.Limit = Limit{Rate: number.Draw(t, "rate"), Burst: rapid.IntRange(0, 1e6).Draw(t, "burst"),
			Inherited: word.Draw(t, "from")}
		s.Scenarios = rapid.SliceOfN(scenario, 0, 3).Draw(t, "scenarios")
		lo := number.Draw(t, "lo")
		s.Measured = &Measured{Rate: Range{Lo: lo, Hi: lo + number.Draw(t, "more")}, Burst: unbounded(lo)}
		s.Observed = &Observed{Rate: number.Draw(t, "sets"), Source: word.Draw(t, "source")}
		return s
	})
	escape := regexp.MustCompile("\x1b\\[[0-9;]*m")
	rapid.Check(t, func(t *rapid.T) {
		d := document(rapid.SliceOfN(server, 0, 3).Draw(t, "servers")...)
		d.Version = word.Draw(t, "version")
		o := TableOptions{Width: rapid.IntRange(40, 200).Draw(t, "width"), Verbose: rapid.Bool().Draw(t, "verbose"),
			Color: rapid.Bool().Draw(t, "color"), ASCII: rapid.Bool().Draw(t, "ascii"),
			Histories: map[string][]history.Call{"acb": make([]history.Call, 5)}}
		screen := rendered(t, d, o)
		if o.Color {
			screen = escape.ReplaceAllString(screen, "")
		}
		narrowEnough(t, screen, o.Width)
		for _, r := range screen {
			if r < ' ' && r != '\n' || r == 0x7f || r == '\u202e' || o.ASCII && r > '~' {
				t.Fatalf("%q reached the terminal:\n%s", r, screen)
			}
		}
	})
}

func TestTableHasColorOnlyWhenAsked(t *testing.T) {
	wide, _ := generous()
	d := document(wide, vague())
	assert.NotContains(t, rendered(t, d, TableOptions{Verbose: true}), "\x1b")
	assert.Contains(t, rendered(t, d, TableOptions{Color: true}), "\x1b[31;1mfail:\x1b[0m")
}

// What every fail must say, with the calls at hand or without.
func TestTableSaysWhyItFails(t *testing.T) {
	wide, calls := generous()
	f := wide.Scenarios[0].Findings[1]
	for _, histories := range []map[string][]history.Call{nil, {"unifi-mcp": calls}} {
		screen := strings.Join(strings.Fields(rendered(t, document(wide), TableOptions{Histories: histories})), " ")
		for _, want := range []string{f.Want, f.Saw, f.Cause, "17 calls were admitted within", "(calls 1–17 of the " +
			"history)", "--rate 14/s --burst 17", "what to do next"} {
			assert.Contains(t, screen, want)
		}
		assert.Equal(t, histories != nil, strings.Contains(screen, "tokens left"), "the drawing needs the calls")
	}
}

// Each fail of a check is named; the drawing is for the first of them, unless
// all are asked for.
func TestTableDrawsTheFirstOfEachCheck(t *testing.T) {
	wide, calls := generous()
	histories := map[string][]history.Call{"unifi-mcp": calls}
	brief := rendered(t, document(wide), TableOptions{Histories: histories})
	assert.Equal(t, 2, strings.Count(brief, "fail over-admission in"))
	assert.Equal(t, 1, strings.Count(brief, "tokens left"))
	all := rendered(t, document(wide), TableOptions{Histories: histories, Verbose: true})
	assert.Equal(t, 2, strings.Count(all, "tokens left"))
}

// A history that isn't the witness's is no reason to lose the verdict.
func TestTableWithTheWrongHistory(t *testing.T) {
	wide, calls := generous()
	screen := rendered(t, document(wide), TableOptions{Histories: map[string][]history.Call{"unifi-mcp": calls[:5]}})
	assert.Contains(t, screen, "the stored calls don't match")
	assert.Contains(t, screen, "17 calls were admitted")
}

// Calls that failed or got no answer are never out of sight.
func TestTableShowsFailures(t *testing.T) {
	s := honest("acb", 15, 40)
	assert.NotContains(t, rendered(t, document(s), TableOptions{}), "failed")
	s.Scenarios[1].Calls.Failed, s.Scenarios[1].Calls.Unknown = 7, 8
	screen := rendered(t, document(s), TableOptions{})
	assert.Regexp(t, `failed │ unknown`, screen)
	assert.Regexp(t, `sustained .* 7 │ +8 │`, screen)
}

func TestTableOfVirtualTime(t *testing.T) {
	s := honest("acb", 15, 40)
	s.Target.Transport = "virtual"
	for i := range s.Scenarios {
		s.Scenarios[i].Late = Quantiles{N: 5}
	}
	screen := rendered(t, document(s), TableOptions{})
	assert.Contains(t, screen, "mock in virtual time")
	assert.Contains(t, screen, "each when it was due")
}

// Quantiles can't be added up: without a server's own, those of its longest
// scenario stand, under its name.
func TestTableWithoutServerLatency(t *testing.T) {
	list := nine()
	for i := range list {
		list[i].Latency = nil
	}
	screen := rendered(t, document(list...), TableOptions{Width: 120})
	assert.Contains(t, screen, "acb (overload)")
	assert.NotContains(t, screen, "(burst)")
}

func TestRatesInWords(t *testing.T) {
	for _, c := range []struct {
		rate              Achieved
		offered, admitted string
	}{
		{Achieved{Seconds: 2, Offered: 14.25, Admitted: 360.4}, "14.25", "360"},
		{Achieved{Seconds: 0.01, Offered: 9000, Admitted: 8000}, "at once", "-"},
		{Achieved{Seconds: 2, Offered: 14.25}, "14.25", "-"},
	} {
		offered, admitted := c.rate.words()
		assert.Equal(t, c.offered, offered)
		assert.Equal(t, c.admitted, admitted)
	}
}

// What a failed run could not tell besides is for those who ask.
func TestTableOfAFailLeavesTheOpenOut(t *testing.T) {
	wide, _ := generous()
	wide.Scenarios[1].Findings[0].Verdict = verdict.Inconclusive
	wide.finish()
	assert.NotContains(t, rendered(t, document(wide), TableOptions{}), "could not tell")
	assert.Contains(t, rendered(t, document(wide), TableOptions{Verbose: true}), "could not tell")
}

func TestHeadlines(t *testing.T) {
	wide, _ := generous()
	narrow, _ := stingy()
	slow := honest("slow", 1, 1)
	slow.Scenarios[0].Findings[0] = Finding{Check: "latency p99<5ms", Verdict: verdict.Fail}
	slow.finish()
	gone := honest("gone", 1, 1)
	gone.Scenarios[0].Findings = []Finding{{Check: "alive", Verdict: verdict.Fail}, {Check: "latency p99<5ms",
		Verdict: verdict.Fail}}
	gone.finish()
	heir := honest("fastblocks", 15, 40)
	heir.Limit.Inherited = "acb"
	tiered := honest("x", 15, 40)
	tiered.Limit.Tier, tiered.Limit.Scope = "aggressive", "client"
	real := honest("acb", 15, 40)
	real.Target = Target{Kind: "url", Transport: "http"}
	spoken := func(name, revision string) Server {
		s := honest(name+" MCP "+revision, 15, 40)
		s.Target.Protocol = revision
		return s
	}
	for _, c := range []struct {
		servers []Server
		want    string
	}{
		{[]Server{spoken("acb", "2025-11-25"), spoken("acb", "2025-06-18")}, "pass: the mock of acb keeps its limit in " +
			"two revisions"},
		{[]Server{spoken("acb", "2025-11-25"), spoken("crackerjack", "2025-11-25")}, "pass: mocks of two servers keep " +
			"their limit"},
		{[]Server{heir}, "pass: the mock of fastblocks keeps its limit of 15/s burst 40 (from acb)"},
		{[]Server{tiered}, "pass: the mock of x keeps its limit of 15/s burst 40 a client (tier aggressive)"},
		{[]Server{honest("acb", 15, 40)}, "pass: the mock of acb keeps its limit of 15/s burst 40"},
		{nine(), "pass: mocks of nine servers keep their limit"},
		{[]Server{wide}, "fail: the mock of unifi-mcp breaks its limit of 12/s burst 16: it lets more calls through " +
			"than that"},
		{[]Server{real}, "pass: acb keeps its limit of 15/s burst 40"},
		{[]Server{real, real}, "pass: 2 of 2 servers keep their limit"},
		{[]Server{narrow}, "fail: the mock of acb breaks its limit of 15/s burst 40: it refuses calls that the " +
			"limit allows"},
		{[]Server{wide, narrow}, "fail: the mocks of unifi-mcp and acb break their limits"},
		{[]Server{slow}, "fail: the mock of slow fails latency p99<5ms"},
		{[]Server{gone}, "fail: the mock of gone stopped serving during the run, and fails latency p99<5ms"},
		{[]Server{wide, slow, honest("x", 1, 1)}, "fail: the mock of unifi-mcp breaks its limit of 12/s burst 16: it " +
			"lets more calls through than that; the mock of slow fails latency p99<5ms; 1 of 3 servers keeps " +
			"its limit"},
		{[]Server{vague()}, "inconclusive: no fault was found in the mock of opera-cloud-mcp, but this run could " +
			"have missed one"},
		{[]Server{vague(), dead(), honest("x", 1, 1)}, "inconclusive: no fault was found in the mock of " +
			"opera-cloud-mcp, but this run could have missed one; raindropio-mcp could not run; 1 of 3 servers keeps " +
			"its limit"},
		{[]Server{dead(), honest("x", 1, 1), honest("y", 1, 1)}, "inconclusive: raindropio-mcp could not run; 2 of 3 " +
			"servers keep theirs"},
		{[]Server{dead()}, "could not run: raindropio-mcp; nothing was judged"},
		{nil, "could not run: no server was named"},
	} {
		first, _, _ := strings.Cut(rendered(t, document(c.servers...), TableOptions{Width: 300}), "\n")
		assert.Equal(t, c.want, first)
	}
}
