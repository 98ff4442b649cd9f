package wire

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// tokenlessBearer never gets a token. What it says to do about that is its own.
type tokenlessBearer struct{ ready func(context.Context) error }

func (b tokenlessBearer) Ready(ctx context.Context) error                { return b.ready(ctx) }
func (tokenlessBearer) Token() string                                    { return "" }
func (tokenlessBearer) Renew(context.Context, string, http.Header) error { return errors.New("none") }
func (tokenlessBearer) Hint() string                                     { return "log in first" }

// TestNoToken: who gives up while a token is awaited isn't told of credentials, and how to
// come by a token is said by what gets them.
func TestNoToken(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	for _, row := range []struct {
		ready func(context.Context) error
		kind  DialKind
		hint  string
	}{
		{func(context.Context) error { return errors.New("not logged in") }, Auth, "log in first"},
		{func(ctx context.Context) error { cancel(); <-ctx.Done(); return ctx.Err() }, Cancelled, ""},
	} {
		_, err := Dial(ctx, Options{URL: "http://127.0.0.1:9/mcp", Bearer: tokenlessBearer{row.ready}})
		var de *DialError
		require.ErrorAs(t, err, &de)
		require.Equal(t, row.kind, de.Kind)
		require.Equal(t, row.hint, de.Hint)
	}
}

// TestRefusedHeader: who shows a credential isn't told to show one.
func TestRefusedHeader(t *testing.T) {
	shown := Options{Header: http.Header{"Authorization": {"Bearer abc"}}}
	require.Contains(t, hint(&DialError{Kind: Auth}, shown), "is it right")
	require.Contains(t, hint(&DialError{Kind: Auth}, Options{}), "give credentials")
}

// What a status or a closed door says by itself is said whatever is asked, and with no secret.
func TestHintsOfAServerThatIsNotSpokenTo(t *testing.T) {
	local := Options{URL: "http://127.0.0.1:9/mcp?key=abc", Transport: HTTP}
	shown := local
	shown.Header = http.Header{"Authorization": {"Bearer abc"}}
	for _, row := range []struct {
		e    DialError
		o    Options
		says string
	}{
		{DialError{Kind: Auth, Status: 403}, local, "try http://localhost:9/mcp; or does it want"},
		{DialError{Kind: Auth, Status: 403}, shown, "is it right"},
		{DialError{Kind: Auth, Status: 403}, Options{URL: "http://host/mcp"}, "give credentials"},
		{DialError{Kind: Protocol, Status: 421}, shown, "try http://localhost:9/mcp"},
		{DialError{Kind: Protocol, Status: 502}, local, "its own log says why"},
		{DialError{Kind: Limited, Status: 503}, local, "wait until the limit has recovered"},
		{DialError{Kind: Lost}, local, "then it is https://127.0.0.1:9/mcp"},
		{DialError{Kind: Lost}, Options{URL: "https://127.0.0.1:9/mcp"}, ""},
	} {
		got := hint(&row.e, row.o)
		require.Contains(t, got, row.says)
		require.Equal(t, row.says == "", got == "", got)
		require.NotContains(t, got, "abc")
	}
}
