package startup

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is made up looks as its case says, is another one each time, and a bad
// one is never a good one by accident.
func TestValues(t *testing.T) {
	forms := map[string]*regexp.Regexp{
		"openai":    regexp.MustCompile(`^sk-(?:proj-[A-Za-z0-9_-]{74}T3Blbk[F]J[A-Za-z0-9_-]{74}|[A-Za-z0-9]{20}T3Blbk[F]J[A-Za-z0-9]{20})$`),
		"anthropic": regexp.MustCompile(`^sk-ant-api03-[A-Za-z0-9_-]{93}AA$`),
		"gemini":    regexp.MustCompile(`^(?:AIza[A-Za-z0-9_-]{35}|AQ\.[A-Za-z0-9_-]{50})$`),
		"mailgun":   regexp.MustCompile(`^[0-9a-f]{32}(?:-[0-9a-f]{8}-[0-9a-f]{8})?$`),
		"github":    regexp.MustCompile(`^(?:ghp_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})$`),
		"generic":   regexp.MustCompile(`^[A-Za-z0-9_-]{32,}$`),
	}
	require.Len(t, forms, len(recipes))
	r := rand.New(rand.NewPCG(4, 4))
	for provider, form := range forms {
		c, err := NewCredential("X", provider, true)
		require.NoError(t, err)
		for _, kase := range Cases() {
			seen := map[string]bool{}
			for range 50 {
				value, ok := c.Make(kase.Name, r)
				if !ok {
					require.Contains(t, []string{WrongFamily, OldFormat, NewFormat}, kase.Name, "%s has no %s", provider, kase.Name)
					continue
				}
				seen[value] = true
				switch kase.Name {
				case Good, OldFormat:
					require.Regexp(t, form, value)
				case Newline:
					require.Regexp(t, form, strings.TrimSuffix(value, "\n"))
					require.NotRegexp(t, form, value)
				case NewFormat: // known or not: policy
				default:
					require.NotRegexp(t, form, value, "%s %s", provider, kase.Name)
				}
				if kase.Random && provider != "generic" && provider != "mailgun" && kase.Name == Good {
					require.True(t, LooksReal(value), provider)
				}
			}
			if kase.Random && len(seen) > 0 {
				require.Len(t, seen, 50, "%s %s", provider, kase.Name)
				secret := NewSecret("X", keyOf(seen), others(&c, kase.Name, r)...)
				require.GreaterOrEqual(t, secret.secretLength(), leakLength, "%s %s: nothing to look for", provider, kase.Name)
			}
		}
	}
	_, err := NewCredential("X", "acme", true)
	require.EqualError(t, err, `startup: no provider is named "acme": want one of openai, anthropic, gemini, mailgun, github, generic`)
	for _, ordinary := range []string{"", "production", "/usr/local/bin:/usr/bin", "sk-short", "C.UTF-8", strings.Repeat("x", 60)} {
		require.False(t, LooksReal(ordinary), ordinary)
	}
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
