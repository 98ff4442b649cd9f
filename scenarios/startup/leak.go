package startup

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/mcpload/mcpload/verdict"
)

// A source is a text in which a start may have shown a secret.
type source struct {
	name string // "stderr", "log file server.log"
	text []byte
}

// inOutput are the outputs, less the messages of MCP among them.
func inOutput(t *Trial, o *Observation) []source {
	out := o.text(Stdout, false)
	if t.Stdio {
		var rest bytes.Buffer
		for line := range bytes.Lines(out) {
			if trimmed := bytes.TrimSpace(line); len(trimmed) == 0 || !isMessage(trimmed) {
				rest.Write(line)
			}
		}
		out = rest.Bytes()
	}
	return []source{{"stderr", o.text(Stderr, false)}, {"stdout", out}}
}

func inReplies(_ *Trial, o *Observation) []source { return []source{{"a reply", o.messages()}} }

func inLogs(_ *Trial, o *Observation) []source {
	var list []source
	for _, l := range o.Logs {
		list = append(list, source{"the log file " + l.Name, l.Text})
	}
	return list
}

func inCommands(_ *Trial, o *Observation) []source {
	return []source{{"a command line", []byte(strings.Join(o.Commands, "\n"))}}
}

// leakJudge makes the judge of one kind of place.
func leakJudge(places func(*Trial, *Observation) []source) func(*Trial, *Finding) {
	return func(t *Trial, f *Finding) {
		var found []string
		starts, texts := t.seen(nil), 0
		for _, s := range starts {
			if s.Seen.Cut {
				f.Warnings = append(f.Warnings, s.About()+": it wrote so much that only the beginning was looked at")
			}
			for _, place := range places(t, s.Seen) {
				if len(place.text) > 0 {
					texts++
				}
				if said := t.shows(s, place, places); said != "" {
					found = append(found, said)
				}
			}
		}
		switch {
		case len(found) > 0:
			f.Verdict, f.Saw = verdict.Fail, few(found)
			f.Cause = "whoever reads this has the credential: name the variable and describe the format, and never " +
				"quote the value"
		case t.unproven() != "":
			f.Saw = t.unproven()
		case texts == 0 && f.Check != "no-leak-output":
			f.Saw = "there was nothing to look at"
		case t.missing() > 0:
			f.Saw = fmt.Sprintf("nothing in %s; %s not made", plural(len(starts), "start"),
				plural(t.missing(), "start"))
		default:
			f.Verdict, f.Saw = verdict.Pass, fmt.Sprintf("nothing in what %s left", plural(len(starts), "start"))
		}
	}
}

// shows says where a start showed a secret; empty where it didn't.
func (t *Trial) shows(s Start, place source, places func(*Trial, *Observation) []source) string {
	text := place.text
	plain := text
	if bytes.IndexByte(text, 0x1b) >= 0 {
		plain = escapes.ReplaceAll(text, nil)
	}
	for _, secret := range s.Secrets {
		place.text = text
		l, ok := leaks(text, secret)
		if !ok && len(plain) < len(text) {
			place.text = plain
			l, ok = leaks(plain, secret)
		}
		if ok && !t.ordinary(l, s, places) {
			return t.leaked(l, s, place)
		}
	}
	return ""
}

// ordinary reports if the same part also stands where another value was given,
// so that it doesn't come from this one.
func (t *Trial) ordinary(l leak, s Start, places func(*Trial, *Observation) []source) bool {
	for _, other := range t.seen(func(o Start) bool { return o.Set[l.env] != s.Set[l.env] }) {
		if strings.Contains(other.Set[l.env], l.part) {
			continue
		}
		if slices.ContainsFunc(places(t, other.Seen),
			func(p source) bool { return bytes.Contains(p.text, []byte(l.part)) }) {
			return true
		}
	}
	return false
}

// leaked describes a leak by its place, and quotes the line with the secret
// veiled.
func (t *Trial) leaked(l leak, s Start, place source) string {
	text := place.text
	line := 1 + bytes.Count(text[:l.at], []byte("\n"))
	begin := 1 + bytes.LastIndexByte(text[:l.at], '\n')
	end := len(text)
	if i := bytes.IndexByte(text[l.at:], '\n'); i >= 0 {
		end = l.at + i
	}
	what := fmt.Sprintf("%d characters of %s", len(l.part), l.env)
	switch {
	case l.whole:
		what = "the whole of " + l.env
	case l.form != "":
		what = "a part of " + l.env + ", " + l.form
	}
	from, dots := begin, ""
	if l.at-begin > longest/2 { // lines of JSON are long
		from, dots = l.at-longest/4, "… "
	}
	return fmt.Sprintf("%s: %s in %s, line %d: %s", s.About(), what, place.name, line,
		t.quoted(dots+strings.TrimSpace(string(text[from:end]))))
}
