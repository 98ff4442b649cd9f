package probe

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

func TestARetryIsLateEnoughForTheHintsPrecision(t *testing.T) {
	refused := func(wait time.Duration, hints string) history.Call {
		return history.Call{Outcome: history.Limited, RetryAfter: wait, Hints: hints}
	}
	require.Equal(t, 22*time.Millisecond, margin(refused(time.Second, "")))
	require.Equal(t, time.Second, margin(refused(time.Second, `Retry-After="1" wait 0s..2s`)))
	require.Equal(t, 4*time.Millisecond,
		margin(refused(100*time.Millisecond,
			`body.retry_after_ms="100" wait 99ms..101ms; Retry-After="1" wait 0s..2s`)))
	require.Equal(t, 22*time.Millisecond, margin(refused(time.Second, "of another writer")))
}

func TestAHintThatNobodyCanHeedIsSaid(t *testing.T) {
	for hints, want := range map[string]string{
		"": RetryAbsent,
		`Retry-After="1 second" wrong "neither whole seconds nor a date"`:                     RetryWrong,
		`Retry-After="3600" wait 59m59s..1h0m1s; body.retry_after_ms="101" wait 100ms..102ms`: RetryWrong,
		`Retry-After="1" wait 0s..2s; body.retry_after_ms="101" wait 100ms..102ms`:            "",
	} {
		p := &probe{ledger: &ledger{calls: []history.Call{{Outcome: history.Limited, Status: 429, Hints: hints}}}}
		p.readSignal()
		require.Equal(t, want, p.report.Signal.RetryAfter.Answer, hints)
	}
}
