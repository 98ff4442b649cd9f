package target

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/apikey"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
)

// A ClientHeader is the header that says who a client is, as given. The zero value is none.
type ClientHeader struct {
	Name, Value string
	look        invoked.Lookup
}

// ParseClientHeader reads `Name` or `Name: value`, with {client} in the value
// for the client's name, {n} for its number, and $NAME for a variable of the
// environment.
func ParseClientHeader(text string, look invoked.Lookup) (ClientHeader, error) {
	name, value, given := strings.Cut(text, ":")
	h := ClientHeader{strings.TrimSpace(name), strings.TrimSpace(value), look}
	switch {
	case text == "":
		return ClientHeader{}, nil
	case h.Name == "" || strings.ContainsAny(h.Name, " \t"):
		return h, hint.New(fmt.Errorf("%q names no header", name), "as in X-Client-Id, or 'Authorization: Bearer "+
			"$TOKEN_{n}'")
	case !given:
		h.Value = "mcpload-{client}"
	case !strings.Contains(h.Value, "{client}") && !strings.Contains(h.Value, "{n}"):
		return h, hint.New(fmt.Errorf("%s: the value is the same for all clients", h.Name), "let it differ by "+
			"{client} or {n}, as in 'Authorization: Bearer $TOKEN_{n}'")
	}
	return h, nil
}

// Of is the header's value for the nth client, from 1.
func (h ClientHeader) Of(n int) (string, error) {
	text := strings.NewReplacer("{client}", "c"+strconv.Itoa(n), "{n}", strconv.Itoa(n)).Replace(h.Value)
	value, missing := invoked.Expanded(text, h.look)
	if missing != "" {
		return "", fmt.Errorf("%s: the environment has no variable %s", h.Name, missing)
	}
	return value, nil
}

// Identity is the header as targets take it.
func (h ClientHeader) Identity() Identity { return Identity{Header: h.Name, Value: h.Of} }

// Secrets are the headers of so many clients, where they may be credentials.
func (h ClientHeader) Secrets(clients int) (list []http.Header, err error) {
	if h.Name == "" || !strings.Contains(h.Value, "$") && !apikey.NamesSecret(h.Name) {
		return nil, nil
	}
	for n := 1; n <= clients; n++ {
		value, err := h.Of(n)
		if err != nil {
			return nil, err
		}
		list = append(list, http.Header{h.Name: {value}})
	}
	return list, nil
}
