package mock

import (
	"time"

	"github.com/mcpload/mcpload/profiles"
)

// tenTwenty is the promise of the rows below: a token every 100 ms, full after
// 2 s.
func tenTwenty() profiles.Limit {
	return profiles.Limit{Rate: 10, Burst: 20, Scope: profiles.Global, Charges: []string{"*"}}
}

// A row is n requests at an instant, again every so often if times is set, and
// how many of all of them are admitted.
type row struct {
	at    time.Duration
	n     int
	want  int
	every time.Duration
	times int
	as    Request // client, connection, method and tool; tools/call where it names none
}

const ms = time.Millisecond

func (r row) requests() []Request {
	var list []Request
	for i := range max(1, r.times) {
		for range r.n {
			q := r.as
			q.At = r.at + time.Duration(i)*r.every
			if q.Method == "" {
				q.Method, q.Tool = methodCall, cmpOr(q.Tool, "ping")
			}
			q.Client, q.Conn = cmpOr(q.Client, "c1"), cmpOr(q.Conn, "k1")
			list = append(list, q)
		}
	}
	return list
}

func cmpOr(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// behaviour is what each fault of the catalogue does, at named instants. Each
// drains the bucket first, unless it says otherwise.
var behaviour = map[string][]row{
	"off":           {{n: 500, want: 500}},
	"burst+1":       {{n: 30, want: 21}},
	"burst-1":       {{n: 30, want: 19}},
	"burst-x2":      {{n: 50, want: 40}},
	"ignores-burst": {{n: 50, want: 12}}, // at 6/s, see limitOf
	"leaky":         {{n: 30, want: 1}, {at: 99 * ms, n: 30}, {at: 100 * ms, n: 30, want: 1}},
	"rate+10%":      {{n: 30, want: 20}, {at: 100 * ms, n: 3, every: 100 * ms, times: 10, want: 11}},
	"rate-10%":      {{n: 30, want: 20}, {at: 100 * ms, n: 3, every: 100 * ms, times: 10, want: 9}},
	"rate+5%":       {{n: 30, want: 20}, {at: 100 * ms, n: 3, every: 100 * ms, times: 20, want: 21}},
	"rate-5%":       {{n: 30, want: 20}, {at: 100 * ms, n: 3, every: 100 * ms, times: 20, want: 19}},
	"rate+2%":       {{n: 30, want: 20}, {at: 100 * ms, n: 3, every: 100 * ms, times: 50, want: 51}},
	"rate-2%":       {{n: 30, want: 20}, {at: 100 * ms, n: 3, every: 100 * ms, times: 50, want: 49}},
	"never-refills": {{n: 30, want: 20}, {at: time.Hour, n: 30}},
	"start-empty":   {{n: 30}, {at: 100 * ms, n: 30, want: 1}},
	"idle-reset":    {{n: 30, want: 20}, {at: 999 * ms, n: 30, want: 9}, {at: 1999 * ms, n: 30, want: 20}},
	"periodic-reset": {{n: 30, want: 20}, {at: 1900 * ms, n: 30, want: 19}, {at: 2000 * ms, n: 30, want: 20},
		{at: 2001 * ms, n: 30}},
	"stepwise-1s": {{n: 30, want: 20}, {at: 999 * ms, n: 30}, {at: 1000 * ms, n: 30, want: 10}},
	"stepwise-250ms": {{n: 30, want: 20}, {at: 249 * ms, n: 30}, {at: 250 * ms, n: 30, want: 2},
		{at: 500 * ms, n: 30, want: 3}},
	"stepwise-100ms": {{at: 50 * ms, n: 30, want: 20}, {at: 99 * ms, n: 30}, {at: 100 * ms, n: 30, want: 1},
		{at: 199 * ms, n: 30}},
	"truncating-refill": {{n: 30, want: 20}, {at: 50 * ms, n: 1, every: 50 * ms, times: 20}, {at: 1100 * ms, n: 30,
		want: 1}},
	"over-capacity":          {{at: time.Second, n: 40, want: 30}, {at: time.Hour, n: 50, want: 40}},
	"off-after-first-window": {{at: 3999 * ms, n: 30, want: 20}, {at: 4000 * ms, n: 500, want: 500}},
	"fixed-window": {{at: 1999 * ms, n: 30, want: 20}, {at: 2000 * ms, n: 30, want: 20},
		{at: 3999 * ms, n: 30}},
	"sliding-log": {{n: 10, want: 10}, {at: 1000 * ms, n: 30, want: 10}, {at: 1999 * ms, n: 30},
		{at: 2000 * ms, n: 30, want: 10}, {at: 3000 * ms, n: 30, want: 10}},
	"concurrency-cap": {{n: 30, want: 20}, {at: 49 * ms, n: 30}, {at: 50 * ms, n: 30, want: 20}},
	"burst-once": {{n: 30, want: 20}, {at: 2 * time.Second, n: 30, want: 1}, {at: time.Hour, n: 30,
		want: 1}},
	"lockout": {{n: 21, want: 20}, {at: 999 * ms, n: 5}, {at: 1000 * ms, n: 11, want: 10},
		{at: 1999 * ms, n: 5}},
	"per-session": {{n: 30, want: 20}, {n: 30, want: 20, as: Request{Client: "c2"}},
		{n: 30, as: Request{Conn: "k2"}}},
	"per-connection": {{n: 30, want: 20}, {n: 30, want: 20, as: Request{Conn: "k2"}},
		{n: 30, as: Request{Client: "c2"}}},
	"per-tool": {{n: 30, want: 20}, {n: 30, want: 20, as: Request{Tool: "echo"}},
		{n: 30, want: 20, as: Request{Method: "tools/list"}}},
	"per-method": {{n: 30, want: 20}, {n: 30, as: Request{Tool: "echo"}},
		{n: 30, want: 20, as: Request{Method: "tools/list"}}},
	// with a bucket promised to each, see limitOf
	"shared":     {{n: 30, want: 20}, {n: 30, as: Request{Client: "c2"}}},
	"replicas-3": {{n: 90, want: 60}, {at: 100 * ms, n: 30, want: 3}},
	"per-identity": {{n: 30, want: 20}, {n: 30, want: 20, as: Request{Who: "somebody"}},
		{n: 30, as: Request{Conn: "k2"}}},
	"per-id-range": {{n: 30, want: 20}, {n: 30, as: Request{ID: 999_999}},
		{n: 30, want: 20, as: Request{ID: 1_000_000}}},
	"session-reset": {{n: 30, want: 20}, {n: 1, want: 1, as: Request{Method: "initialize"}},
		{n: 30, want: 19}},
	// 5 owed; then 6-5-1-1
	"refusals-cost": {{n: 25, want: 20}, {at: 600 * ms, n: 2, want: 1}, {at: 700 * ms, n: 1}},
	"double-charge": {{n: 30, want: 10}, {at: 200 * ms, n: 30, want: 1}},
	"racy": {{n: 50, want: 50}, {at: 4 * ms, n: 50, want: 50}, {at: 5 * ms, n: 50},
		{at: 200 * ms, n: 1, want: 1}},
	"never-for-tools": {{n: 500, want: 500}, {n: 30, want: 20, as: Request{Method: "tools/list"}}},
	"only-success-counted": {{n: 500, want: 500, as: Request{Fails: true}},
		{n: 500, want: 500, as: Request{Method: "tools/list"}}, {n: 30, want: 20},
		{n: 5, want: 5, as: Request{Fails: true}}},
	// about 3 % of 1000; seed 1
	"leak-3%": {{n: 20, want: 20}, {n: 1000, want: 32}},
	// about 95 % of 1000; seed 1
	"false-refusal-5%": {{at: time.Second, every: time.Second, times: 1000, n: 1, want: 951}},
	"clock-back": {{at: 3900 * ms, n: 30, want: 20}, {at: 4000 * ms, n: 1}, {at: 6990 * ms, n: 1},
		{at: 7000 * ms, n: 1, want: 1}, {at: 8900 * ms, n: 30, want: 19}, {at: 9000 * ms, n: 1},
		{at: 11990 * ms, n: 1}},
	"clock-forward": {{at: 3900 * ms, n: 30, want: 20}, {at: 4000 * ms, n: 30, want: 20},
		{at: 8900 * ms, n: 30, want: 20}, {at: 9000 * ms, n: 30, want: 20}},
	"dies-after-60": {{n: 30, want: 20}, {at: 2 * time.Second, n: 30, want: 20}, {at: 10 * time.Second,
		n: 30}},
	// The rest decides honestly and replies wrongly: see TestDeformedReplies.
	"retry-after-short":  {{n: 30, want: 20}},
	"retry-after-long":   {{n: 30, want: 20}},
	"wrong-id":           {{n: 30, want: 20}},
	"duplicate-reply":    {{n: 30, want: 20}},
	"refusal-as-success": {{n: 30, want: 20}},
	"silent-refusals":    {{n: 30, want: 20}},
}

// limitOf is the promise that a fault's rows break: not every promise can be
// broken by every fault.
func limitOf(fault string) profiles.Limit {
	l := tenTwenty()
	switch fault {
	case "ignores-burst":
		l.Rate = 6
	case "shared":
		l.Scope = profiles.Client
	}
	return l
}

func admitted(a Answer) bool { return !a.Limited && !a.Dead && !a.Mute }

// play returns how many requests of each row are admitted, and every answer.
func play(l Limiter, rows []row) (counts []int, answers []Answer) {
	for _, r := range rows {
		n := 0
		for _, q := range r.requests() {
			a := l.Decide(q)
			answers = append(answers, a)
			if admitted(a) {
				n++
			}
		}
		counts = append(counts, n)
	}
	return counts, answers
}
