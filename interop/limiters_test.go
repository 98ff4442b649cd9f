package interop

import (
	"fmt"
	"path/filepath"
	"testing"
)

// npm starts a limiter of npm's.
func npm(kind string) func(t *testing.T) []string {
	return func(t *testing.T) []string {
		packages := existing(t, filepath.Join(cache(t), "interop", "limiters-node"))
		port := freePort(t)
		serve(t, port, []string{"LIMITERS=" + packages}, tool(t, "node", "/usr/bin/node"), root(t,
			"interop/servers/limiters.mjs"), kind, fmt.Sprint(port))
		return []string{"--url", endpoint(port, "/mcp")}
	}
}

// pypi starts a limiter of PyPI's.
func pypi(env, kind, limit string) func(t *testing.T) []string {
	return func(t *testing.T) []string {
		port := freePort(t)
		serve(t, port, nil, python(t, "interop/"+env), root(t, "interop/servers/limiters.py"), kind, limit,
			fmt.Sprint(port))
		return []string{"--url", endpoint(port, "/mcp")}
	}
}

// lawful are limiters that are no bucket, or promise more than one: each is to pass under its
// own promise. Those of a minute are asked for no longer than their reset.
func lawful() []cell {
	short := []string{"--budget", "time=80s"}
	var list []cell
	for _, f := range fastMCPs {
		charged := " methods *"
		if f.version == "2.12.5" { // before 2.13 not every request is
			charged = " methods tools/call may *"
		}
		list = append(list, cell{Server: "FastMCP " + f.version, Limiter: "own, sliding window",
			start: fastMCP(f.python, "sliding"), flags: short, promises: []string{"20 per 1m sliding" + charged},
			shape: fastMCPShape(f.version)})
	}
	// The request that opens a session is none of its own.
	for _, f := range []struct{ version, python string }{{"2.14.7", "fastmcp2"}, {"4.1.1", "fastmcp-newest"}} {
		list = append(list, cell{Server: "FastMCP " + f.version, Limiter: "own, sliding window a session",
			start:    fastMCP(f.python, "sliding", "--client"),
			flags:    append([]string{"--protocol", "2025-06-18"}, short...),
			promises: []string{"20 per 1m sliding per session methods tools/call may *"},
			shape:    fastMCPShape(f.version)})
	}
	const calls = " methods tools/call"
	for _, c := range []cell{
		{Server: "Express 5", Limiter: "express-rate-limit 8, every request", start: npm("window"),
			promises: []string{"30 per 10s fixed per address methods *"}},
		{Server: "Express 5", Limiter: "rate-limiter-flexible 11", start: npm("flexible"),
			promises: []string{"20 per 5s fixed" + calls}},
		{Server: "Express 5", Limiter: "rate-limiter-flexible 11, with a block", start: npm("block"),
			promises: []string{"20 per 2s fixed lockout 8s" + calls}},
		{Server: "Starlette", Limiter: "limits 5, fixed window", start: pypi("limits", "fixed", "30/10seconds"),
			promises: []string{"30 per 10s fixed" + calls}},
		{Server: "Starlette", Limiter: "limits 5, moving window", start: pypi("limits", "moving", "30/10seconds"),
			promises: []string{"30 per 10s sliding" + calls}},
		{Server: "Starlette", Limiter: "limits 5, sliding counter", start: pypi("limits", "counter", "30/10seconds"),
			promises: []string{"30 per 10s counter" + calls}},
		{Server: "Starlette", Limiter: "slowapi 0.1, every POST", start: pypi("limits", "slowapi", "30/10seconds"),
			promises: []string{"30 per 10s fixed per address methods *"}},
	} {
		c.shape = "429"
		list = append(list, c)
	}
	list = append(list, cell{Server: "mcp-go", Limiter: "nginx limit_req nodelay, HTTP 429", shape: "429",
		start: nginx(mcpGo(0), 429, "nodelay"), promises: []string{"10/s burst 20 per address methods *"}})
	for i := range list {
		list[i].expect = "pass"
	}
	return list
}
