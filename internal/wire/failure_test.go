package wire

import (
	"errors"
	"io"
	"log"
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
		require.Contains(t, dial.Hint, "try "+other+"/mcp")
		require.Equal(t, status == http.StatusForbidden, strings.Contains(dial.Hint, "credentials"))
		require.NotContains(t, dial.Hint, "hunter2")
	}
	require.Equal(t, "https://127.0.0.1/mcp", otherLoopback("https://LOCALHOST/mcp"))
	require.Empty(t, otherLoopback("https://example.com/mcp"))
	require.Empty(t, otherLoopback(""))
}

// What else an address may be, and where a server may answer in its place, is said in full.
func TestHintsNameTheAddressToTry(t *testing.T) {
	says := ""
	status := http.StatusNotFound
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, says, status) })
	plain, secure := httptest.NewServer(answer), httptest.NewUnstartedServer(answer)
	defer plain.Close()
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	dialled := func(address string) *DialError {
		_, err := Dial(t.Context(), Options{URL: address})
		dial, ok := errors.AsType[*DialError](err)
		require.True(t, ok, "%v", err)
		return dial
	}
	require.Contains(t, dialled(plain.URL+"/?key=hunter2").Hint, "many servers answer at "+plain.URL+"/mcp,")
	require.NotContains(t, dialled(plain.URL+"/mcp").Hint, "at "+plain.URL, "it was tried")
	status = http.StatusNotImplemented // as an ordinary web server says to a POST
	require.Equal(t, NotFound, dialled(plain.URL+"/mcp").Kind)
	status, says = http.StatusForbidden, "missing X-API-Key"
	require.Equal(t, GiveCredentials, dialled(plain.URL+"/mcp").Hint)
	https := strings.Replace(plain.URL, "http", "https", 1)
	require.Equal(t, "is it a server without TLS? then it is "+plain.URL+"/mcp", dialled(https+"/mcp").Hint)
	require.Contains(t, dialled(secure.URL+"/mcp").Hint, "--insecure")
	other := strings.Replace(secure.URL, "127.0.0.1", "localhost", 1)
	require.Contains(t, dialled(other+"/mcp").Hint, "it is for example.com, ")
	require.Contains(t, dialled("http://127.0.0.1:70000/mcp").Hint, "1 to 65535")
}
