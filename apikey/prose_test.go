package apikey_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/apikey"
)

// TestOrdinaryTexts: what public source, documents and packages have that looks
// like a key stays as it is. Each row was taken for one.
func TestOrdinaryTexts(t *testing.T) {
	hash := "7e2f51940ba48a1c0fae1107801ea643fa83c971"
	blob := strings.Repeat("IAEgASgCADYCACADQv", 4)
	for name, text := range map[string]string{
		"a sentence behind a name":        "// Create napi_values for 123 and 456\nnapi_value fooValue, barValue;",
		"names in capitals":               "a new-enough native glibc (RE_NO_SUB was added in 2004), or the",
		"names with digits":               "nettle: extend pk_verify_priv_params to handle X25519 and X448",
		"a sentence, then a commit":       "clean regress/misc/sk-dummy in cleandir target\n    \ncommit " + hash,
		"a commit near a provider's name": "Test hostbased auth on github runners.\n\ncommit " + hash,
		"a commit near a token's name":    "Use default GITHUB_TOKEN.\n\ncommit " + hash,
		"a fingerprint": "[@calvin](https://github.com/calvin) calvin@example.com\n" +
			"  - Release GPG key: F3EF5F62A87FC27A22E643F714CE4FF5015AA242",
		"what documents show": "@description The access token used to authenticate to the GitHub API.\n" +
			" * @example " + hash,
		"an example's key": `AccessKeyId: "AKIA` + `IOSFODNN7EXAMPLE",`,
		"a table of words": `"Micronesian RegionPolynesiaAsiaCentral AsiaWestern AsiaEuropeEastern Eur" +`,
		"a rule's name":    `"Service": "aws", "Sid":"AllowEc2InstancesWithEncryptedEbsVolumes"`,
		"a token of zeros": `createTokenAuth("ghp_` + `PersonalAccessToken01245678900000000")`,
		"a name of many words": "github_com_Slash_DefinitelyTyped_Slash_DefinitelyTyped_Slash_tree" +
			"_Slash_master_Slash_types_1",
		"a blob": blob + "+BS" + "ADIAEpALADNwO4BSADIBI3A7AFIAFBARB3IAYg",
	} {
		assert.Empty(t, (*apikey.Redactor)(nil).Find(text), name)
	}
}

// TestProseHidesNothing: among such words a key is found.
func TestProseHidesNothing(t *testing.T) {
	for id, prefix := range map[string]string{"neon": "the example is ", "github": "Use default GITHUB_TOKEN. It is ",
		"brave":      "https://example.com/v1/",
		"aws-key-id": "commit of the example: key ", "resend": "was added in 2004: ",
		"clickup": "to handle X25519 and X448 "} {
		p := provider(t, id)
		for range 200 {
			key := p.Sample(dice())
			require.NotContains(t, apikey.Redact(prefix+key+" and more words"), key, id)
		}
	}
}

// TestAdversarialIsLinear: a text costs about what sixteen parts of it cost, not
// sixteen times as much; all of it is in one chunk. On a busy machine one measurement
// says little, so that the least of some counts, and both take about as long.
func TestAdversarialIsLinear(t *testing.T) {
	const short, factor, allowed = 20 << 10, 16, 4
	r := apikey.NewRedactor(secret, "another registered value")
	small, large := adversarial(short), adversarial(short*factor)
	cost := func(text string, times int) time.Duration {
		start := time.Now()
		for range times {
			r.Redact(text)
		}
		return time.Since(start)
	}
	for name := range small {
		a, b := time.Hour, time.Hour
		for range 30 {
			if a, b = min(a, cost(small[name], factor)), min(b, cost(large[name], 1)); b < allowed*a {
				break
			}
		}
		assert.Less(t, b, allowed*a, name)
	}
}
