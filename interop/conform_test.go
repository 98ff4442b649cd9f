package interop

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A tried is a server of others that is held to the specification: which MUSTs it
// doesn't keep, as they were read beside the text, and how many rows must be judged.
type tried struct {
	name   string
	start  func(t *testing.T) []string
	broken []string // MUSTs, sorted
	judged int      // rows, at least
}

func triedServers() []tried {
	return []tried{
		{"FastMCP 2.14.7, HTTP", fastMCP("fastmcp2", "none"), []string{"H01", "H01-older", "R04", "R09"}, 46},
		{"FastMCP 3.4.11, HTTP", fastMCP("interop/fastmcp-3.4.11", "none"), []string{"H01", "H01-older", "R04", "R09"},
			46},
		{"FastMCP 4.1.1, HTTP", fastMCP("fastmcp-newest", "none"), []string{"H01", "H01-older", "R09"}, 70},
		{"Python SDK 1.30.0, HTTP", pythonSDK("fastmcp2"), []string{"R04", "R09"}, 45},
		{"Python SDK 2.3.0, HTTP", pythonSDK("fastmcp-newest"), []string{"R09"}, 69},
		{"TypeScript SDK 1.32.2, HTTP", typescriptSDK, []string{"H01", "H01-older"}, 46},
		{"server-everything 2026.8.31, HTTP", everything("streamableHttp", "/mcp"), []string{"H01", "H01-older", "H11",
			"T09"}, 60},
		{"server-everything 2026.8.31, SSE", overSSE(everything("sse", "/sse")), []string{"T09"}, 45},
		{"server-everything 2026.8.31, stdio", everythingStdio, []string{"R09", "T09"}, 50},
		{"mcp-go 1.2.1, HTTP", mcpGo(0), []string{"D02", "H01", "H01-older", "H11", "R09"}, 66},
		{"go-sdk, HTTP", goSDK(0), []string{"H01", "H01-older", "R04"}, 42},
		{"go-sdk without sessions, HTTP", goSDK(0, "-stateless"), []string{"D02", "H01", "H01-older", "H17", "R04"},
			64},
	}
}

// limited are servers that keep the limit of a middleware of theirs: what it refuses is
// no breach, so that none but those without it may be held against them.
func limited() []tried {
	return []tried{
		{"FastMCP 4.1.1, limited", fastMCP("fastmcp-newest", "token", "--global"), []string{"H01", "H01-older", "R09"},
			30},
		{"go-sdk, limited", goSDK(rate), []string{"H01", "H01-older", "R04"}, 30},
		{"mcp-go, limited", mcpGo(rate), []string{"D02", "H01", "H01-older", "H11", "R09"}, 30},
	}
}

// readings say of each MUST that a server above breaks what the specification's text
// demands, and what was seen; each was read beside it.
var readings = map[string]string{
	"D02": "2026-07-28, basic/versioning, Errors: a revision that isn't implemented has to be answered with an " +
		"UnsupportedProtocolVersionError, " +
		"that is code -32022 with the revisions that are. mcp-go and go-sdk answer 400 with a text that is no " +
		"JSON-RPC; context7 serves it over stdio.",
	"H01": "2025-11-25 and 2026-07-28, transports, Security: a request whose Origin isn't valid has to be answered " +
		"with 403. A request of a page at " +
		"another address is served. That servers can be set up to refuse it is no matter: these listen on the " +
		"loopback address, where rebinding is what the rule is against.",
	"H01-older": "2025-03-26 and 2025-06-18, transports, Security Warning: the Origin has to be validated, without a " +
		"status that is named. The same request is served.",
	"H11": "2025-03-26 to 2025-11-25, transports, Session Management: behind the end of a session requests with its " +
		"id have to be answered with 404. " +
		"After a DELETE that is answered with 200 server-everything says 400, and mcp-go serves on.",
	"H17": "2026-07-28, transports/streamable-http, Value Encoding: servers have to decode an Mcp-Name that is spelt " +
		"in Base64 before they compare it. " +
		"go-sdk refuses the body's own name, so spelt, as another one.",
	"R04": "all revisions, basic, by JSON-RPC 2.0 §5.1: -32601 is the error of a method that doesn't exist. Python " +
		"SDK 1.x, and FastMCP on it, say -32602; " +
		"go-sdk answers 400 with a text that is no JSON-RPC, where a request has to be answered in JSON or by an " +
		"event stream (transports, Sending Messages).",
	"R09": "2025-03-26, basic, Batching: whoever speaks the revision has to take batches. A batch of two pings and a " +
		"notification has not both results; " +
		"all of these agree to 2025-03-26 when they are asked for it.",
	"T09": "2024-11-05 and 2025-03-26, schema of a call's result: the types of content are those of the revision, " +
		"and resource_link came with 2025-06-18. " +
		"The tool get-resource-links gives such content to clients of older revisions.",
}

func typescriptSDK(t *testing.T) []string {
	port := freePort(t)
	node, script := everythingScript(t)
	modules := script[:strings.Index(script, "node_modules")+len("node_modules")]
	serve(t, port, nil, node, root(t, "interop/servers/typescript_sdk.mjs"), modules, fmt.Sprint(port))
	return []string{"--url", endpoint(port, "/mcp")}
}

func overSSE(start func(*testing.T) []string) func(*testing.T) []string {
	return func(t *testing.T) []string { return append([]string{"--transport", "sse"}, start(t)...) }
}

// conformed is what the table needs of a document of conform.
type conformed struct {
	Servers []struct {
		Target    struct{ Protocol string }
		Scenarios []struct {
			Conform struct {
				Protocol, Ended string
				Rows            []struct{ ID, Level, Answer, Saw string }
			}
		}
	}
}

// came is which rows failed, and how many were judged, in any revision.
func (c conformed) came(t *testing.T) (must, below []string, judged int) {
	seen := map[string]bool{}
	for _, s := range c.Servers[0].Scenarios {
		assert.Empty(t, s.Conform.Ended)
		for _, r := range s.Conform.Rows {
			seen[r.ID] = seen[r.ID] || r.Answer == "pass" || r.Answer == "fail"
			list := &below
			if r.Level == "MUST" {
				list = &must
			}
			if r.Answer == "fail" && !slices.Contains(*list, r.ID) {
				*list = append(*list, r.ID)
				t.Logf("%s %s in %s: %s", r.Level, r.ID, s.Conform.Protocol, r.Saw)
			}
		}
	}
	for _, was := range seen {
		if was {
			judged++
		}
	}
	slices.Sort(must)
	slices.Sort(below)
	return must, below, judged
}

// TestConform holds servers of others to the specification: no MUST may be held against
// them that isn't in the table, and no fewer rows be judged. A busy machine leaves rows
// open now and then, so that one may be tried again; it never makes any fail.
func TestConform(t *testing.T) {
	list := triedServers()
	lines := make([]string, len(list))
	t.Run("servers", func(t *testing.T) {
		for i, c := range slices.Concat(list, limited()) {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				for try := 1; ; try++ {
					var doc conformed
					mcpload(t, &doc, append([]string{"conform", "--format", "json", "--no-store"}, c.start(t)...)...)
					must, below, judged := doc.came(t)
					assert.Subset(t, append(slices.Clone(c.broken), ""), must, "another MUST is held against it")
					if i < len(list) {
						lines[i] = fmt.Sprintf("| %s | %s | %d | %s | %s |\n", c.name, doc.Servers[0].Target.Protocol,
							judged,
							strings.Join(must, ", "), strings.Join(below, ", "))
					}
					if try < 3 && (judged < c.judged || i < len(list) && !slices.Equal(must, c.broken)) {
						continue
					}
					assert.GreaterOrEqual(t, judged, c.judged, "too few rows are judged")
					if i < len(list) {
						assert.Equal(t, c.broken, must)
					}
					return
				}
			})
		}
	})
	if *update && !t.Failed() {
		require.NoError(t, os.WriteFile(root(t, "docs/CONFORMANCE_SERVERS.md"), []byte(serversPage(lines, byHand(t))), 0o644))
	}
}

// TestEveryMustWasRead: what is published was read beside the specification, and the
// page says so of each.
func TestEveryMustWasRead(t *testing.T) {
	text, err := os.ReadFile(root(t, "docs/CONFORMANCE_SERVERS.md"))
	require.NoError(t, err)
	assert.Contains(t, serversPage(nil, byHand(t)), "| Kotlin SDK 0.16.0, stdio |", "what was tried by hand is kept")
	for _, c := range triedServers() {
		assert.Contains(t, string(text), "| "+c.name+" |", "write it anew with -update")
		for _, id := range c.broken {
			assert.NotEmpty(t, readings[id], id)
			assert.Contains(t, string(text), "- **"+id+"** ("+readings[id][:10], id)
		}
	}
}

// byHand is what the page has of servers that aren't installed for this, which is kept as it is.
func byHand(t *testing.T) string {
	text, err := os.ReadFile(root(t, "docs/CONFORMANCE_SERVERS.md"))
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(text), "\n## Tried once, by hand\n")
	require.True(t, ok, "nothing was tried by hand any more")
	return "\n## Tried once, by hand\n" + rest
}

// serversPage is docs/CONFORMANCE_SERVERS.md.
func serversPage(lines []string, byHand string) string {
	var b strings.Builder
	b.WriteString("# What `mcpload conform` found in servers of others\n\nMade by `make interop UPDATE=1`: servers " +
		"as they install, or the least that their SDK makes, on one machine, in every\n" +
		"revision that they speak, without a fixture, a token or a setting. `make interop` holds them to it: no " +
		"other MUST may\n" +
		"be held against them, nor against those that keep a rate limit, and not many fewer rows be judged.\n\n" +
		"| server | revisions | rows that could be judged | MUST not kept | below a MUST |\n|---|---|---|---|---|\n")
	for _, line := range lines {
		b.WriteString(line)
	}
	b.WriteString("\nEach MUST was read beside the specification before it was written down here.\n\n")
	for _, id := range sorted(readings) {
		where, what, _ := strings.Cut(readings[id], ": ")
		fmt.Fprintf(&b, "- **%s** (%s): %s\n", id, where, what)
	}
	b.WriteString(byHand)
	return b.String()
}

func sorted(m map[string]string) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}
