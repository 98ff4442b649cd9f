package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/target"
)

// A clientHeader is the header that says who a client is, as given.
type clientHeader struct{ name, value string }

// parseClientHeader reads `Name` or `Name: value`, with {client} in the value
// for the client's name, {n} for its number, and $NAME for a variable of the
// environment.
func parseClientHeader(text string) (clientHeader, error) {
	name, value, given := strings.Cut(text, ":")
	h := clientHeader{strings.TrimSpace(name), strings.TrimSpace(value)}
	switch {
	case text == "":
		return clientHeader{}, nil
	case h.name == "" || strings.ContainsAny(h.name, " \t"):
		return h, hint.New(fmt.Errorf("--client-header %q names no header", name), "as in --client-header X-Client-Id, or 'Authorization: Bearer $TOKEN_{n}'")
	case !given:
		h.value = "mcpload-{client}"
	case !strings.Contains(h.value, "{client}") && !strings.Contains(h.value, "{n}"):
		return h, hint.New(fmt.Errorf("--client-header %s: the value is the same for all clients", h.name), "let it differ by {client} or {n}, as in 'Authorization: Bearer $TOKEN_{n}'")
	}
	return h, nil
}

// of is the header's value for the nth client, from 1.
func (h clientHeader) of(n int) (string, error) {
	text := strings.NewReplacer("{client}", "c"+strconv.Itoa(n), "{n}", strconv.Itoa(n)).Replace(h.value)
	value, missing := expanded(text)
	if missing != "" {
		return "", fmt.Errorf("--client-header %s: the environment has no variable %s", h.name, missing)
	}
	return value, nil
}

// identity is the header as targets take it.
func (h clientHeader) identity() target.Identity { return target.Identity{Header: h.name, Value: h.of} }
