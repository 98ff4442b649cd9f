package interop

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clientScenarios are those of the official suite that need no browser, by what
// official/main.go does in each.
var clientScenarios = []string{
	"initialize", "tools_call", "elicitation-sep1034-client-defaults", "sse-retry", "request-metadata",
	"sep-2322-client-request-state", "http-standard-headers", "http-custom-headers", "http-invalid-tool-headers",
	"json-schema-ref-no-deref", "json-schema-2020-12-preservation", "auth/client-credentials-basic",
}

// notPlayed are the others, and why mcpload isn't their client.
var notPlayed = map[string]string{
	"auth/client-credentials-jwt":               "it signs with a private key: mcpload has a client's secret only",
	"auth/wif-jwt-bearer":                       "likewise",
	"auth/dpop":                                 "likewise",
	"auth/dpop-nonce":                           "likewise",
	"auth/enterprise-managed-authorization":     "a user signs in elsewhere first",
	"sep-2640-client-no-prefetch":               "an extension that mcpload lacks: skills",
	"sep-2640-client-verify-digest":             "likewise",
	"sep-2640-client-verify-size":               "likewise",
	"sep-2640-client-verify-frontmatter":        "likewise",
	"auth/2025-03-26-oauth-metadata-backcompat": browser, "auth/2025-03-26-oauth-endpoint-fallback": browser,
	"auth/metadata-default": browser, "auth/metadata-var1": browser, "auth/metadata-var2": browser,
	"auth/metadata-var3": browser,
	"auth/basic-cimd":    browser, "auth/scope-from-www-authenticate": browser,
	"auth/scope-from-scopes-supported":  browser,
	"auth/scope-omitted-when-undefined": browser, "auth/scope-step-up": browser, "auth/scope-retry-limit": browser,
	"auth/token-endpoint-auth-basic": browser, "auth/token-endpoint-auth-post": browser,
	"auth/token-endpoint-auth-none": browser,
	"auth/pre-registration":         browser, "auth/resource-mismatch": browser, "auth/offline-access-scope": browser,
	"auth/offline-access-not-supported": browser, "auth/authorization-server-migration": browser,
	"auth/iss-supported":      browser,
	"auth/iss-not-advertised": browser, "auth/iss-supported-missing": browser, "auth/iss-wrong-issuer": browser,
	"auth/iss-unexpected": browser, "auth/iss-normalized": browser, "auth/metadata-issuer-mismatch": browser,
}

// browser says that a scenario's token comes of an authorization code, which a
// browser fetches.
const browser = "a user's browser fetches its code"

// official is how the suite is started.
func official(t *testing.T, args ...string) *exec.Cmd {
	modules := existing(t, filepath.Join(cache(t), "interop", "official", "node_modules"))
	return exec.Command(filepath.Join(modules, ".bin", "node"),
		append([]string{filepath.Join(modules, ".bin", "conformance")}, args...)...)
}

// TestMcploadIsAClientForTheOfficialSuite in each of its scenarios that needs no browser.
func TestMcploadIsAClientForTheOfficialSuite(t *testing.T) {
	client := built(t, root(t, "interop"), "./official") + " " + built(t, root(t, "."), "./cmd/mcpload")
	passed := regexp.MustCompile(`Passed: [1-9]\d*/\d+, 0 failed, 0 warnings`)
	for _, scenario := range clientScenarios {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			cmd := official(t, "client", "--command", client, "--scenario", scenario, "--timeout", "60000")
			cmd.Dir = t.TempDir()
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
			assert.Regexp(t, passed, string(out))
		})
	}
}

// TestEveryClientScenarioIsPlayedOrNamed fails where the suite has one that this
// table doesn't know.
func TestEveryClientScenarioIsPlayedOrNamed(t *testing.T) {
	out, err := official(t, "list").Output()
	require.NoError(t, err)
	_, list, found := strings.Cut(string(out), "Client scenarios")
	require.True(t, found, string(out))
	list, _, _ = strings.Cut(list, "Authorization server scenarios")
	names := regexp.MustCompile(`(?m)^  - (\S+)`).FindAllStringSubmatch(list, -1)
	require.Len(t, names, len(clientScenarios)+len(notPlayed))
	for _, m := range names {
		if notPlayed[m[1]] == "" {
			assert.Contains(t, clientScenarios, m[1])
		}
	}
}
