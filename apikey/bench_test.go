package apikey_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mcpload/mcpload/apikey"
)

// A good key of each provider: less than 1 µs and no allocations.
func BenchmarkCheck(b *testing.B) {
	for _, p := range apikey.Providers() {
		v := p.Sample(dice())
		b.Run(p.Name(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if p.Check(v).Verdict != apikey.Valid {
					b.Fatal("not valid")
				}
			}
		})
	}
}

// adversarial texts make a careless matcher read the same bytes again and again.
func adversarial(n int) map[string]string {
	fill := func(s string) string { return strings.Repeat(s, n/len(s)+1)[:n] }
	r := rand.New(rand.NewPCG(3, 4))
	noise := make([]byte, n)
	for i := range noise {
		noise[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"[r.IntN(64)]
	}
	return map[string]string{
		"prefixes":      fill("sk-"),
		"long-prefixes": fill("sk-" + "ant-"),
		"tokens":        fill("ey"+"J") + ".ey" + "J",
		"token-parts":   fill("ey" + "Jabcdefghijklmno.ey" + "J."),
		"hex":           fill("0123456789abcdef"),
		"hex-groups":    fill("0123456789abcdef0123456789abcdef-01234567-0123456x "),
		"percent":       fill("%41%25"),
		"nested":        fill("%2541"),
		"base64":        string(noise),
		"dots":          fill("gh" + "s_."),
	}
}

// Redacting 1 MiB must cost 16 times what 64 KiB cost, not 256 times: compare
// the rows of a text by their MB/s.
func BenchmarkRedact(b *testing.B) {
	r := apikey.NewRedactor(secret, "another registered value")
	for _, size := range []struct {
		name string
		n    int
	}{{"64KiB", 64 << 10}, {"1MiB", 1 << 20}} {
		for name, text := range adversarial(size.n) {
			b.Run(name+"/"+size.name, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					r.Redact(text)
				}
			})
		}
	}
}

// Checking 1 MiB costs nothing: no key is so long.
func BenchmarkCheckAdversarial(b *testing.B) {
	for name, text := range adversarial(1 << 20) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				for _, p := range apikey.Providers() {
					p.Check(text)
				}
			}
		})
	}
	for name, text := range adversarial(16 << 10) {
		b.Run("longest/"+name, func(b *testing.B) {
			for b.Loop() {
				for _, p := range apikey.Providers() {
					p.Check(text)
				}
			}
		})
	}
}
