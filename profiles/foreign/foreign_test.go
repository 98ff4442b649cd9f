package foreign

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/promise"
)

// Each file in testdata is read as the laws of its .want, line by line.
func TestRead(t *testing.T) {
	wants, err := filepath.Glob("testdata/*.want")
	require.NoError(t, err)
	require.Len(t, wants, 23, "all cases are there")
	for _, want := range wants {
		file := strings.TrimSuffix(want, ".want")
		t.Run(filepath.Base(file), func(t *testing.T) {
			in := read(t, file)
			got := ""
			for _, l := range in.Laws {
				got += fmt.Sprintf("%d: %s\n", l.Line, l.Law)
				back, err := promise.Parse(l.Law.String())
				require.NoError(t, err, "a law is written as it is read")
				require.Equal(t, l.Law.String(), back.String())
			}
			text, err := os.ReadFile(want)
			require.NoError(t, err)
			require.Equal(t, string(text), got)
			require.NoError(t, in.Promise().Validate())
			for _, n := range in.Notes {
				require.Positive(t, n.Line, n.Text)
			}
		})
	}
}

func read(t *testing.T, file string) Import {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	in, err := Read(file, data)
	require.NoError(t, err)
	return in
}

// What laws can't say, or the file doesn't, is said with its line.
func TestNotes(t *testing.T) {
	for file, wants := range map[string][]string{
		"nginx.conf": {"10: .*holds in \"location /mcp\" only", "5: .*taken as one counter a credential",
			"13: .*no limit_req_zone named \"none\"",
			"17: .*a dry run", "14: .*an open stream", "4: .*without that header"},
		"envoy-local.yaml": {"7: .*up to version 1.30", "19: token_bucket: filter_enabled is less than all .*isn't taken",
			"25: token_bucket: filter_enabled isn't said.*isn't taken", "29: .*counts connections",
			"33: .*BURST.* is no whole number"},
		"envoy-global.yaml": {"15: .*nothing is refused", "18: .*a unit of \"year\"", "20: .*unlimited"},
		"kong.yaml": {"6: .*no law is of a year", "14: .*not enabled", "5: .*nothing is refused",
			"18: .*each node counts for itself"},
		"server.py": {"8: .*taken as one counter a credential", "10: .*RATE.*only the program knows"},
		"envoy-nested.yaml": {"14: .*5 per 1s aligned per credential.tool isn't taken: .*no other descriptor has",
			"35: .*isn't taken: only requests with plan=silver", "43: .*INIT_LIMIT", "4: .*no further entry"},
		"kong-scopes.yaml": {"37: .*of consumer alice alone.*isn't taken", "43: .*of consumer bob", "51: .*gold",
			"60: .*isn't taken: requests that meet the one of line 6 .service notes-mcp.", "28: .*isn't read",
			"31: .*isn't read"},
		"nginx-places.conf": {"10: include .*isn't read", "13: .*isn't taken: .*has a limit_conn of its own",
			"14: .*isn't taken: .location /mcp. has a limit_req of its own", "20: include ",
			"24: .*isn't taken: holds in .location /slow. only"},
		"express.ts": {"11: .*keyGenerator returns: taken as one", "16: windowMs is .WINDOW., which only the",
			"17: slowDown delays"},
		"traefik.yaml": {"10: .*forgets who sends nothing for 11s", "15: .*X-Forwarded-For", "18: .*an average of 0",
			"34: .*in Redis", "42: .*burst is .many.", "29: another limit than that of line 6"},
		"envoy-anchors.yaml": {"15: .*what matches it", "34: .*isn't taken: .*no other descriptor has",
			"40: .*isn't taken: only requests with tool=get_", "43: .*quota_mode: nothing is refused",
			"45: .*unit_multiplier isn't known.*isn't taken", "49: a text that looks like a configuration.*line 50",
			"2: another limit than that of line 8"},
		"kong-flat.yaml": {"33: .*of route other, which doesn't look like", "46: .*not enabled",
			"53: .*isn't taken: requests that meet the one of line 59 .KongPlugin mcp-limit"},
		"nginx-inherited.conf": {"8: limit_req.*a dry run", "8: limit_conn.*a dry run", "12: .*a dry run",
			"16: .*a dry run", "2: .*where that is empty, nothing is counted"},
		"express-members.ts": {"3: windowMs is .windowMs., which only", "4: .*base may hold any option: isn't taken",
			"9: who shares", "9: which requests are free", "10: limit is", "11: .*stands elsewhere", "12: .*any option"},
		"traefik.toml":  {"11: .*the header X-Team"},
		"toolhive.yaml": {"13: .*shared isn't looked at", "16: .*who isn't has no such limit", "25: .*refillPeriod .soon."},
		"agentgateway.yaml": {"11: .*each replica", "15: .*language models", "19: .*this form isn't known",
			"25: .*x-team", "27: remoteRateLimit"},
		"upstash.ts": {"5: .*what limit", "17: .*only the program knows", "18: .*each region", "19: .*each process"},
		"upstash.py": {"6: .*refill_rate is .RATE."},
		"slowapi.py": {"5: default_limits: the MCP route", "21: .*holds for /login", "26: .*other HTTP methods",
			"30: .*.RATE. only the program knows"},
		"slowapi-defaults.py": {"3: .*what user_of returns", "6: .*isn't said here", "10: .*.often. isn't a limit"},
		"server-several.py": {"7: class Strict", "24: .*stands below .if DEBUG:", "28: .*any argument",
			"29: .*the same limit as in line 12"},
		"server-constants.py": {"30: .*.TWICE., which only", "31: .*.GROWN.", "32: .*.HALF.", "33: .*.PAIR.",
			"34: .*.FROM_ENV.", "35: .*.LOOPED.", "36: .*.KEYWORD."},
	} {
		in := read(t, filepath.Join("testdata", file))
		all := ""
		for _, n := range in.Notes {
			all += fmt.Sprintf("%d: %s\n", n.Line, n.Text)
		}
		for _, want := range wants {
			require.Regexp(t, "(?m)^"+want, all, file)
		}
	}
	require.Equal(t, []int{503}, read(t, "testdata/envoy-local.yaml").Statuses)
	require.Equal(t, []int{403}, read(t, "testdata/kong.yaml").Statuses)
	require.Equal(t, []int{503}, read(t, "testdata/nginx.conf").Statuses, "limit_conn_status isn't said")
	require.Equal(t, []int{503}, read(t, "testdata/nginx-inherited.conf").Statuses, "509 is of another place")
	require.Empty(t, read(t, "testdata/express-members.ts").Statuses, "a statusCode within a message is none")
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"a: 1":                        "no limit that can be read",
		"{":                           "no YAML",
		"rateLimit: {average: 0}":     "an average of 0 is no limit",
		"rateLimit: {average: -1}":    `average is "-1", which is no whole number above 0`,
		"localRateLimit: [{type: a}]": "this form isn't known",
		"localRateLimit: []":          "no limit that can be read",
		"rateLimiting: {perUser: {}}": "maxTokens isn't known",
		"limit_req zone=a;":           `line 1: limit_req zone=a: no limit_req_zone named "a"`,
		"limit_req zone=a":            "line 1: a directive without a semicolon",
		"limit_req zone=a;\n}}":       "line 2: a brace",
		"limit_req 'zone":             "line 1: a quote without its end",
		"domain: x\ndescriptors: &d\n- {key: a, descriptors: *d}": "line 2: an anchor stands within itself",
		"a: &a\n  <<: *a":               "line 1: an anchor stands within itself",
		bomb():                          "more than 1000000 values",
		strings.Repeat("x", MaxBytes+1): "more than 4194304 bytes",
	} {
		_, err := Read("file", []byte(text))
		require.ErrorContains(t, err, want)
	}
	for file, text := range map[string]string{"a.py": "Limiter(key, default_limits=['5/minute'])",
		"b.ts": "// Ratelimit.fixedWindow(1, '1 s')", "c.toml": "[http.middlewares.a.rateLimit]\naverage = \"x\"",
		"d.py": "from slowapi import Limiter\nl = Limiter(key, default_limits=['5/minute'], enabled=False)"} {
		_, err := Read(file, []byte(text))
		require.ErrorContains(t, err, "no limit that can be read", file)
	}
	_, err := Read("x.py", []byte("app.add_middleware(RateLimitingMiddleware, max_requests_per_second=5)"))
	require.ErrorContains(t, err, "line 1: RateLimitingMiddleware: is handed on by its name")
	_, err = Read("x.py", []byte("RateLimitingMiddleware(RATE)"))
	require.ErrorContains(t, err, `line 1: RateLimitingMiddleware: max_requests_per_second is "RATE"`)
}

// bomb is a small file of which each line holds ten times the one before.
func bomb() string {
	text := "a0: &a0 [x]\n"
	for i := range 9 {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 10))
	}
	return text
}

// Whatever stands in a file, reading it ends, and a profile of it holds one line a law.
func FuzzRead(f *testing.F) {
	for _, file := range []string{"nginx.conf", "envoy-local.yaml", "envoy-global.yaml", "kong.yaml", "server.py",
		"envoy-nested.yaml", "kong-scopes.yaml", "nginx-places.conf", "server-several.py", "express.ts",
		"traefik.yaml", "traefik.toml", "toolhive.yaml", "agentgateway.yaml", "upstash.ts", "upstash.py", "slowapi.py",
		"slowapi-defaults.py", "envoy-anchors.yaml", "kong-flat.yaml", "nginx-inherited.conf", "express-members.ts"} {
		data, err := os.ReadFile(filepath.Join("testdata", file))
		require.NoError(f, err)
		f.Add(file, data)
	}
	f.Fuzz(func(t *testing.T, file string, data []byte) {
		in, err := Read(file, data)
		if err != nil {
			return
		}
		require.NoError(t, in.Promise().Validate())
		require.Equal(t, len(in.Laws), strings.Count(string(in.Profile("x")), "\n  - "))
	})
}

// What stands in a file and isn't read is said.
func TestWhatIsLeftOutIsSaid(t *testing.T) {
	for _, row := range []struct{ file, text, says string }{
		{"a.yaml", "kind: KongPlugin\nplugin: rate-limiting\nconfigFrom: {secretKeyRef: {name: x, key: y}}\n---\n" +
			"kind: KongPlugin\nplugin: rate-limiting\nconfig: {minute: 5}\n", "1: rate-limiting: its configuration is " +
			"another object's"},
		{"a.yaml", "plugins:\n- name: rate-limiting-advanced\n  config: {limit: [5], window_size: [60], sync_rate: 0,\n" +
			"    throttling: {enabled: true}}\n", "4: rate-limiting-advanced: throttling: "},
		{"a.yaml", "filters:\n- typed_config:\n    '@type': type.googleapis.com/envoy.extensions.filters.http." +
			"ratelimit.v3.RateLimit\n    domain: edge\n- token_bucket: {max_tokens: 5, fill_interval: 1s}\n" +
			"  filter_enabled: {default_value: {numerator: 100}}\n  filter_enforced: {default_value: {numerator: 100}}\n",
			"3: a rate limit service holds the limits of domain edge"},
		{"a.py", "a = rl.RateLimitingMiddleware(max_requests_per_second=2)\nmcp = FastMCP()\n",
			"1: RateLimitingMiddleware: nothing in this file uses a"},
	} {
		in, err := Read(row.file, []byte(row.text))
		require.NoError(t, err)
		var notes []string
		for _, n := range in.Notes {
			notes = append(notes, fmt.Sprintf("%d: %s", n.Line, n.Text))
		}
		require.Contains(t, strings.Join(notes, "\n"), row.says)
		require.Len(t, in.Laws, 1)
	}
	in, err := Read("a.py", []byte("a = RateLimitingMiddleware(2)\nmcp = FastMCP(middleware=[a])\n"))
	require.NoError(t, err)
	require.Empty(t, in.Notes)
}
