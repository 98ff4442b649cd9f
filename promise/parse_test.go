package promise

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestParse: as people write them, and as we do.
func TestParse(t *testing.T) {
	for _, row := range []struct {
		text string
		want Law
		say  string // how String puts it; empty: as it was written
	}{
		{"15/s burst 40", Law{Kind: Bucket, Rate: 15, N: 40}, ""},
		{"8 req/sec, burst 16", Law{Kind: Bucket, Rate: 8, N: 16}, "8/s burst 16"},
		{"60/min (burst 10)", Law{Kind: Bucket, Rate: 1, N: 10}, "1/s burst 10"},
		{"10 rps burst of 20", Law{Kind: Bucket, Rate: 10, N: 20}, "10/s burst 20"},
		{"60 per minute burst 20", Law{Kind: Bucket, Rate: 1, N: 20}, "1/s burst 20"},
		{"10/s burst 20 steps 10 every 1s", Law{Kind: Bucket, Rate: 10, N: 20, Step: 10, Every: time.Second}, ""},
		{"100 per 15m fixed, per address", Law{Kind: Window, N: 100, Every: 15 * time.Minute, Style: Fixed,
			Key: Key{Address}},
			"100 per 15m fixed per address"},
		{"100/15m fixed per IP", Law{Kind: Window, N: 100, Every: 15 * time.Minute, Style: Fixed, Key: Key{Address}},
			"100 per 15m fixed per address"},
		{"100 requests per 15 minutes sliding", Law{Kind: Window, N: 100, Every: 15 * time.Minute, Style: Sliding},
			"100 per 15m sliding"},
		{"30 per 10s sliding per session", Law{Kind: Window, N: 30, Every: 10 * time.Second, Style: Sliding,
			Key: Key{Session}}, ""},
		{"30 in 10s", Law{Kind: Window, N: 30, Every: 10 * time.Second}, "30 per 10s"},
		{"1000 a day", Law{Kind: Window, N: 1000, Every: 24 * time.Hour}, "1000 per 24h"},
		{"30/10s window", Law{Kind: Window, N: 30, Every: 10 * time.Second}, "30 per 10s"},
		{"5 per 1m per credential methods initialize", Law{Kind: Window, N: 5, Every: time.Minute, Key: Key{Credential},
			Charge: Charge{Methods: []string{"initialize"}}}, ""},
		{"quota 1000 per day UTC per credential units search=1, crawl=5",
			Law{Kind: Quota, N: 1000, Unit: Day, Zone: "UTC",
				Key: Key{Credential}, Charge: Charge{Units: map[string]int{"search": 1, "crawl": 5}}},
			"quota 1000 per day UTC per credential units crawl=5,search=1"},
		{"4 at a time per session tools render_*",
			Law{Kind: Cap, N: 4, Key: Key{Session}, Charge: Charge{Tools: []string{"render_*"}}}, ""},
		{"cap 4 at once", Law{Kind: Cap, N: 4}, "4 at a time"},
		{"8 sessions at a time per credential", Law{Kind: Sessions, N: 8, Key: Key{Credential},
			Charge: SessionCharge()}, ""},
		{"10 per 15m failures only per address", Law{Kind: Window, N: 10, Every: 15 * time.Minute, Key: Key{Address},
			Charge: Charge{Outcomes: Failures}}, "10 per 15m per address only failures"},
		{"10/s burst 20 queue 2s", Law{Kind: Bucket, Rate: 10, N: 20, Wait: 2 * time.Second}, ""},
		{"20 per 2s fixed refusals charged lockout 8s", Law{Kind: Window, N: 20, Every: 2 * time.Second, Style: Fixed,
			Lockout: 8 * time.Second, Charge: Charge{Refused: true}}, ""},
		{"5/s burst 5 per tool and session", Law{Kind: Bucket, Rate: 5, N: 5, Key: Key{Session, Tool}},
			"5/s burst 5 per session+tool"},
		{"30 per 10s, per session, tool, free ping, tools/list", Law{Kind: Window, N: 30, Every: 10 * time.Second,
			Key: Key{Session, Tool}, Charge: Charge{Free: []string{"ping", "tools/list"}}},
			"30 per 10s per session+tool free ping,tools/list"},
		{`3 per 1s tools "a b","c,d" named "the slow ones"`,
			Law{Kind: Window, N: 3, Every: time.Second, Name: "the slow ones",
				Charge: Charge{Tools: []string{"a b", "c,d"}}}, ""},
	} {
		got, err := Parse(row.text)
		require.NoError(t, err, row.text)
		require.Equal(t, row.want, got, row.text)
		if row.say == "" {
			row.say = row.text
		}
		require.Equal(t, row.say, got.String())
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "it doesn't begin with a number",
		"fast":                               "it doesn't begin with a number",
		"15/s":                               `a rate without a burst: write "15 per 1s" for a window, and for a bucket "15/s burst N"`,
		"15":                                 "15 of what: a rate, a window, or at a time",
		"15 at noon":                         "15 of what: a rate, a window, or at a time",
		"0 per 10s":                          `"0" is below 1`,
		"1.5 per 10s":                        `"1.5" is not a whole number`,
		"30 per 0s":                          `"0s" is not a time above 0`,
		"30 per 10 apples":                   `"10 apples" is not a time above 0`,
		"30 per 10s sliding fixed":           "a window is sliding or fixed",
		"30 per 10s per moon":                `"moon" names nothing that a limit is kept by, want session, credential, address, tool, method, or everybody`,
		"30 per 10s per session,session":     `"session,session": session occurs twice, want session, credential, address, tool, method, or everybody`,
		"30 per 10s per session per session": `"session + session": session occurs twice, want session, credential, address, tool, method, or everybody`,
		"30 per 10s nonsense":                `"nonsense" says nothing here`,
		"quota 10 per week":                  `a quota is of an hour, a day or a month, not of "week"`,
		"quota 10 per day Mars/Olympus":      `no time zone is called "Mars/Olympus"`,
		"10/s burst 20 steps 5 every 1s":     "5 tokens every 1s are 5/s, not 10/s",
		"10/s burst 20 sliding":              "a bucket has no use for a style",
		"4 at a time sliding":                "a cap has no use for a style",
		"30 per 10s tools":                   `after "tools" stands a list, such as a,b`,
		"30 per 10s units search":            `"search" is not of the form tool=units`,
		"30 per 10s units search=-1":         "-1 units of search are not from 0 to 1000000000",
		"30 per 10s tools [":                 `"[" is no pattern of tools`,
		"30 per 10s only losers":             `failures or successes are charged, not "losers"`,
		"30 per 10s refusals free":           `after "refusals" stands "charged"`,
		"30 per 10s queue soon":              `queue: "soon" is not a time above 0`,
		"30 per 10s sliding elastic": "a sliding window that refused requests prolong is one that charges " +
			"them: say that refusals are charged",
		"10/s burst 5 steps 10 every 1s":    "a bucket of 5 can't get 10 tokens at once",
		"30 per 400d":                       "a window of 9600h0m0s is not from 1ms to 8784h",
		"1e10/s burst 2":                    `"1e10/s" is above 1000000000/s`,
		"5/s burst x":                       `burst "x" is not a whole number`,
		"99999999999 per 1s":                `"99999999999" is above 1000000000`,
		`3 per 1s named`:                    `after "named" stands one name`,
		"10/s burst 20 lockout never ready": `lockout: "never" is not a time above 0`,
	} {
		_, err := Parse(text)
		var bad *SyntaxError
		require.ErrorAs(t, err, &bad, text)
		require.Equal(t, quote(text)+": "+want, bad.Problem)
		require.Equal(t, bad.Problem+", want "+WantLaw, err.Error())
	}
}

// laws draws a law that a server can promise.
func laws() *rapid.Generator[Law] {
	return rapid.Custom(func(t *rapid.T) Law {
		l := Law{
			Kind: rapid.SampledFrom([]Kind{Bucket, Window, Quota, Cap}).Draw(t, "kind"),
			N:    rapid.OneOf(rapid.IntRange(1, 50), rapid.IntRange(1, maxN)).Draw(t, "n"),
		}
		spans := rapid.Custom(func(t *rapid.T) time.Duration {
			unit := rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, time.Minute, time.Hour}).Draw(t,
				"unit")
			return time.Duration(rapid.IntRange(1, 100).Draw(t, "units")) * unit
		})
		switch l.Kind {
		case Bucket:
			l.Rate = rapid.Float64Range(minRate, maxRate).Draw(t, "rate")
			if rapid.Bool().Draw(t, "stepped") {
				l.Step = rapid.IntRange(1, min(l.N, 1000)).Draw(t, "step")
				l.Every = spans.Draw(t, "every")
				l.Rate = float64(l.Step) / l.Every.Seconds()
			}
		case Window:
			l.Every = spans.Draw(t, "every")
			l.Style = rapid.SampledFrom([]Style{Unsaid, Sliding, Fixed, Aligned, Counter}).Draw(t, "style")
			l.Elastic = l.Style != Sliding && rapid.Bool().Draw(t, "elastic")
		case Quota:
			l.Unit = rapid.SampledFrom([]Unit{Hour, Day, Month}).Draw(t, "unit")
			l.Zone = rapid.SampledFrom([]string{"", "UTC"}).Draw(t, "zone")
		}
		l.Key = Key(rapid.SliceOfNDistinct(rapid.SampledFrom(dimensions), 0, 3, rapid.ID).Draw(t, "key")).sorted()
		names := rapid.SliceOfN(rapid.OneOf(rapid.StringMatching(`[a-z_]{1,8}`), rapid.SampledFrom([]string{
			"per", "a b", "c,d", `e"f`, "g\\\\h", "free", "tools/call", "ü*", "x\ny", "tools,"})), 1, 3)
		if rapid.Bool().Draw(t, "tools") {
			l.Charge.Tools = names.Draw(t, "names")
		}
		if rapid.Bool().Draw(t, "units") {
			l.Charge.Units = map[string]int{}
			for _, name := range names.Draw(t, "units of") {
				l.Charge.Units[name] = rapid.IntRange(0, 9).Draw(t, "units")
			}
		}
		if rapid.Bool().Draw(t, "free") {
			l.Charge.Free = names.Draw(t, "free names")
		}
		l.Charge.Outcomes = rapid.SampledFrom([]Outcomes{All, Failures, Successes}).Draw(t, "outcomes")
		l.Charge.Refused = rapid.Bool().Draw(t, "refused")
		if rapid.Bool().Draw(t, "waits") {
			l.Wait, l.Lockout = spans.Draw(t, "wait"), spans.Draw(t, "lockout")
		}
		if rapid.Bool().Draw(t, "named") {
			l.Name = names.Draw(t, "name")[0]
		}
		return l
	})
}

// Whatever a law prints, Parse reads back exactly.
func TestLawRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := laws().Draw(t, "law")
		if problem := want.problem(); problem != "" {
			t.Skip(problem)
		}
		got, err := Parse(want.String())
		if err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		require.Equal(t, want, got, want.String())
	})
}

// FuzzParse: no panic, one line, and a law that is read back as it is printed.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"15/s burst 40", "100/15m fixed per IP", `3 per 1s tools "a b","c,d"`,
		"quota 9 per day UTC", "4 at a time"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := Parse(s)
		if err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		again, err := Parse(l.String())
		require.NoError(t, err, l.String())
		require.Equal(t, l, again)
	})
}
