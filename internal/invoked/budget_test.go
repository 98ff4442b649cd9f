package invoked_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
)

func TestBudgets(t *testing.T) {
	both, timed := invoked.Budget{Calls: 450, Time: 4 * time.Minute}, invoked.Budget{}
	for _, c := range []struct {
		text   string
		left   invoked.Budget // what is taken of a part that isn't said
		want   invoked.Budget
		err    string
		advice string
	}{
		{"", both, both, "", ""},
		{"", timed, timed, "", ""},
		{"calls=20", both, invoked.Budget{Calls: 20, Time: both.Time}, "", ""},
		{"time=60s", both, invoked.Budget{Calls: 450, Time: time.Minute}, "", ""},
		{"time=60", both, invoked.Budget{Calls: 450, Time: time.Minute}, "", ""},
		{"60s", both, invoked.Budget{Calls: 450, Time: time.Minute}, "", ""},
		{"1m30s, calls=7", both, invoked.Budget{Calls: 7, Time: 90 * time.Second}, "", ""},
		{"5m", timed, invoked.Budget{Time: 5 * time.Minute}, "", ""},
		{"time=5m", timed, invoked.Budget{Time: 5 * time.Minute}, "", ""},
		{"2.5", timed, invoked.Budget{Time: 2500 * time.Millisecond}, "", ""},
		{"400", both, both, `--budget "400" is of calls or of time`, "--budget calls=400 for"},
		{"0", both, both, `"0" is no budget above 0`, "calls=400"},
		{"calls=0", both, both, `"calls=0" is no budget above 0`, "calls=400"},
		{"calls=1.5", both, both, `"calls=1.5" is no budget above 0`, "calls=400"},
		{"time=-1s", both, both, `"time=-1s" is no budget above 0`, "time=60s"},
		{"NaN", both, both, `"NaN" is no budget above 0`, "calls=400"},
		{"soon", both, both, `"soon" is no budget above 0`, "calls=400"},
		{"soon", timed, timed, `--budget "soon" is no time above 0`, "such as 5m"},
		{"calls=20", timed, timed, `--budget "calls=20" is no time above 0`, "such as 5m"},
		{"0", timed, timed, `--budget "0" is no time above 0`, "such as 5m"},
		{"1e300", timed, timed, `--budget "1e300" is no time above 0`, "such as 5m"},
	} {
		got, err := invoked.ParseBudget(c.text, c.left)
		if c.err != "" {
			require.EqualError(t, err, c.err, c.text)
			assert.Contains(t, hint.Of(err), c.advice, c.text)
			continue
		}
		require.NoError(t, err, c.text)
		assert.Equal(t, c.want, got, c.text)
	}
}
