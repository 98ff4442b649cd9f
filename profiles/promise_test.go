package profiles

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/promise"
)

// everyForm is a promise in all the forms that laws have.
const everyForm = `promise:
  - 15/s burst 40                                        # bucket, everybody
  - 100 per 15m fixed, per address                       # opens with the first request
  - {window: 30, every: 10s, kind: sliding, per: [credential], methods: [tools/call]}
  - {window: 5, every: 1m, per: credential, methods: [initialize]}
  - {bucket: 10/s, burst: 20, steps: {tokens: 10, every: 1s}}
  - {cap: 4, per: session, tools: ["render_*"]}
  - {quota: 1000, every: day, zone: UTC, per: credential, units: {search: 1, crawl: 5}}
  - {window: 10, every: 15m, per: address, outcomes: failures}
  - {bucket: 10/s, burst: 20, queue: 2s}
  - {window: 7, every: 2m, elastic: true, refusals: charged, lockout: 60s, may: [ping], free: [tools/list], name: odd}
refusal: {status: 429, retry_after: seconds, headers: ratelimit-draft-8, text: "Too many requests"}
`

func parsed(t *testing.T, text string) Profile {
	t.Helper()
	p, _, err := Parse("x.yaml", []byte(text))
	require.NoError(t, err)
	return p
}

// TestPromiseForms: a law spelt out is the law that its text says.
func TestPromiseForms(t *testing.T) {
	p := parsed(t, everyForm)
	var texts []string
	for _, l := range p.Promise {
		texts = append(texts, l.String())
	}
	require.Equal(t, []string{
		"15/s burst 40",
		"100 per 15m fixed per address",
		"30 per 10s sliding per credential methods tools/call",
		"5 per 1m per credential methods initialize",
		"10/s burst 20 steps 10 every 1s",
		"4 at a time per session tools render_*",
		"quota 1000 per day UTC per credential units crawl=5,search=1",
		"10 per 15m per address only failures",
		"10/s burst 20 queue 2s",
		`7 per 2m elastic may ping free tools/list refusals charged lockout 1m named "odd"`,
	}, texts)
	require.Equal(t, RefusalShape{Status: 429, RetryAfter: "seconds", Headers: "ratelimit-draft-8"}, p.Refusal.Shape)
	require.Equal(t, "Too many requests", p.Refusal.Text)
	require.True(t, p.Lawful())
	require.Equal(t, "x.yaml:2", p.Promised)
	require.Zero(t, p.Limit.Rate)
	want, got := formatted(t, p)
	require.Equal(t, want, got)

	mine := p.Clone()
	mine.Promise[2].Charge.Methods[0], mine.Promise[6].Charge.Units["crawl"], mine.Promise[1].Key[0] = "x", 9, "y"
	require.Equal(t, parsed(t, everyForm).Promise, p.Promise, "a clone shares nothing")
}

// TestPromiseAndLimit: either says it all, and the later file's word counts.
func TestPromiseAndLimit(t *testing.T) {
	bucket := parsed(t, "promise: 15/s burst 40 per credential free ping")
	require.False(t, bucket.Lawful(), "one bucket is a limit")
	require.Equal(t, Limit{Rate: 15, Burst: 40, Scope: Client, Key: CredentialKey, Free: []string{"ping"},
		MayCharge: []string{"*"},
		Charges:   []string{"tools/list"}, Presumed: true}, bucket.Limit)

	limit := parsed(t, "limit: {rate: 15, burst: 40, scope: client, key: credential, charges: ['*'], free: [ping]}")
	require.Equal(t, "15/s burst 40 per credential methods * free ping", limit.Laws()[0].String())
	require.NoError(t, limit.Laws().Validate())
	require.False(t, limit.Lawful())

	both := parsed(t, "limit: 15/s burst 40\npromise: [15/s burst 40, 1000 per 1h]")
	require.True(t, both.Lawful())
	require.Len(t, both.Laws(), 2)

	c, err := LoadFS(folderOf(
		"a.yaml", "promise: [30 per 10s fixed, 4 at a time]",
		"b.yaml", "inherits: a",
		"c.yaml", "inherits: a\nlimit: 10/s burst 20",
		"d.yaml", "inherits: c\npromise: 5 per 1s sliding",
	))
	require.NoError(t, err)
	get := func(name string) Profile {
		p, ok := c.Get(name)
		require.True(t, ok)
		return p
	}
	require.Equal(t, get("a").Promise, get("b").Promise)
	require.Equal(t, "a.yaml:1", get("b").Promised)
	require.Nil(t, get("c").Promise)
	require.Equal(t, 10.0, get("c").Limit.Rate)
	require.Equal(t, promise.Promise{{Kind: promise.Window, N: 5, Every: time.Second, Style: promise.Sliding}},
		get("d").Promise)
	require.Zero(t, get("d").Limit.Rate)
}

// TestObservedPromise: what a server's code sets is said in the same words.
func TestObservedPromise(t *testing.T) {
	p := parsed(t, "limit: 15/s burst 40\nobserved: {promise: [100 per 1m sliding, {cap: 4}], source: server.py:1}")
	require.Equal(t, "100 per 1m sliding", p.Observed.Laws()[0].String())
	require.Len(t, p.Observed.Laws(), 2)
	want, got := formatted(t, p)
	require.Equal(t, want, got)
	p = parsed(t, "limit: 15/s burst 40\nobserved: {promise: 10/s burst 20, source: server.py:1}")
	require.Equal(t, 10.0, p.Observed.Rate, "one bucket is shown as such")
	require.Equal(t, 20, p.Observed.Burst)
	p = parsed(t, "limit: 15/s burst 40\nobserved: {rate: 10, burst: 20, source: server.py:1}")
	require.Equal(t, "10/s burst 20", p.Observed.Laws()[0].String())
	p = parsed(t, "limit: 15/s burst 40\nobserved: {rate: 0, source: server.py:1}")
	require.Empty(t, p.Observed.Laws())
}
