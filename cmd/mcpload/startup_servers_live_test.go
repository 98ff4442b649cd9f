//go:build live

package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// keyed are servers of others that need a key, and the checks that they fail, as
// docs/STARTUP.md says. Each is started with its key, without, and with a
// placeholder.
var keyed = []struct {
	name, program, env, provider string
	more                         []string
	fails                        []string
}{
	{"tavily", "tavily-mcp", "TAVILY_API_KEY", "tavily", nil, []string{"refuses", "names-format", "no-traceback"}},
	{"firecrawl", "firecrawl-mcp", "FIRECRAWL_API_KEY", "firecrawl", nil, []string{"refuses", "names-format"}},
	{"brave", "brave-search-mcp-server", "BRAVE_API_KEY", "brave", nil, []string{"refuses", "names-variable",
		"names-format"}},
	{"perplexity", "perplexity-mcp", "PERPLEXITY_API_KEY", "perplexity", nil, []string{"refuses", "names-format"}},
	{"exa", "exa-mcp-server", "EXA_API_KEY", "exa", nil, []string{"refuses"}},
	{"github", "mcp-server-github", "GITHUB_PERSONAL_ACCESS_TOKEN", "github", nil, []string{"refuses"}},
	{"gitlab", "mcp-server-gitlab", "GITLAB_PERSONAL_ACCESS_TOKEN", "gitlab", nil, []string{"refuses", "names-format"}},
	{"slack", "mcp-server-slack", "SLACK_BOT_TOKEN", "slack", []string{"--env", "SLACK_TEAM_ID=T01234567"},
		[]string{"refuses", "names-format", "no-traceback"}},
	{"notion", "notion-mcp-server", "NOTION_TOKEN", "notion", nil, []string{"refuses"}},
	{"airtable", "airtable-mcp-server", "AIRTABLE_API_KEY", "airtable", nil, []string{"refuses", "no-traceback"}},
	{"figma", "figma-developer-mcp", "FIGMA_API_KEY", "figma", nil, []string{"refuses", "names-format"}},
	{"elevenlabs", "elevenlabs-mcp", "ELEVENLABS_API_KEY", "elevenlabs", nil, []string{"refuses", "names-format",
		"no-traceback"}},
}

// Twelve servers of others start with a key that was made up as its provider
// issues it: none is inconclusive. What they fail in is theirs.
func TestStartupOfKeyedServers(t *testing.T) {
	self := program(t)
	require.Len(t, keyed, 12)
	for _, k := range keyed {
		t.Run(k.name, func(t *testing.T) {
			var command []string
			if k.name == "elevenlabs" {
				command = []string{installed(t, "keyed-"+k.name, "bin", k.program)}
			} else {
				command = []string{"node", installed(t, "keyed-"+k.name, "node_modules", ".bin", k.program)}
			}
			if k.name == "figma" {
				command = append(command, "--stdio")
			}
			args := append([]string{"--credential", k.env + "=" + k.provider, "--dir", t.TempDir(), "--case",
				"absent,placeholder", "--ready", "60s"}, k.more...)
			status, doc, stderr := started(t, self, append(append(args, "--"), command...)...)
			require.NotNil(t, doc, stderr)
			require.Equal(t, exitFail, status, "%+v", doc.Servers[0].Scenarios[0].Findings)
			require.Equal(t, k.fails, failedStarts(doc), "%+v", doc.Servers[0].Scenarios[0].Findings)
		})
	}
}
