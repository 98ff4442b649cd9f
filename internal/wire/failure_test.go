package wire

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A server that checks Host knows one name of this machine only, and whoever used the
// other one is told which.
func TestTheOtherNameOfThisMachineIsHintedAt(t *testing.T) {
	status := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	defer s.Close()
	other := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	for _, status = range []int{http.StatusForbidden, http.StatusMisdirectedRequest, http.StatusUnauthorized} {
		_, err := Dial(t.Context(), Options{URL: s.URL + "/mcp?key=hunter2"})
		dial, ok := errors.AsType[*DialError](err)
		require.True(t, ok, "%v", err)
		if status == http.StatusUnauthorized {
			require.NotContains(t, dial.Hint, "localhost")
			continue
		}
		require.Contains(t, dial.Hint, "try "+other+"/mcp;")
		require.NotContains(t, dial.Hint, "hunter2")
	}
	require.Equal(t, "https://127.0.0.1/mcp", otherLoopback("https://LOCALHOST/mcp"))
	require.Empty(t, otherLoopback("https://example.com/mcp"))
	require.Empty(t, otherLoopback(""))
}
