//go:build field

package interop

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
)

// hints are honest buckets whose refusals say when to come back, each in its way.
func hints() []limiter {
	wrong := func(id, what string, after func(time.Duration) string, says ...string) limiter {
		return limiter{id, what, at(func() *door { return saying(after) }), []step{{brief, fails, says, nil}}}
	}
	return []limiter{
		wrong("L23", "Retry-After in milliseconds",
			func(w time.Duration) string { return strconv.Itoa(int(w.Milliseconds()) + 2000) }, `retry-after`),
		wrong("L23", "Retry-After as an epoch",
			func(w time.Duration) string { return strconv.FormatInt(time.Now().Add(w).Unix()+1, 10) }, `retry-after`),
		// A whole number may have been rounded down by a second, so that 0 is no proof.
		{"L24", "Retry-After 0", at(func() *door { return saying(func(time.Duration) string { return "0" }) }),
			[]step{{brief, []int{0, 1, 3}, nil, nil}}},
		wrong("L24", "Retry-After below 0", func(time.Duration) string { return "-1484742195" }, `retry-after`),
		wrong("L24", "Retry-After in the past", func(time.Duration) string {
			return time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)
		}, `retry-after`),
		wrong("L24", "Retry-After in words", func(time.Duration) string { return "1 second" }, `retry-after`),
		{"L25", "two waits that contradict each other", at(func() *door {
			return refusing(func(v *visit, wait time.Duration) {
				v.ResponseWriter.Header().Set("Retry-After", "3600")
				v.send(http.StatusTooManyRequests, map[string]any{"error": "Too many requests",
					"retry_after_ms": wait.Milliseconds() + 1})
			})
		}), []step{{brief, fails, []string{`retry-after`}, nil}}},
		{"L26", "an honest date", at(func() *door {
			return saying(func(w time.Duration) string {
				return time.Now().Add(w + time.Second).UTC().Format(http.TimeFormat)
			})
		}), []step{{brief, open, nil, nil}}},
		{"L27", "a fraction of a second", at(func() *door {
			return saying(func(w time.Duration) string { return fmt.Sprintf("%.3f", w.Seconds()+0.001) })
		}), []step{{brief, []int{0, 1, 3}, []string{`fraction|whole seconds|no whole|RFC 9110`}, nil}}},
		{"L28", "headers that lie", at(func() *door {
			k := tens()
			return &door{calls: func(v *visit) {
				h := v.ResponseWriter.Header()
				h.Set("X-RateLimit-Limit", "1000")
				h.Set("X-RateLimit-Remaining", "999")
				h.Set("RateLimit-Policy", `"default";q=1000;w=1`)
				h.Set("RateLimit", `"default";r=999;t=1`)
				if wait, ok := k.draw("", 1); !ok {
					v.tooMany(inSeconds(wait))
				}
			}}
		}), []step{{brief, []int{0, 1, 3}, []string{`RateLimit`}, nil}}},
	}
}

// refusals are honest buckets that refuse in other words and shapes.
func refusals() []limiter {
	as := func(id, what, sign string, refuse func(v *visit)) limiter {
		return limiter{id, what, at(func() *door { return refusing(func(v *visit, _ time.Duration) { refuse(v) }) }),
			[]step{{brief + sign, passes, nil, nil}}}
	}
	structured := func(v *visit, isError bool, text string) {
		v.result(map[string]any{"isError": isError, "content": []any{map[string]any{"type": "text", "text": text}},
			"structuredContent": map[string]any{"ok": false, "error": map[string]any{"code": "rate_limited"}}})
	}
	return []limiter{
		as("L29", "in words of its own", "--refusal text=daily_exceeded", func(v *visit) {
			v.text(`{"error_type":"mcp_rate_limit_daily_exceeded"}`, true)
		}),
		as("L29", "by a code of its own", "--refusal code=-42900", func(v *visit) {
			v.fault(http.StatusOK, -42900,
				"Quota exceeded")
		}),
		as("L30", "HTTP 402", "--refusal status=402", func(v *visit) {
			v.send(http.StatusPaymentRequired, map[string]any{"error": "quota_exceeded"})
		}),
		as("L30", "HTTP 403", "--refusal status=403", func(v *visit) {
			v.send(http.StatusForbidden, map[string]any{"message": "secondary rate limit"})
		}),
		as("L31", "a success that says so", "--refusal 'text=Rate limit reached'", func(v *visit) {
			v.text("Rate limit reached (10 requests/s). Please wait.", false)
		}),
		as("L31", "a success whose structure says so", "--refusal text=rate_limited", func(v *visit) {
			structured(v,
				false, "")
		}),
		as("L32", "a structure alone", "--refusal text=rate_limited", func(v *visit) {
			structured(v, true,
				"It was not executed.")
		}),
		as("L33", "a connection that is reset", "--refusal reset", func(v *visit) {
			if conn, _, err := v.ResponseWriter.(http.Hijacker).Hijack(); err == nil {
				_ = conn.(*net.TCPConn).SetLinger(0) // it is to be reset
				_ = conn.Close()
				v.answered = true
			}
		}),
		{"L34", "an outage that asks to come back", at(func() *door {
			k, began := tens(), time.Now()
			return &door{calls: func(v *visit) {
				if time.Since(began)%(4*time.Second) > 3500*time.Millisecond {
					v.ResponseWriter.Header().Set("Retry-After", "1")
					v.send(http.StatusServiceUnavailable, map[string]any{"error": "upstream"})
				} else if wait, ok := k.draw("", 1); !ok {
					v.tooMany(inSeconds(wait))
				}
			}}
		}), []step{{brief + "--not-refusal status=503", open, nil, nil}}},
		{"L35", "a lower limit behind", at(func() *door {
			own, behind := tens(), &tank{rate: 4, most: 8}
			return &door{calls: func(v *visit) {
				if wait, ok := own.draw("", 1); !ok {
					v.tooMany(inSeconds(wait))
				} else if _, ok := behind.draw("", 1); !ok {
					v.text("GitHub API error 403: API rate limit exceeded for user ID 1.", true)
				}
			}}
		}), []step{{brief, []int{1, 3}, nil, []string{`starts empty`}}}},
	}
}

// units are limits in other units than calls, and servers that come and go.
func units() []limiter {
	return []limiter{
		{"L18", "failures alone are counted", at(func() *door {
			c := &tallies{most: 10, length: 5 * time.Second}
			return &door{unruly: true, calls: func(v *visit) {
				if v.fails {
					if wait, ok := c.count(""); !ok {
						v.tooMany(inSeconds(wait))
					}
				}
			}}
		}), []step{
			{laws + "--promise '10 per 5s fixed methods tools/call only failures' --fails fails", open, nil, nil},
			{"probe --tool ping --budget calls=120,time=20s", open,
				[]string{`a limit on calls that fail isn't excluded`}, nil},
		}},
		{"L37", "five at a time, with a short queue", at(func() *door {
			room := make(chan struct{}, 5)
			return &door{takes: 300 * time.Millisecond, calls: func(v *visit) {
				select {
				case room <- struct{}{}:
				case <-time.After(200 * time.Millisecond):
					v.fault(http.StatusOK, -32000, "Rate limit: too many at a time")
				}
			}, after: func(*visit) { <-room }}
		}), []step{{"probe --tool ping --budget calls=300,time=60s", undecided, nil, anyName}}},
		{"L38", "five units a call", at(func() *door {
			k := &tank{rate: 50, most: 100}
			return &door{calls: func(v *visit) {
				if wait, ok := k.draw("", 5); !ok {
					v.tooMany(inSeconds(wait))
				}
			}}
		}), []step{
			{brief, passes, nil, nil},
			{laws + "--promise '50/s burst 100 methods tools/call units ping=5'", open, nil, nil},
		}},
		{"L39", "started anew while it is judged", restarting, []step{
			{run + "--scenario sustained,overload,recovery", []int{1, 3}, []string{`[Ss]ession|started anew|restart`},
				nil},
		}},
		{"L40", "three sessions at a time", at(func() *door {
			d := refusing(plain)
			d.most = 3
			return d
		}), []step{{brief, passes, nil, nil}}},
		{"L41", "a bucket a tool and session, and one a session", at(func() *door {
			tool, session := tens(), &tank{rate: 15, most: 30}
			return &door{calls: func(v *visit) {
				if _, ok := session.draw(v.session(), 1); !ok {
					v.text("Rate limit exceeded (session)", true)
				} else if _, ok := tool.draw(v.session()+v.Tool, 1); !ok {
					v.text("Rate limit exceeded (tool)", true)
				}
			}}
		}), []step{
			{"run --tool ping --promise '10/s burst 20 per session+tool methods tools/call' --promise '15/s burst 30 " +
				"per session methods tools/call'", open, nil, nil},
			{probes, open, []string{`scope per session`}, []string{`no token bucket, but`, `several limits`}},
		}},
		{"L42", "fractions of a second are lost", at(func() *door {
			k := &tank{rate: 10, most: 20, whole: true}
			return &door{calls: func(v *visit) {
				if wait, ok := k.draw("", 1); !ok {
					v.tooMany(inSeconds(wait))
				}
			}}
		}), []step{
			{run + "--scenario burst,sustained", fails, []string{`over-rejection`}, nil},
			{"probe --tool ping --budget calls=300,time=60s", undecided, nil, anyName},
		}},
	}
}

// restarting is a server whose sessions and bucket are gone at 9 s and at 15 s.
func restarting(t *testing.T) []string {
	var mu sync.Mutex
	began, past := time.Now(), 0
	k := tens()
	d := &door{}
	d.every = func(v *visit) {
		mu.Lock()
		defer mu.Unlock()
		now := map[bool]int{true: 1}[time.Since(began) > 9*time.Second] +
			map[bool]int{true: 1}[time.Since(began) > 15*time.Second]
		if now > past {
			past, k = now, tens()
			d.book.mu.Lock()
			d.book.open = nil
			d.book.mu.Unlock()
		}
	}
	d.calls = func(v *visit) {
		mu.Lock()
		wait, ok := k.draw("", 1)
		mu.Unlock()
		if !ok {
			v.tooMany(inSeconds(wait))
		}
	}
	return d.open(t)
}
