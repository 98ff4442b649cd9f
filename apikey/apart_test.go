package apikey

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// alike are providers whose keys have one shape, so that nothing tells whose one is:
// sk- and a length, JSON web tokens, bare hex digits, letters and UUIDs.
func alike(f *format) bool {
	return f.prefix() == "" || len(f.prefix()) < 3 || f.shared || f.prefix() == "sk-" || f.prefix() == "eyJ"
}

// begin reports if one of the provider's formats begins so.
func (p *provider) begin(prefix string) bool {
	return slices.ContainsFunc(p.formats, func(f *format) bool { return f.role != plausible && f.prefix() == prefix })
}

// TestNoFamilyIsTakenForAnother: a key with a beginning of its own is valid for its
// provider alone, is called by that one's name elsewhere, and in texts.
func TestNoFamilyIsTakenForAnother(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	seen := 0
	for _, p := range issued {
		if p.open {
			continue
		}
		for _, f := range p.formats {
			if f.role == plausible || alike(f) {
				continue
			}
			v := f.sample(r)
			own := !slices.ContainsFunc(issued, func(o *provider) bool { return o != p && o.begin(f.prefix()) })
			for _, other := range issued {
				if other == p || other.open {
					continue
				}
				got := Provider{p: other}.Check(v)
				if other.begin(f.prefix()) {
					continue // such as Atlassian's, for organisations and repositories
				}
				require.Contains(t, []Verdict{WrongFamily, Malformed, Placeholder}, got.Verdict, "%s %s as %s", p.name,
					f.name, other.name)
				if got.Verdict == WrongFamily && own {
					require.Contains(t, got.Detail, p.title, "%s %s as %s", p.name, f.name, other.name)
				}
				seen++
			}
			if f.hidden || f.near != nil {
				continue
			}
			text := "got " + v + ".\n"
			got := finds(text)
			if assert.NotEmpty(t, got, "%s %s", p.name, f.name) {
				family, found, _ := strings.Cut(got[0], " ")
				assert.True(t, family == p.name || !own, "%s is found for %s", family, p.name)
				assert.GreaterOrEqual(t, len(found), len(v)-12, "%s %s", p.name, f.name)
			}
		}
	}
	require.Greater(t, seen, 20000)
}

// TestBlobsAreNoKeys: prefixes of four characters come up in whatever chance wrote:
// in another case, and in the middle of base 64 for addresses, they are none.
func TestBlobsAreNoKeys(t *testing.T) {
	key := "rn" + "d_" + drawn(32)
	require.Equal(t, []string{"render " + key}, finds("see "+key+" there"))
	require.Equal(t, []string{"render " + strings.ToUpper(key)}, finds("see "+strings.ToUpper(key)+" there"))
	require.Equal(t, []string{"render " + key}, finds("k="+key))
	require.Equal(t, []string{"render " + key}, finds("the_renewed_"+key))
	require.Empty(t, finds("see Rn"+"D_"+drawn(32)+" there"), "no one writes a prefix so")
	require.Empty(t, finds("see "+drawn(40)+key+" there"), "in a blob")
}
