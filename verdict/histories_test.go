package verdict

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/promise"
)

// A drawn is a history drawn by hand, with what must be said of it.
type drawn struct {
	name    string
	profile promise.Terms
	shared  bool
	calls   []history.Call
	wants   []wanted
}

// A wanted is the verdict of one check, the calls that prove it, and its cause.
type wanted struct {
	check   string
	verdict string
	calls   []int  // nil: not said
	cause   string // a pattern; of the first failed check
	says    string // part of what a check says, in all that it says
	not     bool   // it doesn't say so
}

// drawnHistories reads testdata/histories. README.txt there says how they are written.
func drawnHistories(t *testing.T) []drawn {
	t.Helper()
	files, err := filepath.Glob("testdata/histories/*.txt")
	require.NoError(t, err)
	var list []drawn
	for _, file := range files {
		if filepath.Base(file) == "README.txt" {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for n, line := range strings.Split(string(text), "\n") {
			line, _, _ = strings.Cut(line, "#")
			fields := strings.Fields(line)
			switch {
			case len(fields) == 0:
			case fields[0] == "--":
				d := drawn{name: strings.Join(fields[1:], " ")}
				d.profile.Limit = promise.Limit{Scope: promise.Global, Charges: []string{"*"}}
				list = append(list, d)
			default:
				require.NotEmpty(t, list, "%s:%d: a history begins with --", file, n+1)
				require.NoError(t, list[len(list)-1].read(fields, line), "%s:%d", file, n+1)
			}
		}
	}
	return list
}

// read takes one line in.
func (d *drawn) read(fields []string, line string) (err error) {
	l := &d.profile.Limit
	switch fields[0] {
	case "limit": // limit 10/s 20 [client] [shared] [charges=a,b] [may=c]
		if l.Rate, err = promise.ParseRate(fields[1]); err != nil {
			return err
		}
		if l.Burst, err = strconv.Atoi(fields[2]); err != nil {
			return err
		}
		for _, f := range fields[3:] {
			key, value, _ := strings.Cut(f, "=")
			switch key {
			case "client":
				l.Scope = promise.Client
			case "shared":
				d.shared = true
			case "charges":
				l.Charges = strings.Split(value, ",")
			case "may":
				l.MayCharge = strings.Split(value, ",")
			default:
				return fmt.Errorf("%q is no setting", f)
			}
		}
	case "want": // want over-admission fail 1-3,5
		w := wanted{check: fields[1], verdict: fields[2]}
		if len(fields) > 3 {
			if w.calls, err = positions(fields[3]); err != nil {
				return err
			}
		}
		d.wants = append(d.wants, w)
	case "says", "says!": // says over-admission part of it
		_, words, _ := strings.Cut(line, fields[1])
		d.wants = append(d.wants, wanted{check: fields[1], says: strings.TrimSpace(words), not: fields[0] == "says!"})
	case "cause": // cause a pattern
		d.wants = append(d.wants, wanted{cause: strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line),
			"cause"))})
	default:
		return d.readCalls(fields)
	}
	return nil
}

// positions reads 1-3,5.
func positions(s string) (list []int, err error) {
	for part := range strings.SplitSeq(s, ",") {
		from, to, isRange := strings.Cut(part, "-")
		a, err := strconv.Atoi(from)
		if err != nil {
			return nil, err
		}
		b := a
		if isRange {
			if b, err = strconv.Atoi(to); err != nil {
				return nil, err
			}
		}
		for i := a; i <= b; i++ {
			list = append(list, i)
		}
	}
	return list, nil
}

var drawnOutcomes = map[string]history.Outcome{"ok": history.OK, "no": history.Limited, "error": history.ToolError,
	"rejected": history.Rejected, "broken": history.Broken, "lost": history.TimedOut, "unsent": history.Unsent,
	"idle": history.ClosedIdle}

// readCalls reads a line such as 1.5s +10ms ok x20 every 5ms client=b.
func (d *drawn) readCalls(fields []string) error {
	if len(fields) < 3 {
		return fmt.Errorf("want SENT +TOOK OUTCOME, not %q", fields)
	}
	sent, err := time.ParseDuration(fields[0])
	if err != nil {
		return err
	}
	took, err := time.ParseDuration(strings.TrimPrefix(fields[1], "+"))
	if err != nil {
		return err
	}
	outcome, ok := drawnOutcomes[fields[2]]
	if !ok {
		return fmt.Errorf("%q is no outcome", fields[2])
	}
	c := history.Call{Arrival: history.Arrival{Client: "a", Method: "tools/call", Tool: "echo", Label: "drawn"},
		Outcome: outcome}
	times, every, late := 1, time.Duration(0), time.Duration(0)
	for i := 3; i < len(fields); i++ {
		key, value, _ := strings.Cut(fields[i], "=")
		switch {
		case fields[i] == "every" && i+1 < len(fields):
			i++
			if every, err = time.ParseDuration(fields[i]); err != nil {
				return err
			}
		case fields[i][0] == 'x' && value == "":
			if times, err = strconv.Atoi(fields[i][1:]); err != nil {
				return err
			}
		case key == "client":
			c.Client = strings.ReplaceAll(value, "_", " ")
		case key == "method":
			c.Method, c.Tool = value, ""
		case key == "label":
			c.Label = value
		case key == "session":
			c.Session = strings.ReplaceAll(strings.ReplaceAll(value, "_", " "), "/", " #")
		case key == "wait":
			if c.RetryAfter, err = time.ParseDuration(value); err != nil {
				return err
			}
		case key == "late":
			if late, err = time.ParseDuration(value); err != nil {
				return err
			}
		case key == "status":
			if c.Status, err = strconv.Atoi(value); err != nil {
				return err
			}
		case key == "code":
			if c.Code, err = strconv.Atoi(value); err != nil {
				return err
			}
		case key == "detail":
			c.Detail = strings.ReplaceAll(value, "_", " ")
		default:
			return fmt.Errorf("%q is nothing that a call has", fields[i])
		}
	}
	for k := range times {
		c.Sent = sent + time.Duration(k)*every
		c.Due, c.Received = c.Sent-late, c.Sent+took
		d.calls = append(d.calls, c)
	}
	return nil
}

func drawnChecks() map[string]Check {
	known := map[string]Check{}
	for _, c := range append(LimitChecks(), Scope, Measure, Pressure, Alive, Complete, Served, FastRefusals, RetryHint,
		Isolation, Evasion, Generator, Tricks, Restart, RefusalShape) {
		known[c.ID] = c
	}
	return known
}

// Histories drawn by hand, good and bad: what every check says of them, and with
// which calls it proves it.
func TestDrawnHistories(t *testing.T) {
	list := drawnHistories(t)
	require.GreaterOrEqual(t, len(list), 60, "histories are missing from testdata")
	known, names, used := drawnChecks(), map[string]bool{}, map[string]map[string]bool{}
	for _, d := range list {
		require.False(t, names[d.name], "two histories are called %q", d.name)
		names[d.name] = true
		t.Run(d.name, func(t *testing.T) {
			require.NotEmpty(t, d.wants, "nothing is wanted of it")
			require.NotEmpty(t, d.calls)
			trial := NewCourt(d.profile, d.calls, Config{Shared: d.shared}).Trial("drawn")
			for _, w := range d.wants {
				if w.cause != "" {
					require.Regexp(t, regexp.MustCompile(w.cause), trial.court.cause())
					continue
				}
				c, ok := known[w.check]
				require.True(t, ok, "%q is no check", w.check)
				f := c.Judge(trial)
				if w.says != "" {
					all := append([]string{f.Saw, f.Cause, f.Want, f.Next}, f.Warnings...)
					require.Equal(t, !w.not, strings.Contains(strings.Join(all, "\n"), w.says), "%s: %q, not %q", w.check, all,
						w.says)
					continue
				}
				require.Equal(t, w.verdict, f.Verdict.String(), "%s: %s", w.check, f.Saw)
				if used[w.check] == nil {
					used[w.check] = map[string]bool{}
				}
				used[w.check][w.verdict] = true
				if w.calls != nil {
					require.NotNil(t, f.Witness, f.Saw)
					proof := slices.Clone(f.Witness.Calls)
					slices.Sort(proof)
					require.Equal(t, w.calls, proof, f.Saw)
				}
			}
		})
	}
	for _, check := range []string{"over-admission", "over-rejection", "scope", "isolation", "alive", "retry-after",
		"fast-refusals"} {
		for _, v := range []string{"pass", "fail"} {
			require.True(t, used[check][v], "no history wants %s to %s", check, v)
		}
	}
}
