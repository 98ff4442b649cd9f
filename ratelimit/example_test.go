package ratelimit_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/mcpload/mcpload/ratelimit"
)

func ExampleLimiter_Allow() {
	limiter, err := ratelimit.New(ratelimit.Config{Rate: 1.0 / 3600, Burst: 2}) // 2 at once, then one an hour
	if err != nil {
		log.Fatal(err)
	}
	for range 3 {
		d := limiter.Allow()
		if !d.Allowed {
			fmt.Printf("%v, try again in %v\n", d.Reason, d.RetryAfter.Round(time.Minute))
			continue
		}
		fmt.Println("allowed, left:", d.Remaining)
	}
	// Output:
	// allowed, left: 1
	// allowed, left: 0
	// rate limit exceeded, try again in 1h0m0s
}

// What New refuses, it says with the value and the range.
func ExampleNew() {
	for _, c := range []ratelimit.Config{{}, {Rate: 15}, {Rate: 2e9, Burst: 1}} {
		_, err := ratelimit.New(c)
		fmt.Println(err)
	}
	// Output:
	// ratelimit: rate 0/s: want above 0 and at most 1e+09 tokens a second
	// ratelimit: burst 0: want at least 1
	// ratelimit: rate 2e+09/s: want above 0 and at most 1e+09 tokens a second
}

func ExampleLimiter_AllowAt() {
	limiter, err := ratelimit.New(ratelimit.Config{Rate: 15, Burst: 2})
	if err != nil {
		log.Fatal(err)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, after := range []time.Duration{0, 0, 0, 66_666_666, 66_666_667} {
		d := limiter.AllowAt(start.Add(after))
		fmt.Printf("%v: allowed %v, %d left, retry after %v\n", after, d.Allowed, d.Remaining, d.RetryAfter)
	}
	// Output:
	// 0s: allowed true, 1 left, retry after 0s
	// 0s: allowed true, 0 left, retry after 0s
	// 0s: allowed false, 0 left, retry after 66.666667ms
	// 66.666666ms: allowed false, 0 left, retry after 1ns
	// 66.666667ms: allowed true, 0 left, retry after 0s
}

func ExampleLimiter_AllowKey() {
	limiter, err := ratelimit.New(ratelimit.Config{Rate: 1.0 / 60, Burst: 1, MaxKeys: 2})
	if err != nil {
		log.Fatal(err)
	}
	for _, client := range []string{"ann", "ann", "bob", "eve"} {
		d := limiter.AllowKey(client)
		fmt.Printf("%s %v %q\n", client, d.Allowed, d.Reason)
	}
	// Output:
	// ann true ""
	// ann false "rate limit exceeded"
	// bob true ""
	// eve false "too many clients"
}

// Every JSON-RPC request to an HTTP server costs a token of its client's.
func ExampleNewHandler() {
	limiter, err := ratelimit.New(ratelimit.Config{Rate: 0.5, Burst: 1})
	if err != nil {
		log.Fatal(err)
	}
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"jsonrpc":"2.0","id":1,"result":{}}`)
	})
	handler, err := ratelimit.NewHandler(next, limiter, ratelimit.HandlerConfig{PerClient: true})
	if err != nil {
		log.Fatal(err)
	}
	web := httptest.NewServer(handler)
	defer web.Close()
	for range 2 {
		r, err := http.Post(web.URL, "application/json", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
		if err != nil {
			log.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(r.StatusCode, r.Header.Get("Retry-After"), len(body) > 0)
	}
	// Output:
	// 200  true
	// 429 2 true
}

func ExampleRefuse() {
	d := ratelimit.Decision{RetryAfter: 1500 * time.Millisecond, Reason: ratelimit.ReasonRate}
	for _, shape := range []ratelimit.Shape{ratelimit.HTTP429, ratelimit.FastMCP2, ratelimit.FastMCP4} {
		status, header, body := ratelimit.Refuse(shape, "tools/call", []byte(`"a-7"`), d)
		fmt.Printf("%d %q %s\n", status, header.Get("Retry-After"), body)
	}
	// Output:
	// 429 "2" {"jsonrpc":"2.0","id":"a-7","error":{"code":429,"message":"Rate limit exceeded","data":{"retry_after_ms":1500}}}
	// 200 "" {"jsonrpc":"2.0","id":"a-7","result":{"content":[{"type":"text","text":"Global rate limit exceeded"}],"isError":true}}
	// 200 "" {"jsonrpc":"2.0","id":"a-7","error":{"code":-32000,"message":"Global rate limit exceeded"}}
}
