package startup

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/verdict"
)

// draw makes n characters up.
func draw(r *rand.Rand, n int) string {
	const set = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	b := make([]byte, n)
	for i := range b {
		b[i] = set[r.IntN(len(set))]
	}
	return string(b)
}

// token is a credential of a provider that only this test has.
func token(env string, required bool) Credential {
	return Credential{Env: env, Provider: "acme", Required: required, Secret: true, Telling: []string{"acme_"},
		Make: func(c string, _ int, r *rand.Rand) (string, bool) {
			good := "acme_" + draw(r, 32)
			switch c {
			case Good:
				return good, true
			case Absent, Empty:
				return "", true
			case Blank:
				return "   ", true
			case Placeholder:
				return "your-api-key-here", true
			case WrongFamily:
				return "other_" + draw(r, 40), true
			case TooShort:
				return good[:16], true
			case Malformed:
				return good[:20] + "!" + good[21:], true
			case Newline:
				return good + "\n", true
			case OldFormat:
				return "acme-" + draw(r, 20), true
			case NewFormat:
				return "acme_v2_" + draw(r, 48), true
			}
			return "", false
		}}
}

// hello is an answer to initialize.
const hello = `{"jsonrpc":"2.0","id":1,"result":{}}` + "\n"

func chunk(s Stream, at time.Duration, text string) Chunk {
	return Chunk{Stream: s, At: at, Text: []byte(text)}
}

// honest is what a server that does everything right leaves.
func honest(s Start) *Observation {
	o := &Observation{Started: true, Looks: 3, Commands: []string{"python server.py"}}
	if s.Expect == Refuse || s.Case.Name == Newline {
		o.Exited, o.ExitAt, o.Ran, o.Code, o.Ended = true, 300*time.Millisecond, 300*time.Millisecond, 1,
			"exit status 1"
		o.Output = []Chunk{chunk(Stderr, 290*time.Millisecond,
			s.Env+": the key is missing or malformed; expected acme_ and 32 letters or digits\n")}
		return o
	}
	o.Answered, o.AnswerAt, o.Ran, o.StopAt, o.Ended = true, 400*time.Millisecond, 500*time.Millisecond,
		500*time.Millisecond, "exit status 0"
	o.Output = []Chunk{chunk(Stderr, 100*time.Millisecond, "starting\n"), chunk(Stdout, 400*time.Millisecond, hello),
		chunk(Stderr, 450*time.Millisecond, "server ready\n")}
	o.Logs = []Log{{"server.log", []byte("started, key acme_***\n")}}
	return o
}

// trial plans the starts of a server and lets it do them.
func trial(server func(Start) *Observation, list ...Credential) *Trial {
	t := &Trial{Limit: 10 * time.Second, Stdio: true, HasLogs: true, Provider: map[string]string{}}
	for _, c := range list {
		t.Provider[c.Env] = c.Provider
	}
	t.Starts = Plan(list, rand.New(rand.NewPCG(1, 2)))
	for i := range t.Starts {
		t.Starts[i].Seen = server(t.Starts[i])
	}
	return t
}

// answersOf are the verdicts by check.
func answersOf(list []verdict.Finding) map[string]verdict.Verdict {
	m := map[string]verdict.Verdict{}
	for _, f := range list {
		m[f.Check] = f.Verdict
	}
	return m
}

func describe(list []verdict.Finding) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "%s %s: %s %v\n", f.Verdict, f.Check, f.Saw, f.Warnings)
	}
	return b.String()
}

func TestHonestServerPasses(t *testing.T) {
	for name, list := range map[string][]Credential{
		"one":      {token("API_KEY", true)},
		"two":      {token("API_KEY", true), token("OTHER_KEY", true)},
		"optional": {token("API_KEY", false)},
	} {
		t.Run(name, func(t *testing.T) {
			findings := Judge(trial(honest, list...))
			require.Len(t, findings, len(Checks()))
			for _, f := range findings {
				require.Equal(t, verdict.Pass, f.Verdict, "%s: %s", f.Check, f.Saw)
				require.NotEmpty(t, f.Saw)
			}
		})
	}
}

// A server without credentials is asked only what doesn't hang on one.
func TestNoCredentials(t *testing.T) {
	findings := Judge(trial(honest))
	require.Equal(t, map[string]verdict.Verdict{"starts": verdict.Pass, "exit-status": verdict.Pass,
		"clean-stdout": verdict.Pass, "honest-readiness": verdict.Pass}, answersOf(findings), describe(findings))
}

// spoil is the honest server with one thing changed.
func spoil(which func(Start) bool, change func(Start, *Observation)) func(Start) *Observation {
	return func(s Start) *Observation {
		o := honest(s)
		if which(s) {
			change(s, o)
		}
		return o
	}
}

func caseIs(names ...string) func(Start) bool {
	return func(s Start) bool { return slices.Contains(names, s.Case.Name) }
}

func serve(_ Start, o *Observation) { *o = *honest(Start{Expect: Serve}) }

func prints(stream Stream, text func(Start) string) func(Start, *Observation) {
	return func(s Start, o *Observation) {
		o.Output = slices.Concat([]Chunk{chunk(stream, 50*time.Millisecond, text(s)+"\n")}, o.Output)
	}
}

func instead(text string) func(Start, *Observation) {
	return func(s Start, o *Observation) {
		o.Output = []Chunk{chunk(Stderr, 0, strings.ReplaceAll(text, "ENV", s.Env))}
	}
}

const pythonTrace = "Traceback (most recent call last):\n  File \"/app/server.py\", line 12, in <module>\n    " +
	"main()\nValueError: API_KEY: expected acme_ and 32 characters\n"

// Each way to start wrongly fails the named check, and no other.
func TestEveryCheckCanFail(t *testing.T) {
	value := func(s Start) string { return s.Set["API_KEY"] }
	refused := func(s Start) bool { return s.Expect == Refuse }
	rows := []struct {
		name   string
		server func(Start) *Observation
		check  string
		saw    string // a part of what it says
	}{
		{"validates nothing", spoil(refused, serve), "refuses", "7 of 7 bad starts served"},
		{"takes placeholders", spoil(caseIs(Placeholder), serve), "refuses",
			"1 of 7 bad starts served: placeholder API_KEY"},
		{"hangs", spoil(refused, func(_ Start, o *Observation) {
			*o = Observation{Started: true, Ran: 10 * time.Second, StopAt: 10 * time.Second, Looks: 1,
				Commands: []string{"x"}}
		}), "refuses", "7 of 7 bad starts hung"},
		{"refuses after the limit", spoil(refused, func(_ Start, o *Observation) { o.ExitAt = 11 * time.Second }),
			"refuses", "hung"},
		{"knows only the old format", spoil(caseIs(Good),
			func(s Start, o *Observation) { *o = *honest(Start{Expect: Refuse, Env: "API_KEY"}) }), "starts",
			"but with old-format API_KEY it started"},
		{"exits with 0", spoil(refused, func(_ Start, o *Observation) { o.Code, o.Ended = 0, "exit status 0" }),
			"exit-status", "ended with 0 after 300ms without having served"},
		{"quits", spoil(caseIs(Good), func(_ Start, o *Observation) {
			o.Exited, o.ExitAt, o.StopAt = true,
				450*time.Millisecond, 0
		}), "exit-status", "although nobody had asked it to"},
		{"names no variable", spoil(refused, instead("the key is malformed; expected acme_ and 32 characters\n")),
			"names-variable", `"the key is malformed`},
		{"names another variable", spoil(refused, instead("ENV_FILE is bad: expected acme_ and 32 characters\n")),
			"names-variable", "ENV_FILE"[3:]},
		{"says nothing of the format", spoil(refused, instead("ENV is not valid\n")), "names-format",
			"API_KEY is not valid"},
		{"prints a trace", spoil(refused, instead(pythonTrace)), "no-traceback", "one of Python"},
		{"a banner on stdout", spoil(caseIs(Good), prints(Stdout, func(Start) string { return "Welcome!" })),
			"clean-stdout", `"Welcome!"`},
		{"a message on stdout", spoil(refused, func(_ Start, o *Observation) { o.Output[0].Stream = Stdout }),
			"clean-stdout", "the key is missing"},
		{"claims to be ready", spoil(refused, prints(Stderr,
			func(Start) string { return "✓ acme MCP server running" })), "honest-readiness", "having served nobody"},
		{"claims a bad key to be valid", spoil(caseIs(TooShort),
			prints(Stderr, func(Start) string { return "API key validated" })), "honest-readiness",
			"API key validated"},
		{"quotes the key", spoil(caseIs(Malformed),
			prints(Stderr, func(s Start) string { return "bad key " + value(s) })), "no-leak-output",
			"the whole of API_KEY in stderr"},
		{"quotes it truncated", spoil(caseIs(Good),
			prints(Stderr, func(s Start) string { return "input_value='" + value(s)[:14] + "...'" })),
			"no-leak-output", "14 characters of API_KEY in stderr"},
		{"quotes it in colour", spoil(caseIs(Good),
			prints(Stderr, func(s Start) string {
				return "key \x1b[1m" + value(s)[:9] + "\x1b[0m" + value(s)[9:16] +
					"\x1b[0m"
			})), "no-leak-output", "16 characters of API_KEY"},
		{"logs Basic authorization", spoil(caseIs(Good), prints(Stderr, func(s Start) string {
			return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("api:"+value(s)))
		})), "no-leak-output", "base64"},
		{"logs it in hex", spoil(caseIs(Good), prints(Stderr,
			func(s Start) string { return fmt.Sprintf("%x", value(s)) })), "no-leak-output", "hex"},
		{"answers with it", spoil(caseIs(Good), prints(Stdout, func(s Start) string {
			return `{"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"Unknown tool (key ` + value(s) + `)"}}`
		})), "no-leak-reply", "in a reply"},
		{"logs it in a file", spoil(caseIs(Good), func(s Start, o *Observation) {
			o.Logs = []Log{{"server.log", []byte("one\nkey=" + value(s))}}
		}), "no-leak-log", "in the log file server.log, line 2"},
		{"passes it on a command line", spoil(caseIs(Good), func(s Start, o *Observation) {
			o.Commands = append(o.Commands, "worker --key "+value(s))
		}), "no-leak-command-line", "worker --key [redacted]"},
	}
	seen := map[string]bool{}
	for _, row := range rows {
		seen[row.check] = true
		t.Run(row.name, func(t *testing.T) {
			tr := trial(row.server, token("API_KEY", true))
			findings := Judge(tr)
			for _, f := range findings {
				if f.Check == row.check {
					require.Equal(t, verdict.Fail, f.Verdict, describe(findings))
					require.Contains(t, f.Saw, row.saw)
				} else {
					require.NotEqual(t, verdict.Fail, f.Verdict, describe(findings))
				}
			}
			for _, s := range tr.Starts {
				for _, secret := range s.Secrets {
					_, leaks := leaks([]byte(describe(findings)), secret)
					require.False(t, leaks, "a finding quotes a credential:\n%s", describe(findings))
				}
			}
		})
	}
	for _, c := range Checks() {
		require.True(t, seen[c.ID], "nothing here fails %s", c.ID)
	}
}

// A server that never starts passes no check: it refuses everything.
func TestAServerThatNeverStartsPassesNothing(t *testing.T) {
	never := func(s Start) *Observation {
		o := honest(Start{Expect: Refuse, Env: s.Env})
		o.Output = []Chunk{chunk(Stderr, 0, "API_KEY: the provider refused it; expected acme_ and 32 characters\n")}
		return o
	}
	findings := Judge(trial(never, token("API_KEY", true)))
	for _, f := range findings {
		require.Equal(t, verdict.Inconclusive, f.Verdict, "%s: %s", f.Check, f.Saw)
	}
	require.Equal(t, verdict.Inconclusive, verdict.Worst(verdictsOf(findings)...))
}

// TestLastWords: a server that doesn't start with a good credential shows why in its last
// lines, and the credential in none of them. Where a good start served there is nothing to show.
func TestLastWords(t *testing.T) {
	dead := func(s Start) *Observation {
		o := honest(Start{Expect: Refuse, Env: s.Env})
		text := ""
		for i := range 12 {
			text += fmt.Sprintf("line %d\n\n", i)
		}
		for _, secret := range s.Secrets {
			half := len(secret.value) / 2
			text += "key " + secret.value[:half] + "\n" + secret.value[half:] + " was refused\n"
		}
		o.Output = []Chunk{chunk(Stderr, 0, text+"No module named 'x'\n")}
		return o
	}
	tr := trial(dead, token("API_KEY", true))
	lines := tr.LastWords()
	require.Len(t, lines, lastLines)
	require.Equal(t, "No module named 'x'", lines[lastLines-1])
	require.Equal(t, "line 4", lines[0])
	require.Contains(t, lines[lastLines-2], "key ")
	for _, s := range tr.secrets() {
		for _, half := range []string{s.value[:len(s.value)/2], s.value[len(s.value)/2:]} {
			require.NotContains(t, strings.Join(lines, "\n"), half)
		}
	}
	require.Nil(t, trial(honest, token("API_KEY", true)).LastWords())
}

func verdictsOf(list []verdict.Finding) []verdict.Verdict {
	var out []verdict.Verdict
	for _, f := range list {
		out = append(out, f.Verdict)
	}
	return out
}

// What isn't certain is no fault.
func TestDoubts(t *testing.T) {
	cred := token("API_KEY", true)
	refuses := func(tr *Trial) verdict.Finding {
		findings := Judge(tr)
		return findings[slices.IndexFunc(findings, func(f verdict.Finding) bool { return f.Check == "refuses" })]
	}
	t.Run("slow machine", func(t *testing.T) {
		f := refuses(trial(func(s Start) *Observation {
			o := honest(s)
			switch {
			case s.Expect == Serve:
				o.AnswerAt = 6 * time.Second
			case s.Case.Name == Blank:
				*o = Observation{Started: true, Ran: 10 * time.Second, StopAt: 10 * time.Second}
			}
			return o
		}, cred))
		require.Equal(t, verdict.Inconclusive, f.Verdict, f.Saw)
		require.Contains(t, f.Saw, "slowness")
	})
	t.Run("unsteady", func(t *testing.T) {
		first := true
		f := refuses(trial(func(s Start) *Observation {
			if s.Expect == Serve && !first {
				return honest(Start{Expect: Refuse})
			}
			first = false
			return honest(s)
		}, cred))
		require.Equal(t, verdict.Inconclusive, f.Verdict, f.Saw)
	})
	t.Run("cut short", func(t *testing.T) {
		tr := trial(honest, cred)
		tr.Starts[len(tr.Starts)-2].Seen = nil
		require.Equal(t, verdict.Inconclusive, refuses(tr).Verdict)
		for _, id := range []string{"no-leak-output", "no-leak-reply"} {
			require.Equal(t, verdict.Inconclusive, answersOf(Judge(tr))[id], id)
		}
	})
	t.Run("a .env file", func(t *testing.T) {
		tr := trial(spoil(caseIs(Absent), func(s Start, o *Observation) {
			serve(s, o)
			prints(Stderr, func(Start) string { return pythonTrace })(s, o)
		}), cred)
		for i := range tr.Starts {
			if tr.Starts[i].Case.Name == Absent {
				tr.Starts[i].Doubt = ".env sets it"
			}
		}
		f := refuses(tr)
		require.NotEqual(t, verdict.Fail, f.Verdict, f.Saw)
		require.NotEqual(t, verdict.Fail, answersOf(Judge(tr))["no-traceback"])
		require.Contains(t, f.Warnings, "absent API_KEY proves nothing: .env sets it")
	})
	t.Run("the same part comes without the key", func(t *testing.T) {
		// Hash-like text that every start prints, whatever its key.
		var part string
		tr := trial(honest, cred)
		part = strings.TrimPrefix(tr.Starts[0].Set["API_KEY"], "acme_")[:10]
		for i := range tr.Starts {
			tr.Starts[i].Seen.Output = append(tr.Starts[i].Seen.Output, chunk(Stderr, 0, "build "+part+"\n"))
		}
		require.Equal(t, verdict.Pass, answersOf(Judge(tr))["no-leak-output"])
	})
	t.Run("policy", func(t *testing.T) {
		tr := trial(spoil(caseIs(OldFormat, NewFormat), func(s Start, o *Observation) {
			*o = *honest(Start{Expect: Refuse, Env: s.Env})
		}), cred)
		findings := Judge(tr)
		for _, f := range findings {
			require.Equal(t, verdict.Pass, f.Verdict, f.Check)
		}
		require.Len(t, findings[0].Warnings, 2)
		require.Contains(t, findings[0].Warnings[1], "new-format API_KEY: it refuses another format")
	})
}

// A server with a demonstration mode for placeholders may ask the provider
// about anything else: that it refuses a made-up key says nothing of its form.
func TestDemonstrationModeIsNoFault(t *testing.T) {
	findings := Judge(trial(func(s Start) *Observation {
		if s.Case.Name == Placeholder {
			return honest(Start{Expect: Serve})
		}
		return honest(Start{Expect: Refuse, Env: s.Env})
	}, token("API_KEY", true)))
	require.Equal(t, verdict.Inconclusive, answersOf(findings)["starts"], describe(findings))
}

// Over http a claim is false while connections are still refused; a moment's
// race is worth knowing, and no more.
func TestReadyTooEarly(t *testing.T) {
	for late, want := range map[time.Duration]verdict.Verdict{0: verdict.Pass, 900 * time.Millisecond: verdict.Pass,
		1100 * time.Millisecond: verdict.Fail} {
		tr := trial(spoil(caseIs(Good), func(_ Start, o *Observation) {
			o.Output = []Chunk{chunk(Stderr, time.Second, "server listening\n")}
			o.Connected, o.RefusedAt, o.AnswerAt, o.StopAt, o.Replies = true, time.Second+late, 3*time.Second,
				4*time.Second, []byte(hello)
		}), token("API_KEY", true))
		tr.Stdio = false
		for _, f := range Judge(tr) {
			if f.Check == "honest-readiness" {
				require.Equal(t, want, f.Verdict, "%s: %s", late, f.Saw)
				require.Equal(t, late == 900*time.Millisecond, len(f.Warnings) > 0, f.Warnings)
			}
		}
	}
}

// Where there was nothing to look at, nothing is proven.
func TestNothingToLookAt(t *testing.T) {
	bare := func(s Start) *Observation {
		o := honest(s)
		o.Logs, o.Commands, o.Looks = nil, nil, 0
		return o
	}
	tr := trial(bare, token("API_KEY", true))
	got := answersOf(Judge(tr))
	require.Equal(t, verdict.Inconclusive, got["no-leak-log"])
	require.Equal(t, verdict.Inconclusive, got["no-leak-command-line"])
	tr.HasLogs = false
	require.NotContains(t, answersOf(Judge(tr)), "no-leak-log")
}

func TestRows(t *testing.T) {
	row := func(name string, server func(Start) *Observation) Row {
		for _, r := range trial(server, token("API_KEY", true)).Rows() {
			if r.Case == name {
				return r
			}
		}
		panic("no row of " + name)
	}
	bad := caseIs(Malformed)
	r := row(Malformed, honest)
	require.Equal(t, Row{Case: Malformed, Env: "API_KEY", Expected: "refuse", Did: "refused", Exit: "exit status 1",
		AfterMS: 300,
		Says:    []string{"variable", "format"}, Message: r.Message, Verdict: verdict.Pass}, r)
	require.Contains(t, r.Message, "API_KEY: the key is")
	r = row(Malformed, spoil(bad, serve))
	require.Equal(t, "served", r.Did)
	require.Equal(t, verdict.Fail, r.Verdict)
	r = row(Malformed, spoil(bad, instead("ENV is not valid\n")))
	require.Equal(t, []string{"variable"}, r.Says)
	require.Equal(t, verdict.Fail, r.Verdict)
	r = row(Malformed, spoil(bad, instead(pythonTrace)))
	require.Contains(t, r.Says, "traceback")
	require.Equal(t, verdict.Fail, r.Verdict)
	r = row(Good, spoil(caseIs(Good), prints(Stderr, func(s Start) string { return s.Set["API_KEY"] })))
	require.Equal(t, []string{"output"}, r.Leaked)
	require.Equal(t, verdict.Fail, r.Verdict)
	r = row(Malformed, spoil(bad, func(_ Start, o *Observation) { o.Code = 0 }))
	require.Equal(t, verdict.Fail, r.Verdict)
	r = row(Malformed, spoil(bad, func(_ Start, o *Observation) { o.Exited, o.StopAt = false, o.Ran }))
	require.Equal(t, "hung", r.Did)
	require.Empty(t, r.Exit)
	require.Equal(t, verdict.Fail, r.Verdict)
	// A refusal proves nothing where the good starts didn't serve.
	r = row(Malformed, func(s Start) *Observation { return honest(Start{Expect: Refuse, Env: s.Env}) })
	require.Equal(t, verdict.Inconclusive, r.Verdict)
	tr := trial(honest, token("API_KEY", true))
	tr.Starts[3].Seen = nil
	require.Equal(t, "not made", tr.Rows()[3].Did)
	require.Equal(t, verdict.Inconclusive, tr.Rows()[3].Verdict)
}
