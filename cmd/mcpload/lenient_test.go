package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAnEndpointMayComeFirst(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{"run http://x/mcp --rate 5", "run --url http://x/mcp --rate 5"},
		{"run --rate 5 --burst 3 x:80/mcp", "run --rate 5 --burst 3 --url x:80/mcp"},
		{"run --rate=5 -v x:80", "run --rate=5 -v --url x:80"},
		{"run -H x:80 y:80", "run -H x:80 --url y:80"}, // the first is a flag's value
		{"load init x:80", "load init --url x:80"},
		{"call search x:80", "call search --url x:80"},
		{"call search more x:80", "call search more x:80"},
		{"run -- http://x", "run -- http://x"},
		{"run python http://x", "run python http://x"},
		{"run --no-such http://x", "run --no-such --url http://x"},
		{"report http://x", "report http://x"},
		{"nothing http://x", "nothing http://x"},
		{"", ""},
	} {
		root := (&app{}).root()
		assert.Equal(t, strings.Fields(row.want), append([]string{}, urlFirst(root, strings.Fields(row.in))...), row.in)
	}
}
