package apikey_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/apikey"
)

type node struct {
	Name, Token string
	Next        *node
}

// These print themselves, each in its own way, and show a password by it.
type (
	spoken    struct{ Password string }
	valued    struct{ pw string }
	encoded   struct{ pw string }
	panicking struct{ Password string }
)

func (s spoken) String() string       { return "spoken " + s.Password }
func (v valued) LogValue() slog.Value { return slog.GroupValue(slog.String("password", v.pw)) }
func (e encoded) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"password": e.pw})
}
func (panicking) MarshalJSON() ([]byte, error) { panic("no") }

// TestHandlerHidesByName: what is called a secret is hidden however the value that holds
// it is built and prints itself, and no value is so deep, wide or circular that it ends
// the program or passes unread. w0rd is nobody's key: only its name tells it.
func TestHandlerHidesByName(t *testing.T) {
	ring := &node{Name: "a", Token: "w0rd"}
	ring.Next = &node{"b", "w0rd", ring}
	selfish := map[string]any{"password": "w0rd"}
	selfish["self"] = selfish
	inner := []any{1}
	inner[0] = inner
	deep := any(map[string]string{"password": "w0rd"})
	for range 40 {
		deep = []any{deep}
	}
	wide := make([]any, 5000)
	wide[4999] = map[string]string{"password": "w0rd"}
	request, err := http.NewRequest("GET", "https://me:w0rd@x.example/p?api_key=w0rd&q=seen", nil)
	require.NoError(t, err)
	request.Header.Set("X-Api-Key", "w0rd")
	word := "w0rd"
	for name, v := range map[string]any{
		"a ring": ring, "a ring's value": *ring, "a map in itself": selfish, "a list in itself": inner, "deep": deep,
		"wide": wide, "a Stringer": struct{ C spoken }{spoken{"w0rd"}},
		"Stringers":  map[string]any{"c": spoken{"w0rd"}},
		"LogValuers": []valued{{"w0rd"}}, "a Marshaler": encoded{"w0rd"}, "Marshalers": []any{encoded{"w0rd"}},
		"one that panics": panicking{"w0rd"}, "JSON": json.RawMessage(`{"a":[{"password":"w0rd"}]}`),
		"a request": request, "an address": request.URL, "its text": request.URL.String(),
		"its query":            request.URL.Query(),
		"an error of a client": fmt.Errorf("got: %w", &url.Error{Op: "Get", URL: request.URL.String(), Err: io.EOF}),
		"a group":              slog.GroupValue(slog.Group("credentials", "value", "w0rd")),
		"a name and a value":   []struct{ Name, Value string }{{"password", "w0rd"}},
		"an environment":       []string{"PATH=/bin", "ACME_API_KEY=w0rd"}, "a tag": struct {
			P string `yaml:"password"`
		}{"w0rd"}, "pointers": struct{ Token **string }{new(&word)},
		"plural": map[string][]string{"passwords": {"w0rd"}},
	} {
		for _, handler := range []func(io.Writer) slog.Handler{
			func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
			func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
		} {
			var b bytes.Buffer
			log := slog.New(apikey.NewRedactor().Handler(handler(&b)))
			log.Info("x", "v", v)
			log.WithGroup("credentials").With("user", "w0rd").Info("x", "n", 4711)
			assert.NotContains(t, b.String(), "w0rd", name)
			assert.Contains(t, b.String(), "***", name)
			assert.Contains(t, b.String(), "4711", "a number is no secret")
		}
	}
	var b bytes.Buffer
	log := slog.New(apikey.NewRedactor().Handler(slog.NewTextHandler(&b, nil)))
	log.Info("x", "u", request.URL, "e", errors.New("plain"), "s", struct{ C fmt.Stringer }{request.URL}, "n", wide[:3])
	require.Contains(t, b.String(), `u="https://me:***@x.example/p?api_key=***&q=seen" e=plain s="map[C:https://me:***@`)
}
