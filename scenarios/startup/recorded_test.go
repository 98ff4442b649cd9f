package startup

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "record anew what is said of each server")

// A scene is a server that does something, and what it was started with.
type scene struct {
	name   string
	server func(Start) *Observation
	of     []Credential
	change func(*Trial)
}

// scenes are servers of which every word that is said of them is recorded.
func scenes() []scene {
	refused := func(s Start) bool { return s.Expect == Refuse }
	one, two := []Credential{token("API_KEY", true)}, []Credential{token("API_KEY", true), token("OTHER_KEY", true)}
	ofOne := func(env string, which func(Start) bool) func(Start) bool {
		return func(s Start) bool { return s.Env == env && which(s) }
	}
	never := func(text string) func(Start) *Observation {
		return func(s Start) *Observation {
			o := honest(Start{Expect: Refuse, Env: s.Env})
			o.Output = []Chunk{chunk(Stderr, 0, text)}
			return o
		}
	}
	list := []scene{
		{"honest", honest, two, nil},
		{"honest, without credentials", honest, nil, nil},
		{"looks at nothing", spoil(refused, serve), one, nil},
		{"looks at one of two", spoil(ofOne("OTHER_KEY", refused), serve), two, nil},
		{"serves without one of two", spoil(ofOne("OTHER_KEY", caseIs(Absent, Empty)), serve), two, nil},
		{"looks at the beginning only", spoil(caseIs(TooShort, Malformed), serve), one, nil},
		{"hangs once", spoil(caseIs(Blank), func(_ Start, o *Observation) {
			*o = Observation{Started: true, Ran: 10 * time.Second, StopAt: 10 * time.Second}
		}), one, nil},
		{"never starts", never("API_KEY: the provider refused it, or ACME_REGION is wrong; expected acme_ and 32 " +
			"characters\n"), one, nil},
		{"never starts, and says nothing", never(""), one, nil},
		{"starts by old formats only", spoil(caseIs(Good),
			func(_ Start, o *Observation) { *o = *honest(Start{Expect: Refuse, Env: "API_KEY"}) }), one, nil},
		{"exits with 0 once", spoil(caseIs(Blank),
			func(_ Start, o *Observation) { o.Code, o.Ended = 0, "exit status 0" }), one, nil},
		{"quits", spoil(caseIs(Good), func(_ Start, o *Observation) {
			o.Exited, o.ExitAt, o.StopAt = true,
				450*time.Millisecond, 0
		}), one, nil},
		{"goes into the background", spoil(caseIs(Good),
			func(_ Start, o *Observation) { o.Exited, o.ExitAt, o.StopAt = true, 50*time.Millisecond, 0 }), one, nil},
		{"ignores its end", spoil(caseIs(Good), func(_ Start, o *Observation) { o.Ignored, o.Orphans = true, 2 }), one,
			nil},
		{"one message of many says too little", spoil(caseIs(TooShort), instead("ENV is not valid\n")), one, nil},
		{"one message of many names nothing", spoil(caseIs(TooShort), instead("expected acme_ and 32 letters\n")), one,
			nil},
		{"says nothing once", spoil(caseIs(Malformed), instead("")), one, nil},
		{"one trace of many", spoil(caseIs(Empty), instead(pythonTrace)), one, nil},
		{"a trace of a start that serves", spoil(caseIs(Good),
			prints(Stderr, func(Start) string { return pythonTrace })), one, nil},
		{"a banner", spoil(caseIs(Good), prints(Stdout, func(Start) string { return "Welcome!" })), one, nil},
		{"claims to serve", spoil(caseIs(Blank), prints(Stderr, func(Start) string { return "server running" })), one,
			nil},
		{"vouches for a bad key", spoil(caseIs(TooShort),
			prints(Stderr, func(Start) string { return "API key validated" })), two, nil},
		{"vouches for a bad key by name", spoil(caseIs(TooShort),
			prints(Stderr, func(Start) string { return "token OTHER_KEY validated" })), two, nil},
		{"wrote too much", spoil(caseIs(Good), func(_ Start, o *Observation) { o.Cut = true }), one, nil},
		{"shows the key", spoil(caseIs(Malformed),
			prints(Stderr, func(s Start) string { return "bad key " + s.Set["API_KEY"] })), one, nil},
		{"cut short", honest, one, func(t *Trial) { t.Starts[len(t.Starts)-2].Seen = nil }},
		{"cut short before the end", honest, one, func(t *Trial) { t.Starts[len(t.Starts)-1].Seen = nil }},
		{"doubtful", spoil(caseIs(Absent), serve), one, func(t *Trial) {
			for i := range t.Starts {
				if t.Starts[i].Case.Name == Absent {
					t.Starts[i].Doubt = ".env sets it"
				}
			}
		}},
	}
	early := func(_ Start, o *Observation) {
		o.Output = []Chunk{chunk(Stderr, time.Second, "server listening\n")}
		o.Connected, o.RefusedAt, o.AnswerAt, o.StopAt, o.Replies = true, 1900*time.Millisecond, 3*time.Second,
			4*time.Second, []byte(hello)
	}
	return append(list, scene{"ready a little early", spoil(caseIs(Good), early), one,
		func(t *Trial) { t.Stdio = false }})
}

// Every word that is said of a server is recorded: verdicts, causes, advice, rows. Run
// with -update, and read the difference.
func TestAsRecorded(t *testing.T) {
	var b strings.Builder
	for _, s := range scenes() {
		tr := trial(s.server, s.of...)
		if s.change != nil {
			s.change(tr)
		}
		fmt.Fprintf(&b, "# %s\n", s.name)
		for _, f := range Judge(tr) {
			fmt.Fprintf(&b, "%s %s: %s\n", f.Verdict, f.Check, f.Saw)
			if f.Cause != "" {
				fmt.Fprintf(&b, "\tcause: %s\n", f.Cause)
			}
			for _, w := range f.Warnings {
				fmt.Fprintf(&b, "\twarning: %s\n", w)
			}
		}
		for _, r := range tr.Rows() {
			fmt.Fprintf(&b, "\t%s %s: %s, %s, %q, %g ms, says %v, leaked %v, %s\n", r.Case, r.Env, r.Expected, r.Did,
				r.Exit, r.AfterMS, r.Says, r.Leaked, r.Verdict)
		}
		b.WriteString("\n")
	}
	const file = "testdata/findings.txt"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}
