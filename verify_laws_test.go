package mcpload_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload"
	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/profiles"
	"github.com/mcpload/mcpload/promise"
	"github.com/mcpload/mcpload/results/judge"
	"github.com/mcpload/mcpload/verdict"
)

// at is a history's line: a call that takes a millisecond.
func at(t time.Duration, outcome, client, tool string) string {
	return fmt.Sprintf(`{"sent_ns":%d,"received_ns":%d,"outcome":%q,"client":%q,"tool":%q}`+"\n", t,
		t+time.Millisecond, outcome, client, tool)
}

// some are so many calls of a client that were let through, ten milliseconds apart.
func some(n int, from time.Duration, client string) (lines string) {
	for i := range n {
		lines += at(from+time.Duration(i)*10*time.Millisecond, "admitted", client, "")
	}
	return lines
}

// unix is an instant as Unix time.
func unix(t *testing.T, text string) time.Duration {
	at, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return time.Duration(at.UnixNano())
}

// TestHistoriesOfOtherPeople: hand-made histories, each with what is true of it.
func TestHistoriesOfOtherPeople(t *testing.T) {
	const second = time.Second
	// Daylight saving time begins in this night in Berlin: the day has 23 hours.
	saturday, sunday := unix(t, "2026-03-28T23:05:00Z"), unix(t, "2026-03-29T22:01:00Z")
	noon, evening := unix(t, "2026-06-01T12:00:00Z"), unix(t, "2026-06-01T22:01:00Z")
	refused := func(at_ time.Duration) string { return at(at_, "limited", "c1", "") }
	for name, row := range map[string]struct {
		law, history string
		want         verdict.Verdict
	}{
		"a day of 23 hours": {"quota 4 per day Europe/Berlin", some(4, saturday, "c1") + refused(saturday+second) +
			some(4, sunday, "c1") + refused(sunday+second), verdict.Pass},
		"five on such a day": {"quota 4 per day Europe/Berlin", some(4, saturday, "c1") +
			some(1, saturday+3*time.Hour, "c1") + refused(saturday+4*time.Hour), verdict.Fail},
		"another zone's midnight": {"quota 4 per day UTC", some(4, noon, "c1") + refused(noon+second) +
			some(4, evening, "c1") + refused(evening+second), verdict.Fail},
		"by a clock of nobody's": {"quota 4 per day UTC", some(4, time.Hour, "c1") + refused(2*time.Hour) +
			some(4, 10*time.Hour, "c1") + refused(11*time.Hour), verdict.Pass},
		"addresses of their own, or one": {"5 per 10s fixed per address", some(5, second, "c1") + some(5, second, "c2") +
			refused(2*second), verdict.Inconclusive},
		"neither": {"5 per 10s fixed per address", some(6, second, "c1") + some(5, second, "c2") + refused(2*second),
			verdict.Fail},
		"neither refuses": {"5 per 10s fixed per address", some(2, second, "c1") + some(2, second, "c2") +
			refused(2*second), verdict.Fail},
		"one client": {"5 per 10s fixed per address", some(10, second, "c1"), verdict.Fail},
		// What was refused took nothing: 8 of 10, then 10 of 10.
		"units that don't fit": {"10 per 10s fixed units crawl=4", at(second, "admitted", "c1", "crawl") +
			at(2*second, "admitted", "c1", "crawl") + at(3*second, "limited", "c1", "crawl") +
			some(2, 4*second, "c1") + refused(5*second), verdict.Pass},
	} {
		law, err := promise.Parse(row.law)
		require.NoError(t, err)
		found, err := mcpload.Verify(t.Context(), mcpload.VerifyConfig{History: strings.NewReader(row.history),
			Promise: promise.Promise{law}})
		require.NoError(t, err)
		var text strings.Builder
		require.NoError(t, found.Verified.Table(&text))
		require.Equal(t, row.want, found.Verdict, "%s: %s", name, text.String())
		if row.want == verdict.Inconclusive {
			require.Contains(t, text.String(), "say per credential")
		}
	}
}

// windowLog is a log of the day of a server that lets through n in windows of 2 s, each
// opened by its first request, and is asked every 50 ms; its clock is set in the middle.
func windowLog(n int, by time.Duration) string {
	var out strings.Builder
	used, ends := 0, time.Duration(0)
	for i := range 600 {
		at := time.Duration(i) * 50 * time.Millisecond
		if at >= ends {
			used, ends = 0, at+2*time.Second
		}
		outcome := "limited"
		if used < n {
			outcome, used = "admitted", used+1
		}
		if at += 17e17; i >= 310 {
			at += by
		}
		fmt.Fprintf(&out, `{"sent_ns":%d,"received_ns":%d,"outcome":"%s"}`+"\n", at, at+1e6, outcome)
	}
	return out.String()
}

// A jump of the clock is named under laws as it is for a bucket, and what breaks a law in
// every window is no jump.
func TestVerifyNamesAJumpUnderLaws(t *testing.T) {
	law, err := promise.Parse("10 per 2s fixed")
	require.NoError(t, err)
	verify := func(log string) (verdict.Verdict, *verdict.Jump, string) {
		v, err := mcpload.Verify(context.Background(), mcpload.VerifyConfig{History: strings.NewReader(log),
			Promise: promise.Promise{law}})
		require.NoError(t, err)
		var text strings.Builder
		require.NoError(t, v.Verified.Table(&text))
		return v.Verdict, v.Verified.Laws.Jump, text.String()
	}
	for by, says := range map[time.Duration]string{
		time.Hour:              "seems to have been set forward by about 59m59.9",
		-time.Hour:             "it was set back by about 1h0m0",
		700 * time.Millisecond: "seems to have been set forward by about",
	} {
		said, _, text := verify(windowLog(10, by))
		require.Equal(t, verdict.Inconclusive, said, text)
		require.Contains(t, text, says)
		require.Contains(t, text, "between lines 310 and 311")
	}
	said, _, text := verify(windowLog(10, 0))
	require.Equal(t, verdict.Pass, said, text)
	for _, n := range []int{9, 11} {
		for _, by := range []time.Duration{0, time.Hour, -time.Hour} {
			said, jump, text := verify(windowLog(n, by))
			require.Equal(t, verdict.Fail, said, text)
			require.Nil(t, jump)
		}
	}
}

// TestVerifyWhereNobodySaidWhatIsCharged: a limiter of tool calls lets handshakes and lists pass, and
// what its history is held against doesn't say that. What breaks the promise by tool calls alone is
// broken, and so is what has no other methods, or names what it charges.
func TestVerifyWhereNobodySaidWhatIsCharged(t *testing.T) {
	message := func(i int, method, outcome string) string {
		at := time.Duration(i) * 10 * time.Millisecond
		return fmt.Sprintf(`{"sent_ns":%d,"received_ns":%d,"outcome":%q,"client":"c1","method":%q}`+"\n", at,
			at+time.Millisecond, outcome, method)
	}
	log := func(lists, admitted int, method string) (lines string) {
		for i := range lists {
			lines += message(i, "tools/list", "admitted")
		}
		for i := range admitted {
			lines += message(lists+i, method, "admitted")
		}
		lines += message(lists+admitted, method, "limited") + message(lists+admitted+1, method, "limited")
		return lines + message(lists+admitted+2, "tools/list", "admitted") +
			message(lists+admitted+3, "tools/list", "admitted") + message(lists+admitted+4, "tools/list", "admitted") +
			message(lists+admitted+5, method, "limited")
	}
	for name, row := range map[string]struct {
		law, history string
		want         verdict.Verdict
	}{
		"lists are free":         {"20 per 10s fixed", log(4, 20, "tools/call"), verdict.Pass},
		"of a bucket too":        {"1/10s burst 20", log(4, 20, "tools/call"), verdict.Pass},
		"one too many":           {"20 per 10s fixed", log(4, 21, "tools/call"), verdict.Fail},
		"one too few":            {"20 per 10s fixed", log(0, 19, "tools/call"), verdict.Fail},
		"or a list took it":      {"20 per 10s fixed", log(1, 19, "tools/call"), verdict.Inconclusive},
		"it said so":             {"20 per 10s fixed methods *", log(4, 20, "tools/call"), verdict.Fail},
		"methods without a name": {"20 per 10s fixed", log(4, 20, ""), verdict.Fail},
		"all of one method":      {"20 per 10s fixed", log(4, 20, "tools/list"), verdict.Fail},
	} {
		law, err := promise.Parse(row.law)
		require.NoError(t, err, name)
		found, err := mcpload.Verify(t.Context(), mcpload.VerifyConfig{History: strings.NewReader(row.history),
			Promise: promise.Promise{law}})
		require.NoError(t, err)
		var text strings.Builder
		require.NoError(t, found.Verified.Table(&text))
		require.Equal(t, row.want, found.Verdict, "%s: %s", name, text.String())
	}

	for name, row := range map[string]struct {
		burst   int
		charges []string
		history string
		want    verdict.Verdict
	}{
		"lists are free":   {20, nil, log(8, 20, "tools/call"), verdict.Pass},
		"one too many":     {19, nil, log(8, 20, "tools/call"), verdict.Fail},
		"it said so":       {20, []string{"*"}, log(8, 20, "tools/call"), verdict.Fail},
		"it said which":    {20, []string{"tools/call"}, log(8, 20, "tools/call"), verdict.Pass},
		"without a name":   {20, nil, log(8, 20, ""), verdict.Fail},
		"all of one name":  {20, nil, log(8, 20, "tools/list"), verdict.Fail},
		"resources, lists": {20, nil, log(8, 20, "resources/read"), verdict.Pass},
	} {
		asked := judge.Asked{Rate: "0.1/s", Burst: row.burst, Scope: "global", Charges: row.charges}
		limit, err := asked.Limit()
		require.NoError(t, err)
		found, err := mcpload.Verify(t.Context(), mcpload.VerifyConfig{History: strings.NewReader(row.history),
			Limit: limit})
		require.NoError(t, err)
		var text strings.Builder
		require.NoError(t, found.Verified.Table(&text))
		require.Equal(t, row.want, found.Verdict, "%s: %s", name, text.String())
	}
}

// TestVerifyTellsWhatHeadersSay: beside a bucket as beside laws, and it changes no verdict.
func TestVerifyTellsWhatHeadersSay(t *testing.T) {
	var log strings.Builder
	for i := range 14 {
		outcome, hints := "admitted", fmt.Sprintf(`RateLimit-Limit="90" claim; RateLimit-Remaining="%d" claim`, 60-i)
		if i >= 10 {
			outcome, hints = "limited", history.FormatHints([]history.Hint{{From: "Retry-After", Raw: "-1",
				Kind: history.HintWrong, Note: "negative"}})
		}
		at := time.Duration(i) * 10 * time.Millisecond
		fmt.Fprintf(&log, `{"sent_ns":%d,"received_ns":%d,"outcome":%q,"method":"tools/call","hints":%q}`+"\n", at,
			at+time.Millisecond, outcome, hints)
	}
	law, err := promise.Parse("10 per 1m fixed")
	require.NoError(t, err)
	for name, c := range map[string]mcpload.VerifyConfig{
		"laws":   {Promise: promise.Promise{law}},
		"bucket": {Limit: profiles.Limit{Rate: 0.1, Burst: 10, Scope: profiles.Global, Charges: []string{"*"}}},
	} {
		c.History = strings.NewReader(log.String())
		found, err := mcpload.Verify(t.Context(), c)
		require.NoError(t, err)
		var text, doc strings.Builder
		require.NoError(t, found.Verified.Table(&text))
		require.NoError(t, found.Verified.JSON(&doc))
		require.Equal(t, verdict.Pass, found.Verdict, "%s: %s", name, text.String())
		for _, part := range []string{"RateLimit-Limit, RateLimit-Remaining: contradicted", "is present and wrong"} {
			require.Contains(t, text.String(), part, name)
			require.Contains(t, doc.String(), part, name)
		}
		require.Contains(t, text.String(), "lines 10, 11", name)
	}
}
