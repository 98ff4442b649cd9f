package conform

import (
	"encoding/json"
	"slices"
)

// answerRows are about prompts that are got, and about completion.
func answerRows() []Row {
	return []Row{
		{ID: "P13", Area: Prompts, Level: Must, Section: "schema PromptMessage", Effect: Reads, Needs: "prompts",
			Says:  "gives each message of a prompt the role user or assistant, and content of a known type",
			Check: rolesAreRoles},
		{ID: "P14", Area: Utilities, Level: Must, From: R2503, Section: "schema CompleteResult", Effect: Reads,
			Needs: "completions",
			Says:  "completes with 100 values at most",
			Check: completesLittle},
		{ID: "P14-unknown", Area: Utilities, Level: Should, From: R2503, Section: "server/utilities/completion " +
			"§Error Handling", Effect: Reads, Needs: "completions",
			Says: "answers completion for a prompt that there is none of with an error", Answered: true,
			Check: completesTheKnown},
	}
}

// prompts is the prompts that are listed.
func (t *Trial) prompts() []json.RawMessage {
	pages, _ := t.whole(listers[1])
	var all []json.RawMessage
	for _, e := range pages {
		var list []json.RawMessage
		if json.Unmarshal(member(e.result(), "prompts"), &list) == nil {
			all = append(all, list...)
		}
	}
	return all
}

// arguments are those of a prompt.
func arguments(prompt json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(member(prompt, "arguments"), &list) != nil {
		return nil // it takes none
	}
	return list
}

func rolesAreRoles(t *Trial) Answer {
	n := 0
	prompts := t.prompts()
	for _, p := range prompts[:min(len(prompts), mostReads)] {
		given := map[string]any{}
		for _, a := range arguments(p) {
			given[text(member(a, "name"))] = "1"
		}
		e := t.Ask("prompts/get", map[string]any{"name": text(member(p, "name")), "arguments": given})
		if !e.OK() {
			continue // it may want other arguments
		}
		messages, why := badRole(t.Revision, e.result())
		if why != "" {
			return fail(e, "%s", why)
		}
		n += messages
	}
	if n == 0 {
		return needs("a prompt that takes any text as its arguments", "no prompt gave a message")
	}
	return pass("%d messages", n)
}

// completable is the name of a prompt, and of an argument of it, or why there is none.
func (t *Trial) completable() (prompt, argument string, none *Answer) {
	prompts := t.prompts()
	k := slices.IndexFunc(prompts, func(p json.RawMessage) bool { return len(arguments(p)) > 0 })
	if k < 0 {
		return "", "", new(needs("a prompt with an argument", "no prompt has one"))
	}
	return text(member(prompts[k], "name")), text(member(arguments(prompts[k])[0], "name")), nil
}

func (t *Trial) complete(prompt, argument string) *Exchange {
	return t.Ask("completion/complete", map[string]any{
		"ref":      map[string]any{"type": "ref/prompt", "name": prompt},
		"argument": map[string]any{"name": argument, "value": ""},
	})
}

func completesTheKnown(t *Trial) Answer {
	prompt, argument, none := t.completable()
	if none != nil {
		return *none
	}
	if control := t.complete(prompt, argument); !control.OK() {
		return skip("a prompt that there is can't be completed either: %s", control.words())
	}
	e := t.complete("mcpload-no-such-prompt", argument)
	switch m := e.answer(); {
	case m == nil:
		return skip("there was no answer: %s", e.words())
	case !m.HasErr:
		return fail(e, "it is a result: %s", e.words())
	}
	return pass("%s", e.words())
}

func completesLittle(t *Trial) Answer {
	prompt, argument, none := t.completable()
	if none != nil {
		return *none
	}
	e := t.complete(prompt, argument)
	values := completed(e.result())
	if !e.OK() || values == nil {
		return skip("it has no list of values: %s", e.words())
	}
	if len(values) > mostValues {
		return fail(e, "it gives %d values", len(values))
	}
	return pass("%d values", len(values))
}
