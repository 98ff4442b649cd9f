package startup

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTraceback(t *testing.T) {
	for _, row := range []struct{ name, text, language string }{
		{"python", "INFO start\nTraceback (most recent call last):\n  File \"a.py\", line 3, in <module>\n    " +
			"x()\nValueError: no\n", "Python"},
		{"python without source", "Traceback (most recent call last):\n  File \"<string>\", line 1, in <module>\n",
			"Python"},
		{"rich", "╭──────── Traceback (most recent call last) ────────╮\n│ /app/server.py:12 in main                 " +
			"         │\n│                                                    │\n", "Python"},
		{"exception group", "  + Exception Group Traceback (most recent call last):\n  |   File \"/x/runners.py\", " +
			"line 118, in run\n", "Python"},
		{"go panic", "panic: no key\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:7 +0x18\nexit status 2\n",
			"Go"},
		{"go re-panic", "panic: no key [recovered]\n\tpanic: again\n\ngoroutine 1 gp=0xc000002380 m=0 mp=0x55 " +
			"[running]:\n", "Go"},
		{"go fatal", "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [select (no cases)]:\n", "Go"},
		{"rust", "thread 'main' panicked at src/main.rs:4:5:\nno key\nnote: run with `RUST_BACKTRACE=1`\n", "Rust"},
		{"rust old", "thread 'main' panicked at 'no key', src/main.rs:4:5\n", "Rust"},
		{"node", "/app/index.js:3\n  throw new Error('no key');\n  ^\n\nError: no key\n    at Object.<anonymous> " +
			"(/app/index.js:3:9)\n    at Module._compile (node:internal/modules/cjs/loader:1554:14)\n", "JavaScript"},
		{"node rejection", "TypeError: Cannot read properties of undefined (reading 'x')\n    at main " +
			"(file:///app/index.mjs:10:5)\n", "JavaScript"},
		{"java", "Exception in thread \"main\" java.lang.IllegalStateException: no key\n\tat " +
			"com.acme.Main.main(Main.java:12)\n", "Java"},
		{"spring", "2026-11-01 ERROR 1 --- [main] o.s.boot.SpringApplication : Application run " +
			"failed\njava.lang.RuntimeException: no\n\tat app//com.acme.Main.run(Main.kt:12)\n", "Java"},
		{"dotnet", "Unhandled exception. System.InvalidOperationException: no key\n   at Acme.Program.Main(String[] " +
			"args) in /src/Program.cs:line 9\n", ".NET"},
		{"ruby", "server.rb:3:in `start': no key (KeyError)\n", "Ruby"},
		{"node, a ZodError of any length", "file:///app/index.mjs:4\n  throw e;\n  ^\n\nZodError: [\n" +
			strings.Repeat("  {\n    \"code\": \"invalid_type\",\n    \"path\": [\"API_KEY\"]\n  },\n", 20) +
			"]\n    at new ZodError (file:///app/node_modules/zod/index.js:1:1)\n    at main " +
			"(file:///app/index.mjs:4:9)\n\nNode.js v22.1.0\n", "JavaScript"},
		{"node, an object thrown", "node:internal/process/promises:394\n      triggerUncaughtException(err, true);\n " +
			"     ^\n\n[UnhandledPromiseRejection: {\n  \"issues\": [1,\n2,\n3,\n4]\n}]\n\nNode.js v22.1.0\n",
			"JavaScript"},
		{"go, a panic with a long value", "panic: " + strings.Repeat("line\n", 20) +
			"\ngoroutine 1 [running]:\nmain.main()\n", "Go"},
		{"java, a cause below", "java.lang.ExceptionInInitializerError\n\tat " +
			"java.base/java.lang.Class.forName0(Native Method)\n", "Java"},
		{"java, two lines of message", "org.acme.ConfigException: no key\nset API_KEY\n\tat " +
			"org.acme.Main.<init>(Main.java:9)\n", "Java"},
		{"dotnet, inner", "Unhandled exception. System.AggregateException: One or more (no key)\n ---> " +
			"System.ArgumentException: no key (Parameter 'key')\n   at Acme.Config..ctor(String key)\n", ".NET"},
		{"rust backtrace", "Error: no key\n\nstack backtrace:\n   0: anyhow::error::new\n   1: main\n", "Rust"},
		{"ruby frames", "server.rb:3:in 'start': no key (KeyError)\n", "Ruby"},
		{"ruby frames alone", "\tfrom server.rb:9:in '<main>'\n", "Ruby"},
		{"deno", "error: Uncaught (in promise) Error: no key\n  throw new Error('no key');\n        ^\n    at main " +
			"(file:///app/main.ts:3:9)\n", "Deno"},
		{"a line with a place", "hint: look at /etc/app.conf:3:1\n", ""},
		{"node's version alone", "Node.js v22.1.0 is fine\n", ""},
		{"the word in a help text", "usage: server [--traceback]\n  --traceback  print the Traceback (most recent " +
			"call last) on errors\n  File formats: ...\n", ""},
		{"the word in a message", "error: no key\nrun with TRACEBACK=1 for a traceback\n", ""},
		{"an error with a place", "ConfigError: API_KEY is missing\n  at startup, line 3 of config.yaml\n", ""},
		{"a message that ends in Error", "Error: API_KEY is not set\nLook at https://example.com/docs\n", ""},
		{"go log with panic", "panic mode is off\n", ""},
		{"rust text", "the main thread panicked at nothing\n", ""},
	} {
		language, ok := traceback(row.text)
		require.Equal(t, row.language, language, row.name)
		require.Equal(t, row.language != "", ok, row.name)
	}
}

func TestClaims(t *testing.T) {
	for line, want := range map[string]bool{
		"✓ FastBlocks MCP server running": true,
		"Server started":                  true,
		"MCP server is ready":             true,
		"INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)": true,
		"Listening on port 3000":                                       true,
		"listening at 127.0.0.1:3000":                                  true,
		"ready to accept connections":                                  true,
		"Weather server listening":                                     true,
		"READY":                                                        true,
		"Starting MCP server 'x' with transport 'stdio'":               false,
		"INFO:     Started server process [4711]":                      false,
		"INFO:     Application startup complete.":                      false,
		"server is not ready":                                          false,
		"the server can't be started without API_KEY":                  false,
		"set API_KEY before the server is started":                     false,
		"usage: server [--port N]  port the server is listening on":    false,
		"API_KEY must be set when the server is running in production": false,
		"already configured":                                           false,
		"checking credentials":                                         false,
		"INFO:     Uvicorn running on http://127.0.0.1:8000 failed to bind, error 98 in use": false,
	} {
		o := &Observation{Output: []Chunk{chunk(Stderr, time.Second, line[:len(line)/2]),
			chunk(Stderr, 2*time.Second, line[len(line)/2:]+"\n")}}
		got, at, ok := o.claim(claims)
		require.Equal(t, want, ok, line)
		if ok {
			require.Equal(t, line, got)
			require.Equal(t, 2*time.Second, at, "a claim is made when its line is whole")
		}
	}
	for line, want := range map[string]bool{
		"✅ API key validated":                    true,
		"OPENAI_API_KEY: key is valid":           true,
		"credentials verified":                   true,
		"Validated the API key format":           true,
		"API key could not be validated":         false,
		"the key is invalid":                     false,
		"API key is not valid":                   false,
		"validating API key":                     false,
		"a key is accepted if it begins with sk": false,
	} {
		o := &Observation{Output: []Chunk{chunk(Stderr, 0, line+"\n")}}
		_, _, ok := o.claim(vouches)
		require.Equal(t, want, ok, line)
	}
}

func TestNamesVariable(t *testing.T) {
	for text, want := range map[string]bool{
		"API_KEY is not set":               true,
		"set $API_KEY.":                    true,
		"missing: api_key\n  Field":        true,
		"[API_KEY]":                        true,
		"MY_API_KEY is not set":            false,
		"API_KEYS is not set":              false,
		"API_KEY_FILE is bad, use API_KEY": true,
		"API KEY is not set":               false,
		"":                                 false,
	} {
		require.Equal(t, want, namesVariable(text, "API_KEY"), text)
	}
}

func TestNamesFormat(t *testing.T) {
	for text, want := range map[string]bool{
		"must start with acme_":                     true,
		"want acme_ followed by anything":           true,
		"should be 32 characters long":              true,
		"at least 20":                               true,
		"String should match pattern '^[a-z]+$'":    true,
		"Expected format: 32 hexadecimal":           true,
		"a 48-character string":                     true,
		"it begins with two letters":                true,
		"API_KEY is required but not set":           false,
		"Invalid API key format":                    false,
		"invalid key, see https://example.com/keys": false,
		"API_KEY is too short":                      false,
		"missing API_KEY (code 32)":                 false,
	} {
		require.Equal(t, want, namesFormat(text, []string{"acme_"}), text)
	}
}

func TestPollution(t *testing.T) {
	for _, row := range []struct {
		name, text string
		stopped    bool
		line       string
	}{
		{"nothing", "", false, ""},
		{"messages", hello + hello, true, ""},
		{"a batch", `[{"jsonrpc":"2.0","method":"a"},{"jsonrpc":"2.0","method":"b"}]` + "\n", true, ""},
		{"line ends", `{"jsonrpc":"2.0","id":1,"result":{}}` + "\r\n\r\n\n", true, ""},
		{"a banner", "hi\n" + hello, true, "hi"},
		{"other JSON", `{"level":"info"}` + "\n", true, `{"level":"info"}`},
		{"an empty batch", "[]\n", true, "[]"},
		{"cut off by us", hello + `{"jsonrpc":"2.0","id":2,"res`, true, ""},
		{"cut off by itself", hello + `{"jsonrpc":"2.0","id":2,"res`, false, `{"jsonrpc":"2.0","id":2,"res`},
		{"the last line", hello + "bye", true, "bye"},
	} {
		o := &Observation{Output: []Chunk{chunk(Stdout, 0, row.text)}}
		if row.stopped {
			o.StopAt = time.Second
		}
		line, ok := o.pollution()
		require.Equal(t, row.line, line, row.name)
		require.Equal(t, row.line != "", ok, row.name)
	}
}

func TestExcerpt(t *testing.T) {
	text := "booting\nAPI_KEY is bad\nbye\n"
	require.Equal(t, "API_KEY is bad", excerpt(text, "API_KEY"))
	require.Equal(t, "bye", excerpt(text, "OTHER"))
	require.Empty(t, excerpt("\n \n", "API_KEY"))
}
