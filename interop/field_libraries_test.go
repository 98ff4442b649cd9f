//go:build field

package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/didip/tollbooth/v7"
	"github.com/stretchr/testify/require"
)

// proxied is a door behind nginx with its own limit, and no other.
func proxied(limit string) func(t *testing.T) []string {
	return func(t *testing.T) []string {
		behind, dir, port := (&door{takes: 20 * time.Millisecond}).address(t), t.TempDir(), freePort(t)
		template, err := os.ReadFile(root(t, "interop/servers/nginx_limits.conf"))
		require.NoError(t, err)
		conf := strings.NewReplacer("{dir}", dir, "{port}", fmt.Sprint(port), "{behind}", strings.TrimSuffix(behind,
			"/mcp"),
			"{limit}", limit).Replace(string(template))
		path := filepath.Join(dir, "nginx.conf")
		require.NoError(t, os.WriteFile(path, []byte(conf), 0o600))
		serve(t, port, nil, tool(t, "nginx", "/usr/sbin/nginx"), "-p", dir, "-c", path)
		return []string{"--url", endpoint(port, "/mcp")}
	}
}

// librarian are limiters of real libraries: each is named rightly or left open.
func librarian() []limiter {
	const more = "probe --tool ping --budget calls=1200,time=8m "
	var nobody []string
	return []limiter{
		{"L02", "express-rate-limit", npm("window"), []step{
			{laws + "--promise '30 per 10s fixed'", open, []string{`kept: 30 per`}, nil},
			{probes, open, nil, but("window that opens")},
		}},
		{"L02", "express-rate-limit of 15 minutes", npm("long"), []step{
			{laws + "--promise '100 per 15m fixed' ", []int{2}, []string{`remember that for 15m`}, nil},
			{laws + "--promise '100 per 15m fixed' --fresh --dry-run", passes, []string{`at most|left out`}, nil},
		}},
		{"L03", "limits, fixed", pypi("limits", "fixed", "30/10seconds"), []step{
			{laws + "--promise '30 per 10s fixed methods tools/call'", open, []string{`kept: 30 per`}, nil},
			{laws + "--promise '30 per 10s sliding methods tools/call'", fails, []string{`fixed`}, nil},
			{probes, open, nil, but("window that opens")},
		}},
		{"L03", "limits, moving", pypi("limits", "moving", "30/10seconds"), []step{
			{laws + "--promise '30 per 10s sliding methods tools/call'", open, []string{`kept: 30 per`}, nil},
			{probes, open, nil, but("sliding")},
		}},
		{"L03", "slowapi", pypi("limits", "slowapi", "30/10seconds"), []step{{probes, open, nil,
			but("window that opens")}}},
		{"L04", "limits, counter", pypi("limits", "counter", "30/10seconds"), []step{
			{laws + "--promise '30 per 10s counter methods tools/call'", open, nil, nil},
			{probes, undecided, nil, anyName},
		}},
		{"L05", "limits, elastic", pypi("limits-elastic", "elastic", "30/10seconds"), []step{
			{probes, undecided, nil, anyName},
		}},
		{"L06", "rate-limiter-flexible with a block", npm("block"), []step{
			{laws + "--promise '20 per 2s fixed lockout 8s methods tools/call'", open, nil, nil},
			{laws + "--promise '20 per 2s fixed methods tools/call'", fails, nil, nil},
			{probes, undecided, nil, anyName},
		}},
		{"L06", "rate-limiter-flexible", npm("flexible"), []step{{probes, open, nil, but("window that opens")}}},
		{"L06", "rate-limiter-flexible, bursty", npm("bursty"), []step{{more, undecided, nil, anyName}}},
		{"L18", "express-rate-limit of failures", npm("failures"), []step{
			{"probe --tool ping --budget calls=120,time=20s", open,
				[]string{`a limit on calls that fail isn't excluded`}, nil},
		}},
		{"L36", "express-slow-down", npm("slow"), []step{{probes, open, nil, anyName}}},
		{"L36", "Bottleneck", npm("queue"), []step{{probes, open, nil, anyName}}},
		{"L11", "nginx limit_req", proxied("limit_req zone=requests burst=20 nodelay"), []step{
			{probes, open, nil, []string{`no token bucket, but`, `several limits at once`}},
		}},
		{"L37", "nginx limit_conn", proxied("limit_conn connections 5"), []step{{probes, open, nil,
			otherwise("no token bucket, but a ", "concurrency cap (at most 5)")}}},
		{"L16", "tollbooth", func(t *testing.T) []string {
			l := tollbooth.NewLimiter(10, nil)
			l.SetBurst(20)
			return (&door{calls: func(v *visit) {
				if tollbooth.LimitByKeys(l, []string{"everybody"}) != nil {
					v.tooMany("1")
				}
			}}).open(t)
		}, []step{{probes, open, nil, []string{`no token bucket, but`, `several limits at once`}}}},
		{"L03", "FastMCP's sliding window", func(t *testing.T) []string {
			port := freePort(t)
			serve(t, port, nil, python(t, "fastmcp2"), root(t, "testdata/live/fastmcp_server.py"),
				"--middleware", "sliding", "--burst", "20", "--port", fmt.Sprint(port))
			return []string{"--url", endpoint(port, "/mcp")}
		}, []step{{"probe --tool ping --budget calls=600,time=12m", open, nil, but("sliding")}}},
		{"L20", "nobody's", func(t *testing.T) []string { return (&door{}).open(t) }, []step{
			{"probe --tool ping --budget calls=120,time=20s", passes, []string{`no limit up to`}, nobody},
		}},
	}
}
