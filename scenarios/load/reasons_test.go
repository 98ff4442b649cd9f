package load

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/results"
)

// A flaw is said once, whatever it quotes of each answer; codes, statuses and what is wrong are
// told apart.
func TestReasonsThatAreAlike(t *testing.T) {
	r := reasons{}
	for i := range 30 {
		for _, detail := range []string{
			fmt.Sprintf("the response is followed by what is no JSON: junk %c", 'a'+i),
			fmt.Sprintf("the response is no UTF-8, at byte %d: %c", i, 'a'+i),
			fmt.Sprintf("the reply is no MCP message: it is HTML: <p>%c", 'a'+i),
			fmt.Sprintf("the reply is no MCP message: the result is no object: {%c", 'a'+i),
			fmt.Sprintf("error -32603: request req-7%x failed at 12:%02d:00", i, i),
		} {
			r.add(history.Broken, detail, 1)
		}
		r.add(history.Rejected, fmt.Sprintf("error %d: no", -32000-i%2), 1)
		r.add(history.Rejected, fmt.Sprintf("HTTP %d", 500+i%3), 1)
	}
	require.Equal(t, []results.LoadFailure{
		{Outcome: "broken", Detail: "error -32603: request req-70 failed at 12:00:00", Count: 30},
		{Outcome: "broken", Detail: "the reply is no MCP message: it is HTML: <p>a", Count: 30},
		{Outcome: "broken", Detail: "the reply is no MCP message: the result is no object: {a", Count: 30},
		{Outcome: "broken", Detail: "the response is followed by what is no JSON: junk a", Count: 30},
		{Outcome: "broken", Detail: "the response is no UTF-8, at byte 0: a", Count: 30},
		{Outcome: history.Rejected.String(), Detail: "error -32000: no", Count: 15},
		{Outcome: history.Rejected.String(), Detail: "error -32001: no", Count: 15},
		{Outcome: history.Rejected.String(), Detail: "HTTP 500", Count: 10},
		{Outcome: history.Rejected.String(), Detail: "HTTP 501", Count: 10},
		{Outcome: history.Rejected.String(), Detail: "HTTP 502", Count: 10},
	}, r.frequent(20))
}
