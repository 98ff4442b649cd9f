package target

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mcpload/mcpload/apikey"
)

// A key that a colour code splits is found before the code is made visible.
func TestSecretsAreTakenOutBeforeATextIsMadePrintable(t *testing.T) {
	split := "gh" + "p_" + "q8Zr\x1b[1mT2mW9xKb4LpNs7VdYc3JfHg6Qa1Xe0Uo"
	target := &Target{}
	target.Options.Redact = apikey.Redact
	assert.Equal(t, "[redacted github] ?[31m", target.shown(split+" \x1b[31m"))
	assert.Equal(t, "plain", target.shown("plain"))
	assert.Equal(t, "a?b", (&Target{}).shown("a\x1bb"))
}
