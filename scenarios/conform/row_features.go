package conform

import (
	"encoding/json"
	"regexp"
)

// featureRows are about tools, resources and prompts, as far as lists and refusals
// show it. None of them executes anything.
func featureRows() []Row {
	return []Row{
		{ID: "T01", Area: Tools, Level: Must, Section: "server/tools, server/resources, server/prompts §Capabilities",
			Effect:   Lists,
			Says:     "declares the features that it lists",
			Answered: true, Check: declaresWhatItLists},
		{ID: "T02", Area: Tools, Level: Must, Section: "server/tools §Data Types", Effect: Lists, Needs: "tools",
			Says: "gives each tool an inputSchema that is an object of the type object, and before 2026-07-28 " +
				"no outputSchema of another type",
			Check: toolSchemas},
		{ID: "T03", Area: Tools, Level: Should, From: R2511, Section: "server/tools §Tool Names", Effect: Lists,
			Needs: "tools",
			Says:  "names its tools in 1 to 128 letters, digits, _, -, . and /, each once",
			Check: toolNames},
		{ID: "T05", Area: Tools, Level: Practice, Section: "server/tools §Error Handling", Effect: Sends,
			Needs:    "tools",
			Says:     "answers a call of an unknown tool with error -32602",
			Answered: true, Check: unknownTool},
		{ID: "P07", Area: Resources, Level: Should, To: R2511, Section: "server/resources §Error Handling",
			Effect: Reads, Needs: "resources",
			Says:     "answers a read of an unknown resource with error -32002",
			Answered: true, Check: func(t *Trial) Answer {
				return t.refusesUnknown("resources/read", "uri", "mcpload://no/such", "-32002")
			}},
		{ID: "P12", Area: Prompts, Level: Should, Section: "server/prompts §Error Handling", Effect: Reads,
			Needs:    "prompts",
			Says:     "answers an unknown prompt with error -32602",
			Answered: true, Check: func(t *Trial) Answer {
				return t.refusesUnknown("prompts/get", "name", "mcpload-no-such-prompt", "-32602")
			}},
		{ID: "P15", Area: Utilities, Level: Should, To: R2511, Section: "server/utilities/logging §Error Handling",
			Effect: Sessions, Needs: "logging",
			Says:     "refuses a level of logging that there is none of with error -32602",
			Answered: true, Check: refusesLevels},
	}
}

func declaresWhatItLists(t *Trial) Answer {
	listed := 0
	for _, l := range listers {
		e := t.Ask(l.method, nil)
		if e.OK() && member(e.result(), l.member) != nil {
			listed++
		}
		if e.OK() && !t.declares(l.capability) && string(member(e.result(), l.member)) != "[]" &&
			member(e.result(), l.member) != nil {
			return fail(e, "%s has a result, and the capability %s is not declared", l.method, l.capability)
		}
		if t.declares(l.capability) && e.code() == "-32601" && l.method != "resources/templates/list" {
			return fail(e, "the capability %s is declared, and %s is unknown", l.capability, l.method)
		}
	}
	if a := t.works(t.main); a != nil {
		return *a
	}
	if listed == 0 {
		return needs("a server that lists something", "the server has no list that works")
	}
	return pass("what is listed is declared: %d lists", listed)
}

// A listedTool is one that is listed, and the page where it stands.
type listedTool struct {
	page   *Exchange
	schema map[string]json.RawMessage
}

// name is the tool's.
func (l *listedTool) name() string { return text(l.schema["name"]) }

// tools are those that are listed, of all pages where the list ends, or why there is none.
func (t *Trial) tools() (list []listedTool, none *Answer) {
	pages, _ := t.whole(listers[0])
	if len(pages) == 0 {
		pages = []*Exchange{t.Ask("tools/list", nil)}
	}
	for _, e := range pages {
		var some []map[string]json.RawMessage
		if json.Unmarshal(member(e.result(), "tools"), &some) != nil {
			continue // another row's matter
		}
		for _, one := range some {
			list = append(list, listedTool{e, one})
		}
	}
	if len(list) == 0 {
		return nil, new(needs("a server that lists tools", "it lists no tools: %s", pages[0].words()))
	}
	return list, nil
}

func toolSchemas(t *Trial) Answer {
	list, none := t.tools()
	if none != nil {
		return *none
	}
	for _, tool := range list {
		if text(member(tool.schema["inputSchema"], "type")) != "object" {
			return fail(tool.page, "the inputSchema of %s is %s", excerpt(tool.name()),
				excerpt(string(tool.schema["inputSchema"])))
		}
		output := tool.schema["outputSchema"] // any schema since 2026-07-28, and unknown before 2025-06-18
		if output != nil && t.Revision >= R2506 && !Stateless(t.Revision) && text(member(output, "type")) != "object" {
			return fail(tool.page, "the outputSchema of %s is %s", excerpt(tool.name()), spelling(output))
		}
	}
	return pass("%d tools", len(list))
}

var toolName = regexp.MustCompile(`^[A-Za-z0-9_.\-/]{1,128}$`)

func toolNames(t *Trial) Answer {
	list, none := t.tools()
	if none != nil {
		return *none
	}
	met := map[string]*Exchange{} // with the page: that one is on two pages is another row's matter
	for _, tool := range list {
		name := tool.name()
		switch {
		case !toolName.MatchString(name):
			return fail(tool.page, "a tool's name is %s", excerpt(string(tool.schema["name"])))
		case met[name] == tool.page:
			return fail(tool.page, "two tools are named %s", excerpt(name))
		}
		met[name] = tool.page
	}
	return pass("%d tools", len(list))
}

func unknownTool(t *Trial) Answer {
	if _, none := t.tools(); none != nil {
		return *none
	}
	e := t.Ask("tools/call", map[string]any{"name": "mcpload-no-such-tool", "arguments": map[string]any{}})
	switch m := e.answer(); {
	case m == nil:
		return skip("there was no answer: %s", e.words())
	case !m.HasErr:
		return fail(e, "it is a result: %s", e.words())
	case e.code() != "-32602":
		return fail(e, "%s", e.words())
	}
	return pass("%s", e.words())
}

// refusesUnknown asks for what there is none of.
func (t *Trial) refusesUnknown(method, name, value, code string) Answer {
	e := t.Ask(method, map[string]any{name: value})
	if a := t.works(t.main); a != nil {
		return *a
	}
	switch m := e.answer(); {
	case m == nil:
		return skip("there was no answer: %s", e.words())
	case !m.HasErr:
		return fail(e, "it is a result: %s", e.words())
	case e.code() != code:
		return fail(e, "%s", e.words())
	}
	return pass("%s", e.words())
}

func refusesLevels(t *Trial) Answer {
	if control := t.Ask("logging/setLevel", map[string]any{"level": "info"}); !control.OK() {
		return skip("a level that there is has no result either: %s", control.words())
	}
	return t.refusesUnknown("logging/setLevel", "level", "shout", "-32602")
}
