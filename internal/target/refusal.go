package target

import (
	"fmt"
	"regexp"

	"github.com/mcpload/mcpload/internal/wire"
	"github.com/mcpload/mcpload/profiles"
)

// SignsOf turns a profile's signs into what the wire looks for.
func SignsOf(p profiles.Profile) (wire.Refusal, error) {
	r := wire.Refusal{Codes: p.Refusal.Codes, Statuses: p.Refusal.Statuses, Resets: p.Refusal.Resets,
		Not: wire.NotRefusal{Codes: p.Refusal.Not.Codes, Statuses: p.Refusal.Not.Statuses}}
	for _, pattern := range []struct {
		name, text string
		to         **regexp.Regexp
	}{
		{"text", p.Refusal.Text, &r.Text}, {"plain", p.Refusal.Plain, &r.Plain}, {"not.text", p.Refusal.Not.Text,
			&r.Not.Text},
	} {
		if pattern.text == "" {
			continue
		}
		re, err := regexp.Compile("(?i)" + pattern.text)
		if err != nil {
			return r, fmt.Errorf("profile %s: refusal.%s: %w", p.Name, pattern.name, err)
		}
		*pattern.to = re
	}
	return r, nil
}
