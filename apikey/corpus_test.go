package apikey_test

import (
	"encoding/base64"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mcpload/mcpload/apikey"
)

// corpus is text without a credential: Go source, logs in JSON, and base 64.
func corpus() map[string]string {
	var b strings.Builder
	for _, pattern := range []string{"../*/*.go", "../*/*/*.go"} {
		files, _ := filepath.Glob(pattern) // the pattern is a good one
		for _, f := range files {
			t, _ := os.ReadFile(f) // one that has gone is missed by nobody
			b.Write(t)
		}
	}
	src := b.String()
	var j strings.Builder
	r := rand.New(rand.NewPCG(1, 2))
	for j.Len() < 2<<20 {
		j.WriteString(`{"time":"2026-11-28T14:00:00.123Z","level":"INFO","msg":"request done","trace_id":"`)
		for range 32 {
			j.WriteByte("0123456789abcdef"[r.IntN(16)])
		}
		j.WriteString(`","path":"/api/v1/items?id=12","status":200,"ms":12.5}` + "\n")
	}
	raw := make([]byte, 1<<20)
	for i := range raw {
		raw[i] = byte(r.Uint32())
	}
	return map[string]string{"go": src[:min(len(src), 2<<20)], "json": j.String(),
		"base64": base64.StdEncoding.EncodeToString(raw)}
}

// What nearly every refused call says.
func BenchmarkShortText(b *testing.B) {
	r := apikey.NewRedactor("hunter2hunter2", "Zk93jdLs82jfQp01xxYY")
	for b.Loop() {
		r.Redact("error -32000: rate limit exceeded, retry after 0.25 s")
	}
}

// Read the MB/s: clean text is what nearly all text is.
func BenchmarkCorpus(b *testing.B) {
	reg := apikey.NewRedactor("hunter2hunter2", "Zk93jdLs82jfQp01xxYY", "another registered value 99")
	for name, text := range corpus() {
		b.Run("families/"+name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				apikey.Redact(text)
			}
		})
		b.Run("registered/"+name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				reg.Redact(text)
			}
		})
	}
}
