package verdict

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// What tricks didn't buy is said law by law, and so is what can't be told of.
func TestWhatTricksDidNotBuy(t *testing.T) {
	for _, row := range []struct {
		laws   []string
		held   [][]string
		silent []string
		want   string
	}{
		{[]string{"5 per 10s fixed"}, [][]string{{"batches"}}, nil, "no call was bought by batches"},
		{[]string{"5 per 10s fixed"}, [][]string{{"batches", "cookies"}}, []string{"floods"},
			"no call was bought by batches, cookies; not to be told of floods"},
		{[]string{"5 per 10s fixed"}, [][]string{{}}, []string{"floods"}, "not to be told of floods"},
		{[]string{"5 per 10s fixed", "10/s burst 9"}, [][]string{{}, {"batches"}}, nil,
			"of 10/s burst 9 no call was bought by batches"},
		{[]string{"5 per 10s fixed", "10/s burst 9"}, [][]string{{"cookies"}, {"batches"}}, nil,
			"of 5 per 10s fixed no call was bought by cookies; of 10/s burst 9 no call was bought by batches"},
	} {
		var silent untold
		silent.add("", row.silent...)
		require.Equal(t, row.want, lawsOf(t, row.laws...).trickWords(row.held, silent))
	}
}

// What a trick bought is told where plain calls break the law as well, but later.
func TestATrickThatBoughtCallsBeforePlainOnesDid(t *testing.T) {
	calls := tricked(history.OK, history.OK)
	for i := range 25 {
		c := calls[0]
		c.Sent = 30*time.Second + time.Duration(i)*time.Millisecond
		c.Received = c.Sent + time.Millisecond
		calls = append(calls, c)
	}
	court, laws := byLaw(t, "10 per 10s fixed methods tools/call", calls)
	f := laws.Tricks().Judge(court.Trial("forgery"))
	require.Equal(t, Fail, f.Verdict, f.Saw)
	require.Contains(t, f.Cause, "Cookie")
}
