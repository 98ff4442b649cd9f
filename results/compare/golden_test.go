package compare

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mcpload/mcpload/verdict"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// Reports as people read them.
func TestTableGolden(t *testing.T) {
	two := func(seed uint64, change func(*plan)) Run {
		p := same(seed)
		p.n, p.scenario = 150, []string{"burst", "overload"}
		change(&p)
		return run(p)
	}
	plain := func(*plan) {}
	for name, c := range map[string]struct {
		base, now []Run
		o         Options
	}{
		"same": {[]Run{two(1, plain)}, []Run{two(2, plain)}, Options{Noise: 25 * time.Millisecond}},
		"regression": {[]Run{two(1, plain)}, []Run{two(2,
			func(p *plan) { p.mean, p.burst, p.verdict = 60, 42, verdict.Fail })},
			Options{Noise: 10 * time.Millisecond, Demands: demands(t, "burst=+1", "p99=+20%", "failed=+1pp")}},
		"undecided": {[]Run{two(1, plain), two(3, func(p *plan) { p.rate = 0 })},
			[]Run{two(2, func(p *plan) { p.lonely = true })}, Options{Demands: demands(t, "p50=+5ms")}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Compare(c.base, c.now, c.o)
			require.NoError(t, err)
			var b bytes.Buffer
			require.NoError(t, r.Table(&b))
			path := filepath.Join("testdata", name+".txt")
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), b.String())
		})
	}
}
