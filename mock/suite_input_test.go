package mock

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/profiles"
)

// TestAPromptAsksOnlyWhatIsDeclared: a prompt that wants more asks clients that declare that
// they can be asked, and nobody else.
func TestAPromptAsksOnlyWhatIsDeclared(t *testing.T) {
	p := profiles.ForURL(profiles.Limit{Rate: 1000, Burst: 1000})
	p.Name = "fixture"
	s, err := New(Config{Profile: p, Fixture: true, Suite: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	url, err := s.Start("http", "127.0.0.1:0")
	require.NoError(t, err)
	for can, asked := range map[string]bool{`{}`: false, `{"sampling":{}}`: false, `{"elicitation":{}}`: true} {
		body := `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"test_input_required_result_prompt",` +
			`"arguments":{},"_meta":{"io.modelcontextprotocol/clientCapabilities":` + can +
			`,"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"},` +
			`"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
		require.NoError(t, err)
		for name, value := range map[string]string{"Content-Type": "application/json", "Accept": "application/json, " +
			"text/event-stream", "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "prompts/get",
			"Mcp-Name": "test_input_required_result_prompt"} {
			q.Header.Set(name, value)
		}
		reply, err := http.DefaultClient.Do(q)
		require.NoError(t, err)
		text, err := io.ReadAll(reply.Body)
		require.NoError(t, err)
		require.NoError(t, reply.Body.Close())
		require.Contains(t, string(text), `"result"`, can)
		require.Equal(t, asked, strings.Contains(string(text), "elicitation/create"), "%s: %s", can, text)
	}
}
