package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zricethezav/gitleaks/v8/detect"

	"github.com/mcpload/mcpload/apikey"
)

// madeSize is how long each made text is, in bytes.
const madeSize = 20 << 20

// made reads logs and base 64 that hold no credential: folders of Go and JavaScript
// are named by the caller.
func made(leaks *detect.Detector) {
	r := rand.New(rand.NewPCG(1, 2))
	var logs, lines strings.Builder
	for id := make([]byte, 16); logs.Len() < madeSize; {
		noise(r, id)
		fmt.Fprintf(&logs, `{"time":"2026-11-28T14:00:%02d.123Z","level":"INFO","msg":"request done","trace_id":"%s",`+
			`"path":"/api/v1/items?id=%d","status":200,"ms":%.1f}`+"\n", r.IntN(60), hex.EncodeToString(id),
			r.IntN(1e6), 100*r.Float64())
		fmt.Fprintf(&lines, "2026-11-28 14:00:%02d.123 INFO [worker-%d] c.e.Service: %d rows of table orders_%d read "+
			"in %d ms\n",
			r.IntN(60), r.IntN(16), r.IntN(1e6), r.IntN(100), r.IntN(1000))
	}
	raw := make([]byte, madeSize*3/4)
	noise(r, raw)
	quiet := func(int, string, apikey.Match) {}
	weigh("logs in JSON", []string{logs.String()}, leaks, quiet)
	weigh("logs in lines", []string{lines.String()}, leaks, quiet)
	weigh("base 64", []string{base64.StdEncoding.EncodeToString(raw)}, leaks, quiet)
	weigh("base 64 in lines", []string{every(76, base64.StdEncoding.EncodeToString(raw), "\n")}, leaks, quiet)
}

func noise(r *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
}

// judged times the check of a good key of every format that is issued today. Each
// time is the least of some rounds, so that a busy machine doesn't show in it.
func judged() {
	const rounds, times, limit = 60, 200, time.Microsecond
	r := rand.New(rand.NewPCG(3, 4))
	formats, slow, allocating := 0, []string{}, []string{}
	worst, of := time.Duration(0), ""
	for _, p := range apikey.Providers() {
		for i, f := range p.Formats() {
			v := p.SampleOf(i, r)
			if f.Status != "current" || p.Check(v).Verdict != apikey.Valid {
				continue
			}
			formats++
			least := time.Hour
			for range rounds {
				begin := time.Now()
				for range times {
					p.Check(v)
				}
				least = min(least, time.Since(begin)/times)
			}
			if least > worst {
				worst, of = least, p.Name()
			}
			if least >= limit {
				slow = append(slow, fmt.Sprintf("%s (%d characters, %v)", p.Name(), len(v), least))
			}
			if testing.AllocsPerRun(100, func() { p.Check(v) }) > 0 {
				allocating = append(allocating, fmt.Sprintf("%s (%d characters)", p.Name(), len(v)))
			}
		}
	}
	fmt.Printf("judged: a good key of each of %d formats: at most %v (%s)\n", formats, worst, of)
	fmt.Printf("  %v or more: %s\n", limit, list(slow))
	fmt.Printf("  allocate: %s\n", list(allocating))
}

func list(of []string) string {
	if len(of) == 0 {
		return "none"
	}
	return strings.Join(of, ", ")
}

// adversarial texts make a careless matcher read the same bytes again and again.
var adversarial = map[string]string{
	"prefixes":    "sk-",
	"longer":      "sk-" + "ant-",
	"tokens":      "ey" + "J",
	"token parts": "ey" + "Jabcdefghijklmno.ey" + "J.",
	"hex":         "0123456789abcdef",
	"hex groups":  "0123456789abcdef0123456789abcdef-01234567-0123456x ",
	"percent":     "%2541",
	"dots":        "gh" + "s_.",
	"PEM":         "-----BEGIN " + "PRIVATE KEY-----\n",
	"addresses":   "postgres://a:",
	"escapes":     `\u005c`,
	"entities":    "&#38;#",
	"soft breaks": "=\r\n",
	"numbers":     "65, 66, ",
	"one letter":  "a",
}

// grows reads adversarial texts of growing size: a row whose speed falls as the
// text grows isn't linear.
func grows() {
	const small = 1 << 17
	fmt.Printf("adversarial, MB/s at %d KiB, 1 MiB and 8 MiB:\n", small>>10)
	for _, name := range slices.Sorted(maps.Keys(adversarial)) {
		fmt.Printf("  %-12s", name)
		for _, size := range []int{small, small << 3, small << 6} {
			text := strings.Repeat(adversarial[name], size/len(adversarial[name])+1)[:size]
			redactor, least := apikey.NewRedactor(), time.Hour
			for range 3 {
				begin := cpu()
				for range max(1, (small<<4)/size) {
					redactor.Find(text)
				}
				least = min(least, (cpu()-begin)/time.Duration(max(1, (small<<4)/size)))
			}
			fmt.Printf(" %9.1f", float64(size)/1e6/max(least.Seconds(), 1e-9))
		}
		fmt.Println()
	}
}
