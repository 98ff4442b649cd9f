package conform

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// mostPages is how far a list is followed.
const mostPages = 50

// pageRows are about lists that have pages, and about what is read of them.
func pageRows() []Row {
	return []Row{
		{ID: "P02", Area: Utilities, Level: Practice, Section: "server/utilities/pagination", Effect: Lists,
			Says:  "lists nothing twice, and ends",
			Check: pagesEnd},
		{ID: "P05", Area: Utilities, Level: Must, From: R2026, Section: "server/utilities/caching §Pages",
			Effect: Lists,
			Says:   "says of all pages of a list that the same people may keep them",
			Check:  pagesAgree},
		{ID: "T04", Area: Tools, Level: Should, From: R2026, Section: "server/tools §Listing Tools", Effect: Lists,
			Needs: "tools",
			Says:  "lists its tools in the same order each time",
			Check: sameOrder},
		{ID: "P08", Area: Resources, Level: Must, From: R2026, Section: "server/resources §Error Handling",
			Effect: Reads, Needs: "resources",
			Says:     "answers a read of an unknown resource with error -32602",
			Answered: true, Check: func(t *Trial) Answer {
				return t.refusesUnknown("resources/read", "uri", "mcpload://no/such", "-32602")
			}},
		{ID: "P09", Area: Resources, Level: Must, Section: "server/resources §Data Types, §Security", Effect: Reads,
			Needs: "resources",
			Says:  "gives its resources addresses with a scheme, and what is binary in Base64",
			Check: readsRight},
		{ID: "R15", Area: Tools, Level: Must, From: R2511, Section: "basic §JSON Schema", Effect: Lists, Needs: "tools",
			Says:  "gives its tools schemas that are valid JSON Schema",
			Check: schemasAreSchemas},
	}
}

// whole follows a list to its end. The complaint is that it has none, or says
// something twice.
func (t *Trial) whole(l lister) (pages []*Exchange, complaint string) {
	params := map[string]any(nil)
	cursors := []string{}
	for len(pages) < mostPages {
		e := t.Ask(l.method, params)
		if !e.OK() {
			return nil, ""
		}
		pages = append(pages, e)
		raw := member(e.result(), "nextCursor")
		if raw == nil || string(raw) == "null" {
			return pages, ""
		}
		next := text(raw)
		if slices.Contains(cursors, next) {
			return pages, fmt.Sprintf("it gives the cursor %s again, so that the list never ends", excerpt(next))
		}
		cursors, params = append(cursors, next), map[string]any{"cursor": next}
	}
	return nil, "" // it may be long
}

// identity is the member that tells the elements of a list apart.
func (l lister) identity() string {
	switch l.method {
	case "resources/list":
		return "uri"
	case "resources/templates/list":
		return "uriTemplate"
	}
	return "name"
}

func pagesEnd(t *Trial) Answer {
	n, elements := 0, 0
	for _, l := range listers {
		if !t.declares(l.capability) {
			continue
		}
		pages, complaint := t.whole(l)
		if complaint != "" {
			return fail(pages[len(pages)-1], "%s: %s", l.method, complaint)
		}
		if len(pages) == 0 {
			continue
		}
		n++
		met := map[string]*Exchange{} // with the page
		for _, e := range pages {
			var list []json.RawMessage
			if json.Unmarshal(member(e.result(), l.member), &list) != nil {
				continue
			}
			for _, one := range list {
				name := text(member(one, l.identity()))
				if met[name] != nil && met[name] != e {
					return fail(e, "%s lists %s on two pages", l.method, excerpt(name)).showing(met[name], e)
				}
				met[name] = e
				elements++
			}
		}
	}
	if n == 0 || elements == 0 {
		return needs("a server that lists something", "the server has no list that works")
	}
	return pass("%d lists end, with %d elements", n, elements)
}

func pagesAgree(t *Trial) Answer {
	n := 0
	for _, l := range listers {
		if !t.declares(l.capability) {
			continue
		}
		pages, _ := t.whole(l)
		if len(pages) < 2 {
			continue
		}
		n++
		first := member(pages[0].result(), "cacheScope")
		if first == nil {
			return skip("%s has no cacheScope", l.method)
		}
		for _, e := range pages[1:] {
			if scope := member(e.result(), "cacheScope"); !sameJSON(scope, first) {
				return fail(e, "of %s the first page has the cacheScope %s, and another one %s", l.method,
					spelling(first), spelling(scope)).showing(pages[0], e)
			}
		}
	}
	if n == 0 {
		return needs("a list of two pages", "no list has more than one page")
	}
	return pass("%d lists of several pages", n)
}

// ordered is the names of a list in their order.
func ordered(l lister, pages []*Exchange) []string {
	var names []string
	for _, e := range pages {
		var list []json.RawMessage
		if json.Unmarshal(member(e.result(), l.member), &list) != nil {
			continue
		}
		for _, one := range list {
			names = append(names, text(member(one, l.identity())))
		}
	}
	return names
}

func sameOrder(t *Trial) Answer {
	var first []string
	for range 3 {
		pages, _ := t.whole(listers[0])
		if len(pages) == 0 {
			return skip("the list of tools could not be read to its end")
		}
		names := ordered(listers[0], pages)
		switch {
		case len(names) < 2:
			return needs("two tools", "it lists %d", len(names))
		case first == nil:
			first = names
		case slices.Equal(first, names):
		case !slices.Equal(slices.Sorted(slices.Values(first)), slices.Sorted(slices.Values(names))):
			return skip("the tools themselves changed meanwhile")
		default:
			return fail(pages[0], "the same %d tools are in another order", len(names))
		}
	}
	return pass("three lists of %d tools have one order", len(first))
}

// How RFC 3986 spells an address, and what may stand before the path of one that names a
// host. Letters of other scripts are let pass.
var (
	uriForm  = regexp.MustCompile("^[A-Za-z][A-Za-z0-9+.-]*:(?:[^%\\s\\x00-\\x1f\\x7f<>\"]|%[0-9A-Fa-f]{2})*$")
	hostForm = regexp.MustCompile(`^(?:\[[^\[\]]+\]|[^:\[\]]*)(?::[0-9]*)?$`)
)

// isURI reports if a text is an address with a scheme. net/url is stricter: it takes no
// escapes in a host, as in note://my%20notes.
func isURI(s string) bool {
	_, rest, _ := strings.Cut(s, ":")
	rest, hosted := strings.CutPrefix(rest, "//")
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	return uriForm.MatchString(s) && (!hosted || hostForm.MatchString(rest[strings.LastIndex(rest, "@")+1:]))
}

func readsRight(t *Trial) Answer {
	pages, _ := t.whole(listers[2])
	n := 0
	for _, page := range pages {
		var list []json.RawMessage
		if json.Unmarshal(member(page.result(), "resources"), &list) != nil {
			continue
		}
		for _, one := range list {
			address := text(member(one, "uri"))
			if !isURI(address) {
				return fail(page, "a resource's address is %s", spelling(member(one, "uri")))
			}
			if n++; n > mostReads {
				continue
			}
			e := t.Ask("resources/read", map[string]any{"uri": address})
			var contents []json.RawMessage
			if !e.OK() || json.Unmarshal(member(e.result(), "contents"), &contents) != nil {
				continue
			}
			for _, c := range contents {
				blob := member(c, "blob")
				if _, err := base64.StdEncoding.DecodeString(text(blob)); blob != nil && err != nil {
					return fail(e, "the blob of %s is no Base64", excerpt(address))
				}
			}
		}
	}
	if n == 0 {
		return needs("a server that lists resources", "it lists none")
	}
	return pass("%d resources", n)
}

// mostReads bounds how many resources are read.
const mostReads = 5

func schemasAreSchemas(t *Trial) Answer {
	pages, _ := t.whole(listers[0])
	n := 0
	for _, page := range pages {
		var list []map[string]json.RawMessage
		if json.Unmarshal(member(page.result(), "tools"), &list) != nil {
			continue
		}
		for _, tool := range list {
			for _, name := range []string{"inputSchema", "outputSchema"} {
				raw := tool[name]
				if raw == nil || bytes.Equal(raw, []byte("null")) {
					continue // another row's matter
				}
				why, known := badSchema(raw)
				if !known {
					continue
				}
				if n++; why != "" {
					return fail(page, "the %s of %s is not valid: %s", name, excerpt(text(tool["name"])), why)
				}
			}
		}
	}
	if n == 0 {
		return needs("a tool with a schema of a dialect that is known here", "no tool has any")
	}
	return pass("%d schemas", n)
}
