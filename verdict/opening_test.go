package verdict

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAnOpeningsLevel: a window opens with a call and is over after its length, after the last
// call's where each prolongs it, and after its bar where a refusal bars all.
func TestAnOpeningsLevel(t *testing.T) {
	type saw struct {
		at       float64
		admitted bool
	}
	for _, row := range []struct {
		opening
		saw  []saw
		want map[float64]float64 // levels by instants, none of which is asked of the others' opening
	}{
		{opening{number: 3, length: 2}, []saw{{0, true}, {0.5, true}},
			map[float64]float64{1: 1, 1.9: 1, 2: 3, 9: 3}},
		{opening{number: 3, length: 2}, []saw{{0, true}, {2.5, true}}, map[float64]float64{2.6: 2, 4.4: 2, 4.5: 3}},
		{opening{number: 2, length: 2, prolongs: true}, []saw{{0, true}, {1.5, false}},
			map[float64]float64{2.1: 1, 3.4: 1, 3.5: 2}},
		{opening{number: 1, length: 10, bars: 3}, []saw{{0, true}, {1, false}, {2, false}},
			map[float64]float64{2.5: -1, 3.9: -1, 4: 1}},
	} {
		for at, want := range row.want {
			o := row.opening
			for _, s := range row.saw {
				o.level(s.at)
				o.saw(s.at, s.admitted)
			}
			require.InDelta(t, want, o.level(at), 0, "%+v at %g", row.opening, at)
		}
	}
}
