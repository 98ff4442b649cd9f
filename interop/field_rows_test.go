//go:build field

package interop

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// at opens a door anew for each step.
func at(made func() *door) func(t *testing.T) []string {
	return func(t *testing.T) []string { return made().open(t) }
}

const (
	run    = "run --tool ping --rate 10/s --burst 20 "
	brief  = run + "--scenario burst,overload "
	laws   = "run --tool ping --clients 1 "
	probes = "probe --tool ping --budget calls=700,time=4m "
)

// anyName is what a probe says where it names a limiter.
var anyName = []string{`measured to 1`, `no token bucket, but`, `several limits at once`}

// but are names without those that have a word.
func but(word string) []string {
	return []string{`measured to 1`, `several limits at once`,
		`no token bucket, but a (?:` + strings.Join(others(word), "|") + `)`}
}

// otherwise are names of which one begins so and may only go on as it should.
func otherwise(begins, on string) (list []string) {
	for _, name := range anyName {
		if !strings.HasPrefix(begins, name) {
			list = append(list, name)
		}
	}
	for i := range on {
		list = append(list, regexp.QuoteMeta(begins+on[:i])+"[^"+regexp.QuoteMeta(on[i:i+1])+"]")
	}
	return list
}

func others(word string) (list []string) {
	for _, name := range []string{"window that opens", "sliding", "fixed"} {
		if name != word {
			list = append(list, name)
		}
	}
	return list
}

// handmade are limiters as servers build them by hand.
func handmade() []limiter {
	return []limiter{
		{"L01", "windows of a key, every HTTP request", at(func() *door {
			c := &tallies{most: 30, length: 10 * time.Second}
			return &door{every: func(v *visit) {
				if _, ok := c.count(bearerOf(v)); !ok {
					v.tooMany("10")
				}
			}}
		}), []step{
			{laws + "--promise '30 per 10s fixed'", open, []string{`kept: 30 per`}, []string{`^mcpload.*fail:`}},
			{probes, open, nil, but("window that opens")},
		}},
		{"L07", "a ban after refusals", at(func() *door {
			k, mu := tens(), sync.Mutex{}
			var refused []time.Time
			var until time.Time
			return &door{calls: func(v *visit) {
				mu.Lock()
				defer mu.Unlock()
				now := time.Now()
				if wait := until.Sub(now); wait > 0 {
					v.tooMany(inSeconds(wait))
					return
				}
				wait, ok := k.draw("", 1)
				if ok {
					return
				}
				for len(refused) > 0 && now.Sub(refused[0]) > time.Second {
					refused = refused[1:]
				}
				if refused = append(refused, now); len(refused) >= 5 {
					refused, wait = nil, 8*time.Second
					until = now.Add(wait)
				}
				v.tooMany(inSeconds(wait))
			}}
		}), []step{
			{laws + "--promise '10/s burst 20 lockout 8s methods tools/call'", open, nil, nil},
			{probes, undecided, nil, anyName},
		}},
		{"L08", "a bucket and a window", at(func() *door {
			k, c := tens(), &tallies{most: 120, length: time.Minute}
			return &door{calls: func(v *visit) {
				if wait, ok := k.draw("", 1); !ok {
					v.tooMany(inSeconds(wait))
				} else if wait, ok := c.count(""); !ok {
					v.tooMany(inSeconds(wait))
				}
			}}
		}), []step{
			{laws + "--promise '10/s burst 20 methods tools/call' --promise '120 per 1m fixed methods tools/call'",
				open,
				nil, nil},
			{probes, open, nil, otherwise("several limits at once: ", "10/s burst 20, and 120 per 1m fixed")},
		}},
		{"L09", "a bucket and a daily quota", at(func() *door {
			k, c := tens(), &tallies{most: 150, length: 9 * time.Hour}
			return &door{calls: func(v *visit) {
				if wait, ok := k.draw("", 1); !ok {
					v.tooMany(inSeconds(wait))
				} else if wait, ok := c.count(""); !ok {
					v.ResponseWriter.Header().Set("Retry-After", inSeconds(wait))
					v.fault(http.StatusTooManyRequests, -32003, "Daily limit reached")
				}
			}}
		}), []step{
			{laws + "--fresh --spend --promise '10/s burst 20 methods tools/call' --promise 'quota 150 per day " +
				"methods tools/call'", open, nil, nil},
		}},
		{"L10", "limits stacked over keys", at(func() *door {
			all, address := &tallies{most: 30, length: 10 * time.Second}, &tallies{most: 120, length: 10 * time.Second}
			greet, greets := &tallies{most: 5, length: time.Minute}, &tallies{most: 15, length: time.Minute}
			return &door{every: func(v *visit) {
				_, a := all.count(bearerOf(v))
				_, b := address.count("")
				c, d := true, true
				if v.RPC == "initialize" {
					_, c = greet.count(bearerOf(v))
					_, d = greets.count("")
				}
				if !a || !b || !c || !d {
					v.tooMany("10")
				}
			}}
		}), []step{
			{laws + "--promise '30 per 10s fixed' --promise '120 per 10s fixed per address' --promise '5 per 1m " +
				"fixed methods initialize' --promise '15 per 1m fixed per address methods initialize'",
				open, nil, nil},
		}},
		{"L11", "a bucket that every HTTP request takes from", at(func() *door {
			k := tens()
			return &door{every: func(v *visit) {
				if wait, ok := k.draw("", 1); !ok {
					v.tooMany(inSeconds(wait))
				}
			}}
		}), []step{{run + "--scenario burst,isolation,evasion", open, nil, nil}}},
		{"L12", "a bucket for each spelling of a credential", at(func() *door {
			k := tens()
			return &door{every: func(v *visit) {
				raw := v.Request.Header.Get("Authorization")
				if wait, ok := k.draw(raw, 1); !ok {
					v.tooMany(inSeconds(wait))
				} else if _, key, ok := strings.Cut(raw, "Bearer "); !ok || key != "field-key-of-nobody-1" {
					v.send(http.StatusUnauthorized, map[string]any{"error": "unauthorized"})
				}
			}}
		}), []step{
			{run + "--scope global --client-header 'Authorization: n{n} Bearer field-key-of-nobody-1' --scenario " +
				"isolation", fails, []string{`over-admission`}, nil},
		}},
		{"L13", "a bucket for whatever a bearer says", at(func() *door {
			k := tens()
			return &door{every: func(v *visit) {
				if c, err := v.Cookie("session"); err != nil || c.Value != "alice" {
					v.send(http.StatusUnauthorized, map[string]any{"error": "unauthorized"})
				} else if wait, ok := k.draw(bearerOf(v), 1); v.isCall() && !ok {
					v.tooMany(inSeconds(wait))
				}
			}}
		}), []step{
			{run + "--scope global -H 'Cookie: session=alice' --client-header 'Authorization: Bearer x{n}' " +
				"--scenario isolation", fails, []string{`over-admission`}, nil},
		}},
		{"L14", "a bucket a session, where there are none", at(func() *door {
			k := tens()
			return &door{modern: true, calls: func(v *visit) {
				if _, ok := k.draw(v.session(), 1); !ok {
					v.fault(http.StatusOK, -32000, "Rate limit exceeded")
				}
			}}
		}), []step{
			{run + "--scope client --scenario isolation --protocol 2025-11-25", passes, nil, nil},
			{run + "--scope client --scenario isolation", []int{1, 2, 3}, []string{`2026-07-28`}, nil},
		}},
		{"L15", "a bucket a key, spoken to with one", at(func() *door {
			k := tens()
			return &door{modern: true, calls: func(v *visit) {
				if wait, ok := k.draw(bearerOf(v), 1); !ok {
					v.tooMany(inSeconds(wait))
				}
			}}
		}), []step{
			{brief + "--scope client -H 'Authorization: Bearer field-key-of-nobody-1'", []int{0, 2, 3}, nil, nil},
			{brief + "-H 'Authorization: Bearer field-key-of-nobody-1'", passes, nil, nil},
		}},
		{"L16", "three a minute, and one in three seconds", at(func() *door {
			k := &tank{rate: 1.0 / 3, most: 1}
			return &door{every: func(v *visit) {
				if _, ok := k.draw(addressOf(v), 1); v.RPC != "" && !ok {
					v.send(http.StatusTooManyRequests, map[string]any{"jsonrpc": "2.0", "id": 1, "result": nil,
						"error": map[string]any{"code": -32004, "message": "Too many requests"}})
				}
			}}
		}), []step{{"run --tool ping --rate 1/3s --burst 1 --scenario burst", open, nil, nil}}},
		{"L17", "a gap that grows", at(func() *door {
			var mu sync.Mutex
			count, last := 0, time.Time{}
			return &door{every: func(v *visit) {
				mu.Lock()
				defer mu.Unlock()
				gap := time.Duration(0)
				if count >= 12 {
					gap = 3 * time.Second
				}
				if wait := gap - time.Since(last); v.RPC != "" && wait > 0 {
					v.ResponseWriter.Header().Set("Retry-After", inSeconds(wait))
					v.fault(http.StatusTooManyRequests, -32029, "throttled for "+inSeconds(wait)+" seconds")
				} else if v.RPC != "" {
					count, last = count+1, time.Now()
				}
			}}
		}), []step{{"probe --tool ping --budget calls=200,time=90s", undecided, nil, anyName}}},
		{"L19", "off while its store is out", at(func() *door {
			k, began := tens(), time.Now()
			return &door{calls: func(v *visit) {
				wait, ok := k.draw("", 1)
				if out := time.Since(began)%(6*time.Second) < 1500*time.Millisecond; !ok && !out {
					v.tooMany(inSeconds(wait))
				}
			}}
		}), []step{{run + "--scenario sustained,overload", fails, []string{`over-admission`}, nil}}},
		{"L20", "off under load, and closed where its store fails", func(t *testing.T) []string {
			k, began := tens(), time.Now()
			d := &door{calls: func(v *visit) {
				if time.Since(began)%(6*time.Second) > 4500*time.Millisecond {
					v.send(http.StatusInternalServerError, map[string]any{"error": "store unavailable"})
				} else if wait, ok := k.draw("", 1); !ok {
					v.tooMany(inSeconds(wait))
				}
			}}
			return d.open(t)
		}, []step{{brief, []int{0, 3}, nil, nil}}},
		{"L21", "a bucket in each of three replicas", func(t *testing.T) []string {
			var doors []*door
			for range 3 {
				k := tens()
				d := &door{calls: func(v *visit) {
					if wait, ok := k.draw("", 1); !ok {
						v.tooMany(inSeconds(wait))
					}
				}}
				doors = append(doors, d)
			}
			return turns(t, doors...)
		}, []step{
			{brief, []int{1, 3}, nil, nil},
			{"probe --tool ping --budget calls=300,time=60s", undecided, nil, []string{`no token bucket, but`,
				`several limits at once`}},
		}},
		{"L22", "replicas whose clocks disagree", at(func() *door {
			n := 0
			k := &tank{rate: 10, most: 20, clock: func() time.Time {
				n++
				return time.Now().Add(time.Duration(n%2) * 700 * time.Millisecond)
			}}
			return &door{calls: func(v *visit) {
				if wait, ok := k.draw("", 1); !ok {
					v.tooMany(inSeconds(wait))
				}
			}}
		}), []step{{brief, fails, []string{`over-admission`}, nil}}},
	}
}
