package audit

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/mcpload/mcpload/internal/revision"
)

// transportForms are other ways to bring the same message over HTTP. A server need take
// none of them: what it turns away was not bought.
func transportForms() []trickForm {
	saying := func(name, header, value string) trickForm {
		return trickForm{name, func(int) Guise { return Guise{Header: map[string]string{header: value}} }}
	}
	return []trickForm{
		{"message with escapes", func(int) Guise { return Guise{Body: escaped, Escapes: true} }},
		{"message with a progress token", func(int) Guise { return Guise{Body: progressing} }},
		{"message in gzip", func(int) Guise {
			return Guise{Header: map[string]string{"Content-Encoding": "gzip"}, Body: packed}
		}},
		{"message in deflate", func(int) Guise {
			return Guise{Header: map[string]string{"Content-Encoding": "deflate"}, Body: deflated}
		}},
		{"message in chunks", func(int) Guise { return Guise{Chunks: true} }},
		{"message by PUT", func(int) Guise { return Guise{Method: "PUT"} }},
		{"message by OPTIONS", func(int) Guise { return Guise{Method: "OPTIONS"} }},
		{"message by post in small letters", func(int) Guise { return Guise{Method: "post"} }},
		{"message over HTTP/1.0", func(int) Guise { return Guise{Old: true} }},
		{"call that is cancelled once it is answered", func(int) Guise { return Guise{Cancels: true} }},
		{"call that notifications follow", func(int) Guise {
			return Guise{Notes: []string{"notifications/roots/list_changed", "notifications/initialized"}}
		}},
		{"names of headers in small letters", func(int) Guise { return Guise{Small: true} }},
		without("Mcp-Protocol-Version", "no MCP-Protocol-Version"),
		without("User-Agent", "no User-Agent"),
		without("Accept", "no Accept"),
		without("Content-Type", "no Content-Type"),
		saying("message of another JSON type", "Content-Type", "application/vnd.api+json"),
		saying("JSON type in another case", "Content-Type", "Application/JSON"),
		saying("header of 4 KiB", "X-Mcpload-Audit", strings.Repeat("x", 4<<10)),
		saying("message that waits for a go-ahead", "Expect", "100-continue"),
		saying("Accept of JSON alone", "Accept", "application/json"),
		saying("Accept of a stream alone", "Accept", "text/event-stream"),
		saying("Accept of anything", "Accept", "*/*"),
		saying("MCP-Protocol-Version of another session", "Mcp-Protocol-Version", revision.R2503),
	}
}

// without is a request that lacks a header.
func without(header, name string) trickForm {
	return trickForm{name, func(int) Guise { return Guise{Without: []string{header}} }}
}

// escaped is a JSON text that spells its method with escapes, so that only who reads JSON
// sees what it is.
func escaped(body []byte) []byte {
	var m map[string]json.RawMessage
	var method string
	if json.Unmarshal(body, &m) != nil || json.Unmarshal(m["method"], &method) != nil {
		return body
	}
	var spelt strings.Builder
	for _, r := range method {
		fmt.Fprintf(&spelt, `\u%04x`, r)
	}
	return bytes.Replace(body, m["method"], []byte(`"`+spelt.String()+`"`), 1)
}

// progressing has a message ask to be told of its progress, by a token that is its id.
func progressing(body []byte) []byte {
	return withMeta(body, func(m, meta map[string]json.RawMessage) { meta["progressToken"] = m["id"] })
}

// packed is a text as gzip writes it.
func packed(body []byte) []byte {
	var b bytes.Buffer
	return written(body, gzip.NewWriter(&b), &b)
}

// deflated is a text as zlib writes it, which is what HTTP calls deflate.
func deflated(body []byte) []byte {
	var b bytes.Buffer
	return written(body, zlib.NewWriter(&b), &b)
}

// written is what comes of a text that is written through a compressor.
func written(body []byte, through io.WriteCloser, to *bytes.Buffer) []byte {
	// Neither can fail: it is written into memory.
	_, _ = through.Write(body)
	_ = through.Close()
	return to.Bytes()
}

// claims are headers by which programs behind a gateway know who a client is, what came
// before a request, or that it needn't be counted. Those of a kind are sent together, each
// with a value that is new: with each value of the trick, or with each call.
func claims() []trickForm {
	together := func(name string, value func(n int) string, headers ...string) trickForm {
		return trickForm{name, func(n int) Guise {
			g := Guise{Header: map[string]string{}}
			for _, h := range headers {
				g.Header[h] = value(n)
			}
			return g
		}}
	}
	fixed := func(value string) func(int) string { return func(int) string { return value } }
	return []trickForm{
		together("X-Tenant-Id, X-User-Id and their like", number("audit-"), "X-Tenant-Id", "X-User-Id", "X-Org-Id",
			"X-Account-Id", "X-Device-Id", "X-Session-Id", "X-Consumer-Id", "X-Forwarded-User"),
		together("X-Forwarded-Proto and its like", fixed("https"), "X-Forwarded-Proto", "X-Forwarded-Scheme",
			"X-Scheme", "X-Url-Scheme"),
		together("X-Forwarded-Host, Referer and Via", number("audit.example:1"),
			"X-Forwarded-Host", "X-Forwarded-Server", "Referer", "Via"),
		{"Traceparent, X-Correlation-Id and their like", func(int) Guise {
			return Guise{Fresh: map[string]string{"Traceparent": "00-%032[1]x-%016[1]x-01",
				"X-Correlation-Id": "audit-%d", "X-Amzn-Trace-Id": "Root=1-67891233-%024x", "X-B3-Traceid": "%032x"}}
		}},
		{"Idempotency-Key", func(int) Guise { return Guise{Fresh: map[string]string{"Idempotency-Key": "audit-%d"}} }},
		together("X-Retry-Count and its like", fixed("1"), "X-Retry-Count", "X-Retry-Attempt", "Retry-Attempt",
			"X-Stainless-Retry-Count"),
		together("headers of who comes from inside", fixed("1"), "X-Internal", "X-Internal-Request", "X-Debug",
			"X-Health-Check", "X-Ratelimit-Bypass", "X-Bypass-Ratelimit"),
		{"Sec-Purpose, Cache-Control and what else browsers say", func(int) Guise {
			return Guise{Header: map[string]string{"Purpose": "prefetch", "Sec-Purpose": "prefetch",
				"X-Moz": "prefetch", "Cache-Control": "no-cache", "Pragma": "no-cache", "Priority": "u=0",
				"Dnt": "1", "Sec-Gpc": "1", "X-Requested-With": "XMLHttpRequest", "Sec-Fetch-Mode": "cors",
				"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "empty", "Sec-Ch-Ua": `"Chromium";v="140"`,
				"Sec-Ch-Ua-Mobile": "?0", "Sec-Ch-Ua-Platform": `"Linux"`}}
		}},
		together("X-Original-Url and X-Rewrite-Url", fixed("/health"), "X-Original-Url", "X-Rewrite-Url"),
		header("Last-Event-Id", number("audit-")),
		header("X-Http-Method-Override", func(n int) string { return []string{"PUT", "PATCH"}[n%2] }),
		header("Mcp-Method", func(n int) string { return []string{"ping", "tools/list"}[n%2] }),
	}
}
