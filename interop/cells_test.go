package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What every limiter of the matrix is set to.
const (
	rate  = 10
	burst = 20
)

// A cell is one server of the matrix, behind one limiter.
type cell struct {
	Server  string // for people, with its version
	Limiter string
	start   func(t *testing.T) []string // starts it and returns how mcpload reaches it
	flags   []string                    // more flags of run
	// laws that the server is held to, in place of a bucket
	promises []string
	expect   string // the verdict of run: pass, fail, or inconclusive
	because  string // what a fail says
	shape    string // how refusals look: a part of what probe says
	costs    string // what requests cost: a part of what probe says
	boxed    bool   // the measured box holds the rate and the burst that were set
	unprobed bool   // a sample has probed its limiter elsewhere
}

// fastMCPs are the versions of FastMCP that are judged, and the environments that have them.
var fastMCPs = []struct{ version, python string }{
	{"2.12.5", "interop/fastmcp-2.12.5"}, {"2.13.3", "interop/fastmcp-2.13.3"}, {"2.14.7", "fastmcp2"},
	{"3.1.1", "interop/fastmcp-3.1.1"}, {"3.4.11", "interop/fastmcp-3.4.11"}, {"4.1.1", "fastmcp-newest"},
}

// cells is the matrix.
func cells() []cell {
	var list []cell
	for _, f := range fastMCPs {
		name := "FastMCP " + f.version
		list = append(list,
			cell{Server: name, Limiter: "none", start: fastMCP(f.python, "none"), expect: "fail",
				because: "no limiter is at work"},
			cell{Server: name, Limiter: "own, token bucket, global", start: fastMCP(f.python, "token", "--global"),
				expect: "pass", boxed: true, shape: fastMCPShape(f.version), costs: hiddenCharge(f.version)},
			cell{Server: name, Limiter: "own, token bucket, a session", start: fastMCP(f.python, "token", "--client"),
				flags: []string{"--scope", "client", "--protocol", "2025-06-18"}, expect: "pass", boxed: true,
				shape: fastMCPShape(f.version)},
		)
	}
	list = append(list,
		cell{Server: "Python SDK 1.30.0", Limiter: "none", start: pythonSDK("fastmcp2"), expect: "fail",
			because: "no limiter is at work"},
		cell{Server: "Python SDK 2.3.0", Limiter: "none", start: pythonSDK("fastmcp-newest"), expect: "fail",
			because: "no limiter is at work"},
		cell{Server: "server-everything, stdio", Limiter: "none", start: everythingStdio, flags: echoes, expect: "fail",
			because: "no limiter is at work"},
		cell{Server: "server-everything, SSE", Limiter: "none", start: everything("sse", "/sse"), flags: echoes,
			expect: "fail", because: "no limiter is at work"},
		cell{Server: "server-everything, HTTP", Limiter: "none", start: everything("streamableHttp", "/mcp"),
			flags: echoes, expect: "fail", because: "no limiter is at work"},
		cell{Server: "mcp-go", Limiter: "none", start: mcpGo(0), expect: "fail", because: "no limiter is at work"},
		cell{Server: "mcp-go", Limiter: "own, x/time/rate in a tool middleware", start: mcpGo(rate), expect: "pass",
			boxed: true, shape: "no error code"},
		cell{Server: "mcp-go, 2025-11-25", Limiter: "own, x/time/rate in a tool middleware", start: mcpGo(rate),
			flags: []string{"--protocol", "2025-11-25"}, expect: "pass", boxed: true, shape: "no error code"},
		cell{Server: "go-sdk", Limiter: "none", start: goSDK(0), expect: "fail", because: "no limiter is at work"},
		cell{Server: "go-sdk", Limiter: "own, x/time/rate in a receiving middleware", start: goSDK(rate),
			expect: "pass", boxed: true, shape: "no error code"},
		cell{Server: "go-sdk, 2025-11-25", Limiter: "own, x/time/rate in a receiving middleware", start: goSDK(rate),
			flags: []string{"--protocol", "2025-11-25"}, expect: "pass", boxed: true, shape: "no error code"},
		cell{Server: "go-sdk, 2026-07-28", Limiter: "own, x/time/rate in a receiving middleware",
			start: goSDK(rate, "-stateless"), flags: []string{"--protocol", "2026-07-28"}, expect: "pass", boxed: true,
			shape: "no error code"},
		cell{Server: "go-sdk, no sessions", Limiter: "own, x/time/rate in a receiving middleware",
			start: goSDK(rate, "-stateless"), flags: []string{"--protocol", "2025-06-18"}, expect: "pass", boxed: true,
			shape: "no error code"},
	)
	behind := []struct {
		name  string
		start func(t *testing.T) []string
		flags []string
	}{
		{"FastMCP 2.14.7", fastMCP("fastmcp2", "none"), nil},
		{"server-everything, HTTP", everything("streamableHttp", "/mcp"), echoes},
		{"mcp-go", mcpGo(0), nil},
		{"go-sdk", goSDK(0), nil},
	}
	for _, b := range behind {
		list = append(list,
			cell{Server: b.name, Limiter: "nginx limit_req nodelay, HTTP 503", start: nginx(b.start, 503, "nodelay"),
				flags: append([]string{"--refusal", "status=503"}, b.flags...), expect: "pass", boxed: true,
				shape: "503"},
			cell{Server: b.name, Limiter: "nginx limit_req nodelay, HTTP 429", start: nginx(b.start, 429, "nodelay"),
				flags: b.flags, expect: "pass", boxed: true, shape: "429"},
			cell{Server: b.name, Limiter: "nginx limit_req, which delays", start: nginx(b.start, 429, ""),
				flags: b.flags, expect: "", shape: "429"},
		)
	}
	return append(list, lawful()...)
}

// echoes loads the reference server with its cheapest tool.
var echoes = []string{"--tool", "echo", "--args", `{"message":"hello"}`}

// fastMCPShape is how FastMCP refuses a tool call.
func fastMCPShape(version string) string {
	if strings.HasPrefix(version, "4.") {
		return "-32000"
	}
	return "no error code"
}

// hiddenCharge is what a call of an unknown tool costs: FastMCP looks the name
// up by a tools/list that its own middleware charges as well.
func hiddenCharge(version string) string {
	if strings.HasPrefix(version, "4.") {
		return ""
	}
	return "a call of an unknown tool 2"
}

func fastMCP(env, middleware string, scope ...string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		port := freePort(t)
		argv := append([]string{python(t, env), root(t, "testdata/live/fastmcp_server.py"), "--middleware", middleware,
			"--rate", fmt.Sprint(rate), "--burst", fmt.Sprint(burst), "--port", fmt.Sprint(port)}, scope...)
		serve(t, port, nil, argv...)
		return []string{"--url", endpoint(port, "/mcp")}
	}
}

func pythonSDK(env string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		port := freePort(t)
		serve(t, port, nil, python(t, env), root(t, "interop/servers/python_sdk.py"), fmt.Sprint(port))
		return []string{"--url", endpoint(port, "/mcp")}
	}
}

func everythingScript(t *testing.T) (node, script string) {
	node, err := exec.LookPath("node")
	require.NoError(t, err, "node is needed")
	return node,
		existing(t, filepath.Join(cache(t),
			"everything/node_modules/@modelcontextprotocol/server-everything/dist/index.js"))
}

func everythingStdio(t *testing.T) []string {
	node, script := everythingScript(t)
	return []string{"--", node, script, "stdio"}
}

func everything(mode, path string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		port := freePort(t)
		node, script := everythingScript(t)
		serve(t, port, []string{fmt.Sprintf("PORT=%d", port)}, node, script, mode)
		return []string{"--url", endpoint(port, path)}
	}
}

func mcpGo(perSecond int) func(*testing.T) []string {
	return func(t *testing.T) []string {
		port := freePort(t)
		serve(t, port, nil, built(t, root(t, ""), "./testdata/live/gomcp"), "-rate", fmt.Sprint(perSecond), "-burst",
			fmt.Sprint(burst), "-addr", fmt.Sprintf("127.0.0.1:%d", port))
		return []string{"--url", endpoint(port, "/mcp")}
	}
}

func goSDK(perSecond int, more ...string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		port := freePort(t)
		argv := append([]string{built(t, root(t, "interop"), "./gosdk"), "-rate", fmt.Sprint(perSecond), "-burst",
			fmt.Sprint(burst), "-addr", fmt.Sprintf("127.0.0.1:%d", port)}, more...)
		serve(t, port, nil, argv...)
		return []string{"--url", endpoint(port, "/mcp")}
	}
}

// nginx puts the limiter of nginx in front of a server over HTTP.
func nginx(upstream func(*testing.T) []string, status int, nodelay string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		target := upstream(t)[1]
		port, dir := freePort(t), t.TempDir()
		var upstreamPort int
		_, err := fmt.Sscanf(strings.TrimPrefix(target, "http://127.0.0.1:"), "%d/mcp", &upstreamPort)
		require.NoError(t, err, target)
		text, err := os.ReadFile(root(t, "interop/servers/nginx.conf"))
		require.NoError(t, err)
		filled := strings.NewReplacer("DIR", dir, "PORT", fmt.Sprint(port), "UPSTREAM", fmt.Sprint(upstreamPort),
			"STATUS", fmt.Sprint(status), " NODELAY", strings.TrimRight(" "+nodelay, " ")).Replace(string(text))
		conf := filepath.Join(dir, "nginx.conf")
		require.NoError(t, os.WriteFile(conf, []byte(filled), 0o600))
		require.NoError(t, os.Chmod(dir, 0o755)) // its workers have another user
		serve(t, port, nil, tool(t, "nginx", "/usr/sbin/nginx"), "-p", dir, "-c", conf)
		return []string{"--url", endpoint(port, "/mcp")}
	}
}
