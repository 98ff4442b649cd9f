package apikey

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestASecretIsKnownByItsName: whose key it is need not be known where a name says that it
// is one, and it looks like one.
func TestASecretIsKnownByItsName(t *testing.T) {
	const key = "E39uCuIpg3NxKI5tr8cAIPgZy06G71tS"
	for _, text := range []string{
		"ZAPIER_API_KEY=" + key, `export ACME_SECRET="` + key + `"`, "api_key: " + key, "apiKey = '" + key + "'",
		`{"client_secret": "` + key + `"}`, `{\"access_token\":\"` + key + `\"}`, "X-Api-Key: " + key,
		"Authorization: Bearer " + key, "?access_token=" + key + "&x=1", "SNOWFLAKE_PASSWORD=" + "1tpTbvskfKzSS5G1",
		"PAYPAL_SECRET=" + key + ".Zk93/+" + key + "==", "MIXPANEL_SECRET=" + "bc6938096e54a91f05820018df574a42",
		"failed: token_type=x ACME_TOKEN=" + key + ", retry",
	} {
		clean := Redact(text)
		require.Contains(t, clean, "[redacted generic]", text)
		for _, part := range []string{key[:12], key[20:], "Zk93", "1tpTbvskfKzS", "bc6938096e54"} {
			require.NotContains(t, clean, part, text)
		}
	}
	require.Equal(t, "retry=2 ACME_TOKEN=[redacted generic] after=3", Redact("retry=2 ACME_TOKEN="+key+" after=3"))
	for _, text := range []string{
		"PrivateKey: testRSA2048PrivateKey,", "config.Certificates[0].PrivateKey = testEd25519PrivateKey",
		`"shared_secret": "51885fdc6e31c3628f35b26fcfbc232d904d7f4b6e22e6ede588c6e0aad60f90"`, // of a test vector
		"FS_IOC_ADD_ENCRYPTION_KEY    = 0xc0506617aa00bb11", "max_tokens=4096409640964096", "API_KEY=${ACME_API_KEY_2024}",
		"api_key: " + strings.Repeat("x1", 12), "ACME_API_KEY=your-api-key-goes-here-123", "cache_key: " + key,
		"access_token_expires_in=360036003600a1B", "password=longpasswordwithmanycharacters123456789",
	} {
		require.Equal(t, text, Redact(text))
	}
}

// TestATokenOfLettersOnly: Hugging Face's have no digit.
func TestATokenOfLettersOnly(t *testing.T) {
	require.Equal(t, "token [redacted huggingface]", Redact("token "+"hf_"+"rEYjVhqqbOqykOYpSqLClMiKdVwJhaDcSN"))
	require.Equal(t, "hf_ThisIsTheNameOfAFunctionOfHuggingFa", Redact("hf_ThisIsTheNameOfAFunctionOfHuggingFa"))
}
