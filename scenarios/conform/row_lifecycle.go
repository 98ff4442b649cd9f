package conform

import "encoding/json"

// lifecycleRows are about the beginning and the end of a session, and about what is
// found out without one.
func lifecycleRows() []Row {
	return []Row{
		{ID: "L01", Area: Lifecycle, Level: Must, To: R2511, Section: "basic/lifecycle §Initialization",
			Effect: Sessions,
			Says:   "answers initialize with protocolVersion, capabilities, and serverInfo with name and version",
			Check:  introducesItself},
		{ID: "L02", Area: Lifecycle, Level: Must, To: R2511, Section: "basic/lifecycle §Version Negotiation",
			Effect:   Sessions,
			Says:     "answers initialize with a version that nobody speaks by one that it supports, or refuses it",
			Answered: true, Check: negotiates},
		{ID: "D01", Area: Lifecycle, Level: Must, From: R2026, Section: "server/discover", Effect: Lists,
			Says:  "answers server/discover with the versions that it supports and its capabilities",
			Check: discovers},
	}
}

func introducesItself(t *Trial) Answer {
	e := t.main.opened
	var r struct {
		Version      *string                    `json:"protocolVersion"`
		Capabilities map[string]json.RawMessage `json:"capabilities"`
		Info         struct {
			Name    *string `json:"name"`
			Version *string `json:"version"`
		} `json:"serverInfo"`
	}
	switch err := json.Unmarshal(t.main.result, &r); {
	case err != nil:
		return fail(e, "members are of other types: %s", excerpt(string(t.main.result)))
	case r.Version == nil, r.Capabilities == nil:
		return fail(e, "protocolVersion or capabilities is missing")
	case r.Info.Name == nil || r.Info.Version == nil:
		return fail(e, "serverInfo has no name, or no version")
	}
	return pass("%s %s", excerpt(*r.Info.Name), excerpt(*r.Info.Version))
}

// noRevision is one that never was.
const noRevision = "1999-01-01"

func negotiates(t *Trial) Answer {
	line, none := t.anotherLine()
	if none != nil {
		return *none
	}
	defer line.Close()
	s := &session{line: line, transport: t.Transport, revision: t.Revision}
	e := t.send(s, s.request("initialize", t.hello(noRevision)))
	m := e.answer()
	switch {
	case m == nil:
		return skip("there was no answer: %s", e.words())
	case m.HasErr:
		return pass("%s", e.words())
	}
	switch v := text(member(m.Result, "protocolVersion")); v {
	case noRevision:
		return fail(e, "asked for %s, it agrees", noRevision)
	case "":
		return fail(e, "it names no version: %s", e.words())
	default:
		return pass("it answers %s", excerpt(v))
	}
}

func discovers(t *Trial) Answer {
	e := t.main.opened
	var r struct {
		Versions     []string                   `json:"supportedVersions"`
		Capabilities map[string]json.RawMessage `json:"capabilities"`
	}
	if err := json.Unmarshal(t.main.result, &r); err != nil || len(r.Versions) == 0 || r.Capabilities == nil {
		return fail(e, "supportedVersions or capabilities is missing, or of another type: %s",
			excerpt(string(t.main.result)))
	}
	return pass("%d versions", len(r.Versions))
}
