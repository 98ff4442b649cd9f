package history

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestHintsReadAsTheyStandInAFile(t *testing.T) {
	list := []Hint{
		{From: "Retry-After", Raw: "3", Kind: HintWait, Lo: 2 * time.Second, Hi: 4 * time.Second},
		{From: "data.retry_after_ms", Raw: "101", Kind: HintWait, Lo: 100 * time.Millisecond,
			Hi: 102 * time.Millisecond, Note: NoteUnit},
		{From: "X-RateLimit-Reset", Raw: "-1", Kind: HintWrong, Note: "negative"},
		{From: "X-RateLimit-Remaining", Raw: "9; \"x\"=1", Kind: HintLeft},
	}
	const text = `Retry-After="3" wait 2s..4s; data.retry_after_ms="101" wait 100ms..102ms "seconds or milliseconds: its name doesn't say"; ` +
		`X-RateLimit-Reset="-1" wrong "negative"; X-RateLimit-Remaining="9; \"x\"=1" left`
	require.Equal(t, text, FormatHints(list))
	got, err := ParseHints(text)
	require.NoError(t, err)
	require.Equal(t, list, got)
	got, err = ParseHints("")
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestHintsRoundTrip(t *testing.T) {
	hint := rapid.Custom(func(t *rapid.T) Hint {
		h := Hint{
			From: rapid.StringMatching(`[A-Za-z][A-Za-z._-]{0,20}`).Draw(t, "from"), Raw: rapid.String().Draw(t, "raw"),
			Kind: rapid.SampledFrom([]HintKind{HintWait, HintReset, HintLeft, HintWrong}).Draw(t, "kind"),
			Note: rapid.String().Draw(t, "note"),
		}
		if h.Kind == HintWait || h.Kind == HintReset {
			h.Lo, h.Hi = time.Duration(rapid.Int64().Draw(t, "lo")), time.Duration(rapid.Int64().Draw(t, "hi"))
		}
		return h
	})
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(hint, 1, 4).Draw(t, "hints")
		for i := range want { // what isn't UTF-8 is cleaned before it comes here
			want[i].Raw, want[i].Note = strings.ToValidUTF8(want[i].Raw, "?"), strings.ToValidUTF8(want[i].Note, "?")
		}
		got, err := ParseHints(FormatHints(want))
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func TestBreaksAreToldApart(t *testing.T) {
	for detail, want := range map[string]Break{
		"connection reset by peer": Reset, "broken pipe": Reset, "the connection was closed": Closed,
		"connection refused": Gone, "server exited: exit status 1": Gone, "the server closed its stdout": Gone,
		"the reply is no MCP message: x": Unusable, TwoReplies: Unusable, "": Unusable,
	} {
		require.Equal(t, want, Call{Outcome: Broken, Detail: detail}.Break(), detail)
		require.Equal(t, NotBroken, Call{Outcome: Rejected, Detail: detail}.Break(), detail)
	}
	require.Equal(t, Unusable, Call{Outcome: Broken, Status: 200, Detail: "the connection was closed"}.Break(),
		"a reply had begun")
}

func TestHintsOfOtherWritersAreRefused(t *testing.T) {
	for _, text := range []string{
		"3", "=\"3\" wait 1s..2s", `a="3"`, `a="3" wait`, `a="3" wait 1s`, `a="3" soon`, `a=3 wait 1s..2s`,
		`a="3" wait 1s..2s;`, `a="3" wait 1s..2s; `, `a="3" wait 1s..2s x`, `a="3" wrong "`, `a="3`,
	} {
		_, err := ParseHints(text)
		require.Error(t, err, text)
	}
}
