package conform

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A Fuzz is a search for arguments of tools that a server doesn't stand: seeded, and
// made from each tool's own schema. Only tools that say that they only read are
// called, or the one that the user names.
type Fuzz struct {
	Seed uint64
	More func() bool // there is time for another call

	calls int
	found map[string]Answer // by the row that it belongs to
	none  *Answer           // why nothing could be called
	gone  *Answer           // why no more could be called, once some were; nil: there was no more time
	done  bool
}

// Rows are the rows of a search. They belong behind all others, as a server may not
// outlive them.
func (f *Fuzz) Rows() []Row {
	row := func(id string, level Level, says string) Row {
		return Row{ID: id, Area: Tools, Level: level, Section: "server/tools §Security Considerations", Says: says,
			Effect: Many, Needs: "tools",
			Check:   func(t *Trial) Answer { return f.answer(t, id) },
			Settled: func() bool { _, found := f.found[id]; return found }}
	}
	return []Row{
		row(fuzzBreaks, Must, "stands any arguments of its tools: no crash, and no HTTP 5xx"),
		row(fuzzHangs, Practice, "answers any arguments of its tools in time"),
		row(fuzzTells, Practice, "gives away no stack traces or inner paths for any arguments of its tools"),
	}
}

// The rows of a search.
const (
	fuzzBreaks = "F01"
	fuzzHangs  = "F02"
	fuzzTells  = "F03"
)

// answer is what came of the search, which the first row makes.
func (f *Fuzz) answer(t *Trial, id string) Answer {
	if !f.done {
		f.done, f.found = true, map[string]Answer{}
		f.search(t)
	}
	if a, ok := f.found[id]; ok {
		return a
	}
	if f.none != nil {
		return *f.none
	}
	if f.gone != nil {
		return unaccused(*f.gone)
	}
	return unaccused(pass("%d calls, seed %d", f.calls, f.Seed))
}

// search calls tools until there is no more time, or everything is found.
func (f *Fuzz) search(t *Trial) {
	tools, none := t.allowed()
	if none != nil {
		f.none = none
		return
	}
	s, none := t.fresh()
	if none != nil {
		f.none = none
		return
	}
	defer func() { s.line.Close() }()
	tools = t.quick(s, tools)
	if len(tools) == 0 {
		f.none = new(skip("no tool that may be called answers right arguments quickly"))
		return
	}
	rng, before := rand.New(rand.NewPCG(f.Seed, 0)), (*Exchange)(nil)
	for n := 0; f.More() && len(f.found) < 3; n++ {
		tool := tools[n%len(tools)]
		name := text(tool["name"])
		args := mutated(tool, rng)
		e := t.unkept(s, tool, args, t.Timeout)
		kind := complaint(e)
		if kind == fuzzBreaks && t.doubtful(e) && !t.breaks(&s, tool, args, e) {
			kind = ""
		}
		if kind != "" || e.taken() {
			f.calls++
		}
		if kind == "" {
			before = e
			continue
		}
		if _, known := f.found[kind]; !known {
			args, e = f.smallest(t, &s, tool, args, e, kind)
			t.exchanges = append(t.exchanges, e)
			f.found[kind] = unaccused(fail(e, "%s, to %s with the arguments %s%s", e.words(), excerpt(name),
				excerpt(string(encode(args))), e.orBefore(before)))
		}
		if s, f.gone = f.revived(t, s, e); f.gone != nil {
			return
		}
	}
	if f.calls == 0 && len(f.found) == 0 {
		f.none = new(skip("no call with odd arguments was answered"))
	}
}

// orBefore names the call before, where nobody listened any more: it may have been that one.
func (e *Exchange) orBefore(before *Exchange) string {
	if before == nil || !strings.Contains(e.Reply.Broken, "connection refused") {
		return ""
	}
	return ", or to the call before, " + excerpt(string(member(before.Request.Body, "params")))
}

// revived is the session, or a new one where the last exchange ended it.
func (f *Fuzz) revived(t *Trial, s *session, e *Exchange) (*session, *Answer) {
	if e.Reply.Broken == "" && !t.doubtful(e) {
		return s, nil
	}
	next, none := t.fresh()
	if none != nil {
		return s, none
	}
	s.line.Close()
	return next, nil
}

// smallest takes out of arguments what isn't needed for a complaint. A tool that
// doesn't complain again has its first arguments kept, and so has one that takes the
// server with it, which may be on its way back yet.
func (f *Fuzz) smallest(t *Trial, s **session, tool map[string]json.RawMessage, args map[string]any, e *Exchange,
	kind string) (map[string]any, *Exchange) {
	suffices := func(less map[string]any) (same, gone bool) {
		next, none := f.revived(t, *s, e)
		if none != nil {
			return false, true
		}
		*s = next
		got := t.unkept(*s, tool, less, t.Timeout)
		if same = complaint(got) == kind; same {
			args, e = less, got
		}
		return same, false
	}
	for again := !t.doubtful(e); again && f.More(); {
		again = false
		for _, name := range sortedKeys(args) {
			less := maps.Clone(args)
			delete(less, name)
			gone := false
			if again, gone = suffices(less); gone {
				return args, e
			}
			if again {
				break
			}
		}
		for _, name := range sortedKeys(args) {
			long, isText := args[name].(string)
			for isText && !again && len(long) > 1 && f.More() {
				less := maps.Clone(args)
				long = strings.ToValidUTF8(long[:len(long)/2], "")
				less[name] = long
				switch same, gone := suffices(less); {
				case gone:
					return args, e
				case !same:
					isText = false
				}
			}
		}
	}
	return args, e
}

// quick are the tools that answer right arguments in a fifth of the time that a hang
// takes: of others it can't be told what odd arguments do.
func (t *Trial) quick(s *session, tools []map[string]json.RawMessage) []map[string]json.RawMessage {
	return slices.DeleteFunc(tools, func(tool map[string]json.RawMessage) bool {
		e := t.unkept(s, tool, t.invented(tool), t.Timeout/5)
		return e.answer() == nil
	})
}

// unkept calls a tool and doesn't keep the exchange, as there are many.
func (t *Trial) unkept(s *session, tool map[string]json.RawMessage, args map[string]any,
	within time.Duration) *Exchange {
	home := t.main
	t.main = s
	r := t.callOf(tool, args, nil)
	t.main = home
	r.Within = within
	return t.exchange(s, r)
}

// complaint is the row that an exchange breaks; empty: none.
func complaint(e *Exchange) string {
	switch {
	case e.unavailable() || e.forgotten():
		return fuzzBreaks
	case e.Reply.Limited():
		return ""
	case e.Reply.Silent || e.Reply.Status == http.StatusGatewayTimeout:
		return fuzzHangs
	case e.Reply.Broken != "" && e.Reply.Broken != Interrupted:
		return fuzzBreaks
	case e.Reply.Status >= 500 && e.Reply.Status != 501:
		return fuzzBreaks
	}
	said := e.texts()
	if m := e.answer(); m != nil && m.Error != nil {
		said = m.Error.Message + "\n" + string(m.Error.Data)
	} else if !e.toolFailed() {
		return ""
	}
	if e.givesAway(said, trace, sourcePath) != "" {
		return fuzzTells
	}
	return ""
}

// odd are values that programs stumble over.
var odd = []any{nil, true, "", " ", 0, -1, 1 << 53, 1e308, 0.5, []any{}, map[string]any{}, strings.Repeat("x", 64<<10),
	"\x00", "ü → 中 \u202e",
	"../../../../etc/passwd", "%s%n%x", "'; --", "${jndi:x}", "NaN", []any{nil, []any{}}, nested(200)}

// nested is a list in lists.
func nested(deep int) any {
	var v any = []any{}
	for range deep {
		v = []any{v}
	}
	return v
}

// mutated are arguments that nearly suit a tool.
func mutated(tool map[string]json.RawMessage, rng *rand.Rand) map[string]any {
	properties := members(member(tool["inputSchema"], "properties"))
	args := map[string]any{}
	var names []string
	for _, name := range sortedMembers(properties) {
		names = append(names, name)
		if rng.IntN(4) > 0 {
			args[name] = suiting(properties[name])
		}
	}
	for range 1 + rng.IntN(3) {
		switch {
		case len(names) > 0 && rng.IntN(5) > 0:
			args[names[rng.IntN(len(names))]] = odd[rng.IntN(len(odd))]
		default:
			args[fmt.Sprintf("mcpload%d", rng.IntN(10))] = odd[rng.IntN(len(odd))]
		}
	}
	return args
}

func sortedMembers(m map[string]json.RawMessage) []string {
	out := map[string]any{}
	for name := range m {
		out[name] = nil
	}
	return sortedKeys(out)
}
