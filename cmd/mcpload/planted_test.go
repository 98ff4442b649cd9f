package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"unicode"
	"unicode/utf8"

	"compress/gzip"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/results/export"
	"github.com/mcpload/mcpload/results/store"
	"github.com/mcpload/mcpload/results/ui"
)

// A talker is a server that tells everything that it knows, wherever a server may
// speak, and each time in another disguise: the caller's credential, a key of its
// own, and orders to terminals and CI systems.
type talker struct {
	own string
	n   atomic.Int64
}

const orders = "\x1b[31mRED\x1b]0;pwn\x07 \u202eRTL \u009b5m \r\n::error::pwn\n##[error]x \x00"

// said is a credential as the server says it this time.
func (s *talker) said(secret string) string {
	ways := []func(string) string{
		func(v string) string { return v },
		strings.ToUpper,
		func(v string) string { return hex.EncodeToString([]byte(v)) },
		func(v string) string { return base64.StdEncoding.EncodeToString([]byte("x" + v)) },
		func(v string) string { return base64.RawURLEncoding.EncodeToString([]byte("xx" + v)) },
		func(v string) string { return strings.Repeat("x", 145) + " " + v },
		func(v string) string { return strings.Repeat("y ", 85) + v },
		func(v string) string { return v[:8] + " " + v[8:] },
		func(v string) string { return v[:8] + "\x00" + v[8:] },
		func(v string) string { return v[:8] + "\x1b[1m" + v[8:] },
		func(v string) string { return url.QueryEscape("/" + v) },
		func(v string) string { return fmt.Sprintf("%q", v) },
		func(v string) string { return fmt.Sprint([]byte(v)) },
		func(v string) string { return strings.ReplaceAll(v, v[9:10], fmt.Sprintf(`\u%04x`, v[9])) },
		func(v string) string { return v[:len(v)-1] },
	}
	n := int(s.n.Add(1))
	if len(secret) < 16 {
		return secret // none was given
	}
	return ways[n%len(ways)](secret)
}

func (s *talker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	all := func() string { return s.said(token) + " and " + s.said(s.own) + " " + orders }
	body, _ := io.ReadAll(r.Body) // what is missing is no message
	var m struct {
		ID     json.RawMessage
		Method string
		Params struct{ ProtocolVersion string }
	}
	if json.Unmarshal(body, &m) != nil || len(m.ID) == 0 {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	w.Header().Set("X-Seen", token)
	w.Header().Set("Www-Authenticate", `Bearer realm="`+token+`"`)
	w.Header().Set("Set-Cookie", "sid="+token)
	w.Header().Set("Mcp-Session-Id", token+"-session")
	text := map[string]any{"type": "text", "text": all()}
	result := map[string]any{}
	switch m.Method {
	case "initialize":
		result = map[string]any{"protocolVersion": m.Params.ProtocolVersion,
			"capabilities": map[string]any{"tools": map[string]any{}},
			"serverInfo":   map[string]any{"name": all(), "version": all()}, "instructions": all()}
	case "tools/list":
		tool := func(name string) map[string]any {
			return map[string]any{"name": name, "description": all(), "inputSchema": map[string]any{"type": "object"}}
		}
		result = map[string]any{"tools": []any{tool("ping"), tool(all())}}
	case "tools/call":
		result = map[string]any{"content": []any{text}, "structuredContent": map[string]any{"x": all()},
			"isError": s.n.Load()%2 == 0}
	}
	reply := map[string]any{"jsonrpc": "2.0", "id": m.ID, "result": result}
	n := s.n.Add(1)
	if m.Method != "initialize" && m.Method != "tools/list" {
		switch n % 6 {
		case 0:
			reply = map[string]any{"jsonrpc": "2.0", "id": m.ID, "error": map[string]any{"code": -32050,
				"message": "bad credential " + all(), "data": all()}}
		case 1:
			reply = map[string]any{"jsonrpc": "2.0", "id": m.ID, "error": map[string]any{"code": -32000,
				"message": "rate limit exceeded for " + all()}}
		case 2:
			w.Header().Set("Location", "/"+url.PathEscape(token)+"?key="+token)
			w.WriteHeader(http.StatusTemporaryRedirect)
			return
		case 3:
			http.Error(w, all(), http.StatusUnauthorized)
			return
		case 4:
			reply["id"] = all()
		}
	}
	out, _ := json.Marshal(reply) // made of maps and texts
	if n%5 == 0 {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, ": %s\nid: %s\nevent: message\ndata: "+
			"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"data\":%q}}\n\ndata: %s\n\n",
			token, token, token, out)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(out) // whoever doesn't read it doesn't leak it
}

// spilled says what of a secret a text shows.
func spilled(text, secret string) string {
	lower, plain := strings.ToLower(text), strings.ToLower(secret)
	for name, spelt := range map[string]string{
		"as it is": plain[:len(plain)-1], "a part": plain[len(plain)-12:], "its beginning": plain[:14],
		"hex": hex.EncodeToString([]byte(secret))[:40], "numbers": strings.Trim(fmt.Sprint([]byte(secret[:10])), "[]"),
		"base64, 1": strings.ToLower(base64.StdEncoding.EncodeToString([]byte("x" + secret))[4:24]),
		"base64, 2": strings.ToLower(base64.StdEncoding.EncodeToString([]byte("xx" + secret))[4:24]),
		"base64":    strings.ToLower(base64.StdEncoding.EncodeToString([]byte(secret))[:20]),
	} {
		if strings.Contains(lower, spelt) {
			return name
		}
	}
	for _, gap := range []string{" ", "\x00", "?", "\x1b[1m", "?[1m", `\u0000`} {
		if strings.Contains(lower, plain[:8]+gap+plain[8:16]) {
			return "split by " + fmt.Sprintf("%q", gap)
		}
	}
	return ""
}

// obeyed says what of a text a terminal or a CI system would obey.
func obeyed(text string) string {
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
			return line
		}
		for _, r := range line {
			if r == utf8.RuneError || r != '\t' && !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) {
				return fmt.Sprintf("%q", line)
			}
		}
	}
	return ""
}

// blurts is a server that tells the credential of its environment to whoever reads
// its output, and writes down its own command line and its parent's.
const blurts = `
cat /proc/$$/cmdline /proc/$PPID/cmdline 2>/dev/null | tr '\000' ' ' >> "$FOLDER/lines"
for v in "$PLANTED_VALUE" "$PLANTED_KEY"; do
  echo "no good credential: $v" >&2
  printf '%s' "x$v" | base64 -w0 >&2
  printf '\n::error::%s\033[31m%s\n' "$v" "$v" >&2
  printf '%s' "$v" | od -An -tx1 | tr -d ' \n' >&2
  echo "$v"
done
exit 3`

// visited are the addresses of a site's pages, as a reader's clicks find them.
func visited(t *testing.T, site http.Handler) []string {
	t.Helper()
	paths, known := []string{"/"}, map[string]bool{"/": true}
	links := regexp.MustCompile(`(?:href|src)="(/[^"#]*)"`)
	for i := 0; i < len(paths) && i < 60; i++ {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+paths[i], nil))
		for _, link := range links.FindAllStringSubmatch(w.Body.String(), -1) {
			if path := html.UnescapeString(link[1]); !known[path] {
				known[path] = true
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// TestPlanted plants credentials wherever a server can speak, and looks for them
// in whatever comes out: results in every format, what is said, what is kept, and
// the histories.
func TestPlanted(t *testing.T) {
	const token = "Zk93jdLs82jf" + "Qp01xxYYabcdEF77mNb4"
	own := "gh" + "p_" + "q8ZrT2mW9xKb4LpNs7VdYc3JfHg6Qa1Xe0Uo"
	server := httptest.NewServer(&talker{own: own})
	defer server.Close()
	t.Setenv("PLANTED_VALUE", token)
	at := []string{"--url", server.URL + "/mcp", "--header", "Authorization: Bearer $PLANTED_VALUE", "--protocol",
		"2025-11-25", "--timeout", "2s"}
	folder := t.TempDir()
	looked := 0
	look := func(where, text string, people bool) {
		t.Helper()
		looked++
		for name, secret := range map[string]string{"the caller's": token, "the server's own": own} {
			if how := spilled(text, secret); how != "" {
				t.Errorf("%s shows %s credential, %s", where, name, how)
			}
		}
		if line := obeyed(text); people && line != "" {
			t.Errorf("%s is obeyed: %s", where, line)
		}
	}
	do := func(args ...string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		run(args, strings.NewReader(""), &stdout, &stderr)
		look(fmt.Sprint(args[0], " ", args[len(args)-1], ": stdout"), stdout.String(), args[len(args)-1] == "table" ||
			args[len(args)-1] == "markdown")
		look(fmt.Sprint(args[0], " ", args[len(args)-1], ": stderr"), stderr.String(), true)
		require.NotEmpty(t, stdout.String()+stderr.String())
	}
	t.Setenv("MCPLOAD_RESULTS", filepath.Join(folder, "kept"))
	t.Setenv("TMPDIR", filepath.Join(folder, "tmp"))
	require.NoError(t, os.Mkdir(filepath.Join(folder, "tmp"), 0o700))
	runs := append([]string{"run", "--rate", "50/s", "--burst", "20", "--tool", "ping", "--scenario", "burst,overload",
		"--verbose", "--save-history", filepath.Join(folder, "run.jsonl")}, at...)
	loads := append([]string{"load", "--tool", "ping", "--rate", "100/s", "--duration", "1s", "--save-history",
		filepath.Join(folder, "load.jsonl")}, at...)
	do(append(runs, "--format", "table")...)
	for _, f := range export.Runs() {
		do("report", "last", "--format", f.Name)
	}
	do(append(loads, "--format", "table")...)
	for _, f := range export.Runs() {
		do("report", "last", "--format", f.Name)
	}
	do(append(append([]string{"probe", "--tool", "ping", "--budget", "calls=40,time=3s", "--save-history",
		filepath.Join(folder, "probe.jsonl")}, at...), "--format", "table")...)
	do(append(append([]string{"load", "--tool", "no such tool", "--rate", "1/s"}, at...), "--format", "table")...)
	for _, format := range []string{"table", "json", "sarif", "markdown"} {
		do(append(append([]string{"conform"}, at...), "--format", format)...)
	}
	for _, more := range [][]string{{"--fuzz", "1s"}, {"--under", "20/s"}, {"--dry-run"}} {
		do(append(append([]string{"conform", "--row", "T01,T02,S01,J01"}, at...), more...)...)
	}
	do(append(append([]string{"run", "--rate", "50/s", "--burst", "5", "--tool", "ping", "--scenario", "all", "--yes"},
		at...), "--format", "table")...)
	do(append(append([]string{"load", "init", "--include", "ping"}, at...), "-o", filepath.Join(folder, "plan.yaml"))...)
	do(append([]string{"tools", server.URL + "/mcp"}, at[2:]...)...)
	do(append([]string{"call", server.URL + "/mcp", "ping"}, at[2:]...)...)
	do("verify", filepath.Join(folder, "run.jsonl"), "--rate", "50/s", "--burst", "20", "--format", "table")
	do(append(loads, "--format", "table")...)
	kept, err := store.Open(filepath.Join(folder, "kept"))
	require.NoError(t, err)
	two, _, err := kept.List(store.Filter{Kind: "load"})
	require.NoError(t, err)
	require.Greater(t, len(two), 1)
	do("compare", two[1].ID, two[0].ID, "--format", "table")
	do("history", "--server", strings.TrimPrefix(server.URL, "http://")+"/mcp", "--metric", "p99")
	do("startup", "--credential", "PLANTED_KEY=generic", "--env", "PLANTED_VALUE", "--env", "FOLDER="+folder, "--case",
		"absent,placeholder", "--limit", "2s", "--ready", "2s",
		"--", "sh", "-c", blurts)
	do("run", "--rate", "50/s", "--burst", "20", "--env", "PLANTED_VALUE", "--env", "FOLDER="+folder, "--timeout", "2s",
		"--", "sh", "-c", blurts)
	require.FileExists(t, filepath.Join(folder, "lines"), "the started server wrote the command lines down")
	do("results", "list")
	do("results", "show", "last")
	pages, err := ui.New(kept)
	require.NoError(t, err)
	seen := 0
	for _, path := range visited(t, pages) {
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+path, nil))
		look("ui "+path, w.Body.String(), false)
		seen++
	}
	require.Greater(t, seen, 5)
	require.NoError(t, filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		if z, err := gzip.NewReader(bytes.NewReader(text)); err == nil {
			text, err = io.ReadAll(z)
			require.NoError(t, err)
		}
		look(path, string(text), strings.HasSuffix(path, ".txt"))
		return nil
	}))
	require.Greater(t, looked, 30)
}
