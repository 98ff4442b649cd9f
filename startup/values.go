package startup

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// The alphabets that credentials are drawn from.
const (
	lowerHex = "0123456789abcdef"
	word     = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	urlSafe  = word + "_-"
)

// A run is one stretch of a credential: fixed text, then drawn characters.
type run struct {
	text     string
	alphabet string
	n        int
}

// A recipe says how to make up what a provider issues.
type recipe struct {
	provider string
	template string // what a template puts before "your-api-key-here"
	good     []run
	old, new []run    // nil where there is none
	wrong    []run    // of another family, as people mix them up
	telling  []string // what a message about the format would hold
}

// recipes follow the same sources as the patterns that check credentials.
var recipes = []recipe{
	{provider: "openai", template: "sk-", telling: []string{"sk-"},
		good:  []run{{"sk-proj-", urlSafe, 74}, {"T3Blbk" + "FJ", urlSafe, 74}},
		old:   []run{{"sk-", word, 20}, {"T3Blbk" + "FJ", word, 20}},
		new:   []run{{"sk-proj2-", urlSafe, 164}},
		wrong: []run{{"sk-ant-" + "api03-", urlSafe, 93}, {"AA", "", 0}}},
	{provider: "anthropic", template: "sk-ant-", telling: []string{"sk-ant-"},
		good:  []run{{"sk-ant-" + "api03-", urlSafe, 93}, {"AA", "", 0}},
		new:   []run{{"sk-ant-" + "api04-", urlSafe, 101}, {"AA", "", 0}},
		wrong: []run{{"sk-proj-", urlSafe, 74}, {"T3Blbk" + "FJ", urlSafe, 74}}},
	{provider: "gemini", telling: []string{"AIza", "AQ."},
		good:  []run{{"AI" + "za", urlSafe, 35}},
		new:   []run{{"A" + "Q.", urlSafe, 50}},
		wrong: []run{{"sk-proj-", urlSafe, 74}, {"T3Blbk" + "FJ", urlSafe, 74}}},
	{provider: "mailgun", telling: []string{"key-"},
		good:  []run{{"", lowerHex, 32}, {"-", lowerHex, 8}, {"-", lowerHex, 8}},
		old:   []run{{"", lowerHex, 32}},
		wrong: []run{{"pubkey-", lowerHex, 32}}},
	{provider: "github", telling: []string{"ghp_", "github_pat_"},
		good:  []run{{"gh" + "p_", word, 36}},
		new:   []run{{"github_" + "pat_", word, 22}, {"_", word, 59}},
		wrong: []run{{"sk-proj-", urlSafe, 74}, {"T3Blbk" + "FJ", urlSafe, 74}}},
	{provider: "generic", good: []run{{"", urlSafe, 40}}},
}

// NewCredential returns a credential whose values are made up as its provider
// issues them. The error names the providers that there are.
func NewCredential(env, provider string, required bool) (Credential, error) {
	i := slices.IndexFunc(recipes, func(r recipe) bool { return r.provider == provider })
	if i < 0 {
		var names []string
		for _, r := range recipes {
			names = append(names, r.provider)
		}
		return Credential{}, fmt.Errorf("startup: no provider is named %q: want one of %s", provider, strings.Join(names, ", "))
	}
	r := recipes[i]
	return Credential{Env: env, Provider: provider, Required: required, Secret: true, Telling: r.telling, Make: r.value}, nil
}

// value makes one up for a case.
func (c recipe) value(name string, r *rand.Rand) (string, bool) {
	good := made(c.good, r)
	switch name {
	case Good:
		return good, true
	case Absent, Empty:
		return "", true
	case Blank:
		return "   ", true
	case Placeholder:
		return c.template + "your-api-key-here", true
	case Newline:
		return good + "\n", true
	case TooShort:
		return good[:len(c.good[0].text)+12], true
	case Malformed:
		return good[:len(good)/2] + "!" + good[len(good)/2+1:], true
	case WrongFamily:
		return made(c.wrong, r), c.wrong != nil
	case OldFormat:
		return made(c.old, r), c.old != nil
	case NewFormat:
		return made(c.new, r), c.new != nil
	}
	return "", false
}

func made(runs []run, r *rand.Rand) string {
	var b strings.Builder
	for _, one := range runs {
		b.WriteString(one.text)
		for range one.n {
			b.WriteByte(one.alphabet[r.IntN(len(one.alphabet))])
		}
	}
	return b.String()
}

// LooksReal reports if a value looks like a credential that some provider
// issued.
func LooksReal(value string) bool {
	value = strings.TrimSpace(value)
	return len(value) >= 30 && slices.ContainsFunc(recipes, func(r recipe) bool {
		return slices.ContainsFunc(r.telling, func(prefix string) bool { return strings.HasPrefix(value, prefix) })
	})
}
