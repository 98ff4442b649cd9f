package audit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/scenarios"
	"github.com/mcpload/mcpload/verdict"
)

// The tricks that change what is called.
const (
	newArguments  = "value of an unknown argument"
	manyArguments = "twenty unknown arguments"
	nullArguments = "unknown argument without a value"
	otherOrder    = "other order of arguments"
	otherCase     = "tool name in another case"
	spaced        = "tool name after a space"
	spacedAfter   = "tool name before a space"
	wide          = "tool name in wide letters"
	alike         = "tool name with letters that look alike"
	unseen        = "tool name with a sign that isn't seen"
)

// others are methods that nobody is hurt by.
var others = []string{"ping", "tools/list", "resources/list", "prompts/list"}

// unknownTool is one that no server has.
const unknownTool = "mcpload-audit-no-such-tool"

// mostTools is how many other tools are called.
const mostTools = 3

// A variant is a call that asks something else.
type variant struct {
	name   string
	values int
	twice  bool // every second call is a plain one, so that twice as many are needed
	change func(n int, a *history.Arrival)
}

// A tariff is what is said to be charged: whether a method surely is, and whether it is
// named.
type tariff struct{ surely, named func(method string) bool }

func tariffOf(l profiles.Limit) tariff {
	return tariff{surely: func(method string) bool { least, _ := l.Cost(method); return least > 0 },
		named: func(method string) bool { return slices.Contains(l.Charges, method) }}
}

// varied changes the call: its arguments, the spelling of its tool, ids, the way in which
// its message is written, other tools and other methods.
func varied(l profiles.Limit, set scenarios.Setting, h Having) []scenarios.Cue {
	c := newCast(l, set)
	list := h.variants(tariffOf(l))
	for _, t := range h.writings() {
		list = append(list, variant{name: t.name, values: 1})
	}
	if h.Web {
		c.ended()
	}
	for _, v := range list {
		n := c.drained()
		if v.twice {
			n *= 2
		}
		c.values(v.name, v.values, n, v.change)
	}
	return c.cues
}

// endings is how many sessions are opened and ended between plain calls, and ending how long
// that takes on a server that is near.
const (
	endings = 4
	ending  = 50 * time.Millisecond
)

// ended opens a session and ends it, once the bucket is drained, before each of some plain
// calls: neither may give a token back. Every second time there may be a token for it.
func (c *cast) ended() {
	for v := 1; v <= endings; v++ {
		c.drain()
		session := valued(endedSession, v)
		if v%2 == 0 {
			c.at += c.opening()
		}
		c.cues = append(c.cues, scenarios.Cue{At: c.at, Client: c.first() + verdict.Unsure + verdict.Opening,
			Session: session, Opens: true})
		c.at += ending
		c.cues = append(c.cues, scenarios.Cue{At: c.at, Calls: c.drained(), Client: c.first(), Session: session})
		c.at += settle
	}
}

// writings are other ways to write a call's message.
func (h Having) writings() []trickForm {
	list := idForms()
	if h.Web {
		list = slices.Concat([]trickForm{reorderedHeaders}, list, bodyForms(), transportForms())
	}
	if h.Web && h.Call.Tool != "" {
		list = append(list, oddForms()...)
	}
	return list
}

// variants are other calls than a plain one.
func (h Having) variants(costs tariff) []variant {
	var list []variant
	call := h.Call
	if call.Tool != "" {
		list = append(list, variant{newArguments, 2, false, func(n int, a *history.Arrival) {
			a.Arguments = withArgument(a.Arguments, n)
		}}, variant{manyArguments, 1, false, func(_ int, a *history.Arrival) {
			for i := range 20 {
				a.Arguments = withMember(a.Arguments, fmt.Sprintf(`"mcpload_audit_%d":%d`, i, i))
			}
		}}, variant{nullArguments, 1, false, func(_ int, a *history.Arrival) {
			a.Arguments = withMember(a.Arguments, `"mcpload_audit":null`)
		}})
		if order := reversed(call.Arguments); order != nil {
			list = append(list, variant{otherOrder, 1, false, func(_ int, a *history.Arrival) { a.Arguments = order }})
		}
		for _, s := range []struct{ name, spelt string }{{otherCase, swapped(call.Tool)}, {spaced, " " + call.Tool},
			{spacedAfter, call.Tool + " "}, {wide, widened(call.Tool)}, {alike, lookAlike.Replace(call.Tool)},
			{unseen, call.Tool + "\u200b"}} {
			list = append(list, variant{s.name, 1, false, func(_ int, a *history.Arrival) { a.Tool = s.spelt }})
		}
	}
	return slices.Concat(list, h.revalued(), h.elsewhere(costs))
}

// mostValues is how many arguments get other values.
const mostValues = 3

// revalued are calls with other values of the arguments that the call has, where its tool
// says of itself that it is harmless: nobody knows what another does with them.
func (h Having) revalued() (list []variant) {
	if !slices.ContainsFunc(h.Others, func(a history.Arrival) bool { return a.Tool == h.Call.Tool }) {
		return nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(h.Call.Arguments, &members) != nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if another(members[name], 0) == nil || len(list) == mostValues {
			continue
		}
		list = append(list, variant{otherValue + name, 1, false, func(n int, a *history.Arrival) {
			a.Arguments = changed(a.Arguments, func(m map[string]json.RawMessage) { m[name] = another(m[name], n) })
		}})
	}
	return list
}

// another is the nth value that isn't a given one, but like it: a text with a number more, or a
// number that is greater. It is nil for what is neither.
func another(value json.RawMessage, n int) json.RawMessage {
	var text *string
	if json.Unmarshal(value, &text) == nil && text != nil {
		value, _ = json.Marshal(*text + " " + strconv.Itoa(n+1)) // texts can't fail
		return value
	}
	if whole, err := strconv.ParseInt(string(value), 10, 32); err == nil {
		return json.RawMessage(strconv.FormatInt(whole+int64(n)+1, 10))
	}
	return nil
}

// elsewhere calls other tools that say that they are harmless, other methods that are said
// to be charged, and puts an unknown tool and other methods between plain calls: none of
// them may give a token back.
func (h Having) elsewhere(costs tariff) (list []variant) {
	call := h.Call
	if costs.surely("tools/call") {
		// What reading the counter of executions costs is asked elsewhere.
		tools := slices.DeleteFunc(slices.Clone(h.Others), func(a history.Arrival) bool {
			return a.Tool == call.Tool || a.Tool == h.Counter
		})
		for _, t := range tools[:min(len(tools), mostTools)] {
			list = append(list, variant{otherTool + t.Tool, 1, false, func(_ int, a *history.Arrival) {
				a.Method, a.Tool, a.Arguments = t.Method, t.Tool, t.Arguments
			}})
		}
	}
	between := func(what, method, tool string) {
		list = append(list, variant{after + what, 1, true, func(n int, a *history.Arrival) {
			if n%2 == 0 {
				a.Method, a.Tool, a.Arguments = method, tool, nil
			}
		}})
	}
	if call.Tool != "" {
		list = append(list, variant{verdict.Failing, 1, false, func(_ int, a *history.Arrival) {
			a.Tool, a.Arguments = unknownTool, nil
		}})
		between("one of an unknown tool", "tools/call", unknownTool)
	}
	for _, m := range others {
		// Where everything is said to be charged, some servers let these through for nothing,
		// which is another matter than what they do to the calls after them.
		if m != call.Method && (!costs.surely(m) || costs.named(m)) {
			between(m, m, "")
		}
		// Where nobody has said that one is charged, calls of it prove nothing.
		if m != call.Method && costs.named(m) {
			list = append(list, variant{method + m, 1, false, func(_ int, a *history.Arrival) {
				a.Method, a.Tool, a.Arguments = m, "", nil
			}})
		}
	}
	return list
}

// withArgument is a JSON object with a member more, whose value is new.
func withArgument(object json.RawMessage, n int) json.RawMessage {
	return withMember(object, fmt.Sprintf(`"mcpload_audit":%d`, n))
}

// withMember is a JSON object with a member more.
func withMember(object json.RawMessage, member string) json.RawMessage {
	text := strings.TrimSpace(string(object))
	if inner, ok := strings.CutSuffix(text, "}"); ok && strings.TrimSpace(inner) != "{" {
		return json.RawMessage(inner + "," + member + "}")
	}
	return json.RawMessage("{" + member + "}")
}

// reversed is a JSON object whose members stand the other way round; nil where it has
// fewer than two.
func reversed(object json.RawMessage) json.RawMessage {
	d := json.NewDecoder(strings.NewReader(string(object)))
	if _, err := d.Token(); err != nil {
		return nil
	}
	var members []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			return nil
		}
		members = append(members, string(quoted)+":"+string(value))
	}
	if len(members) < 2 {
		return nil
	}
	slices.Reverse(members)
	return json.RawMessage("{" + strings.Join(members, ",") + "}")
}

// swapped is a name with upper case for lower, and lower for upper.
func swapped(name string) string {
	return strings.Map(func(r rune) rune {
		if up := []rune(strings.ToUpper(string(r)))[0]; up != r {
			return up
		}
		return []rune(strings.ToLower(string(r)))[0]
	}, name)
}

// widened is a name in the wide letters that East Asian texts have for Latin ones.
func widened(name string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r <= '~' {
			return r - '!' + '\uff01'
		}
		return r
	}, name)
}

// lookAlike puts Cyrillic letters for Latin ones that look the same.
var lookAlike = strings.NewReplacer("a", "\u0430", "c", "\u0441", "e", "\u0435", "i", "\u0456", "o", "\u043e",
	"p", "\u0440", "s", "\u0455", "x", "\u0445", "y", "\u0443")
