package wire

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/history"
)

// In-process: the cost of a call beside that of calling the handler, which is a
// real server, directly.
//
//	go test -run '^$' -bench InProcess -count 7 ./internal/wire | benchstat -col /by -
func BenchmarkInProcess(b *testing.B) {
	server := newMCPGo()
	handler := func(ctx context.Context, _ string, text []byte) []byte {
		answer := server.HandleMessage(ctx, text)
		if answer == nil {
			return nil
		}
		out, err := json.Marshal(answer)
		if err != nil {
			b.Fatal(err)
		}
		return out
	}
	s := dial(b, Options{Handler: handler, Protocol: "2025-11-25", Client: "c1", Refusal: rateLimit})
	b.Run("by=handler", func(b *testing.B) {
		message := []byte(
			`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}}`)
		for b.Loop() {
			if len(handler(b.Context(), "c1", message)) < 50 {
				b.Fatal("no reply")
			}
		}
	})
	b.Run("by=mcpload", func(b *testing.B) {
		for b.Loop() {
			if c := s.Exchange(b.Context(), echo); c.Outcome != history.OK {
				require.Equal(b, history.OK, c.Outcome, c.Detail)
			}
		}
	})
}
