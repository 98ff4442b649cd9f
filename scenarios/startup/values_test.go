package startup

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/apikey"
)

// What is made up is what its case says, by the provider's own pattern, and
// another value each time.
func TestValues(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	require.NotEmpty(t, apikey.Providers())
	for _, p := range apikey.Providers() {
		c, err := NewCredential("X", p.Name(), true)
		require.NoError(t, err)
		require.Equal(t, p.Secret(), c.Secret)
		bad := 0
		for _, kase := range Cases() {
			seen := map[string]bool{}
			for variant := range max(1, len(c.Variants(kase.Name))) {
				for range 20 {
					value, ok := c.Make(kase.Name, variant, r)
					if !ok {
						continue
					}
					seen[value] = true
					verdict := p.Check(value).Verdict
					switch kase.Name {
					case Good:
						require.Equal(t, apikey.Valid, verdict, "%s: %s", p, kase.Name)
					case OldFormat:
						require.Equal(t, apikey.Valid, verdict, "%s: %s", p, kase.Name)
						require.NotEqual(t, p.Formats()[0].Name, p.Check(value).Format)
					case NewFormat:
						require.True(t, p.Check(value).OK(false), "%s: %s", p, kase.Name)
					case Newline:
						require.Equal(t, apikey.Valid, p.Check(strings.TrimSpace(value)).Verdict)
						require.Equal(t, apikey.Malformed, verdict)
					case Absent, Empty, Blank:
						require.Equal(t, apikey.Blank, verdict)
					default:
						require.False(t, p.Check(value).OK(false), "%s: %s", p, kase.Name)
						bad++
					}
				}
			}
			if !kase.Random || len(seen) == 0 || !p.Secret() {
				continue
			}
			require.Greater(t, len(seen), 19, "%s: %s", p, kase.Name)
			secret := NewSecret("X", keyOf(seen))
			require.GreaterOrEqual(t, secret.secretLength(), leakLength, "%s %s: nothing to look for", p, kase.Name)
		}
		require.Positive(t, bad, "%s: nothing that a server must refuse", p)
	}
	_, err := NewCredential("X", "acme", true)
	require.ErrorIs(t, err, apikey.ErrUnknownProvider)
}

func TestLooksReal(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 4))
	for _, name := range []string{"openai", "anthropic", "gemini", "github"} {
		p, err := apikey.Lookup(name)
		require.NoError(t, err)
		require.True(t, LooksReal(p.Sample(r)), name)
		require.True(t, LooksReal("https://x:"+p.Sample(r)+"@host/"), name)
	}
	for _, ordinary := range []string{"", "production", "/usr/local/bin:/usr/bin", "sk-short", "C.UTF-8",
		strings.Repeat("x", 60)} {
		require.False(t, LooksReal(ordinary), ordinary)
	}
}

// The formats that a provider used to issue, and others, are cases of their own.
func TestVariants(t *testing.T) {
	c, err := NewCredential("X", "mailgun", true)
	require.NoError(t, err)
	var abouts []string
	for _, s := range Plan([]Credential{c}, rand.New(rand.NewPCG(1, 1))) {
		abouts = append(abouts, s.About())
	}
	require.Subset(t, abouts, []string{"good", "absent X", "old-format X (key- key)", "old-format X (bare key)",
		"wrong-family X"})
}

func keyOf(m map[string]bool) string {
	for k := range m {
		return k
	}
	return ""
}

// The plan begins and ends with a good start, tries each case of each variable
// while the others are good, and makes every secret up anew.
func TestPlan(t *testing.T) {
	list := []Credential{token("A", true), token("B", false)}
	plan := Plan(list, rand.New(rand.NewPCG(1, 1)))
	require.Len(t, plan, 2+2*(len(Cases())-1))
	require.Equal(t, Good, plan[0].Case.Name)
	require.Equal(t, Good, plan[len(plan)-1].Case.Name)
	values := map[string]bool{}
	for _, s := range plan {
		a, hasA := s.Set["A"]
		b, hasB := s.Set["B"]
		require.Equal(t, s.Case.Name != Absent || s.Env != "A", hasA, s.About())
		require.Equal(t, s.Case.Name != Absent || s.Env != "B", hasB, s.About())
		if s.Env != "A" {
			require.True(t, strings.HasPrefix(a, "acme_") && len(a) == 37, "%s: the other one is good", s.About())
		}
		if s.Env == "B" && (s.Case.Name == Absent || s.Case.Name == Empty || s.Case.Name == Blank) {
			require.Equal(t, Either, s.Expect, "B may be left out")
		}
		for _, v := range []string{a, b} {
			if len(v) > 20 {
				require.False(t, values[v], "a value is used twice")
				values[v] = true
			}
		}
		for _, secret := range s.Secrets {
			require.Equal(t, strings.TrimSpace(s.Set[secret.Env]), secret.value)
		}
		if s.Case.Name == Placeholder {
			require.Len(t, s.Secrets, 1, "a placeholder is no secret")
		}
	}
	again := Plan(list, rand.New(rand.NewPCG(1, 1)))
	require.Equal(t, plan[3].Set, again[3].Set)
}

// One of a group is given at a time: the one that a case is about, else the first; who is of no
// group, or of another, changes nothing.
func TestOneOfAGroupIsGiven(t *testing.T) {
	list := []Credential{token("A", true), token("B", true), token("C", true), token("D", true)}
	list[1].OneOf, list[2].OneOf = "either", "either"
	given := map[string]string{}
	for _, s := range Plan(list, rand.New(rand.NewPCG(1, 1))) {
		if s.Case.Name == Good {
			s.Env = "none"
		}
		if s.Case.Name != Absent {
			given[s.Env] = strings.Join(slices.Sorted(maps.Keys(s.Set)), "")
		}
	}
	require.Equal(t, map[string]string{"none": "ABD", "A": "ABD", "B": "ABD", "C": "ACD", "D": "ABD"}, given)
}
