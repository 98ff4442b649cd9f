package verdict

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A look at a model: what it holds at an instant, and what the server did then, if anything.
type looked struct {
	at   float64
	want float64 // tokens
	did  string  // "" nothing, "ok" a call let through, "no" one refused
}

// Every model by hand: 2 tokens a second, 4 at most, and one thing wrong.
func TestModelsByHand(t *testing.T) {
	l := testLimit(2, 4)
	for _, row := range []struct {
		name string
		m    model
		look []looked
	}{
		{"the promise", &flow{l: l}, []looked{
			{3, 4, "ok"}, {3, 3, "ok"}, {3, 2, "ok"}, {3, 1, "ok"}, {3, 0, "no"},
			{3.25, 0.5, "no"}, {4, 2, "ok"}, {4, 1, ""}, {4.5, 2, ""}, {9, 4, ""}}},
		{"refusals cost two", &flow{l: l, refusalCost: 2}, []looked{
			{1, 4, "ok"}, {1, 3, "no"}, {1, 1, "no"}, {1, -1, "no"},
			{1, -3, "no"}, {1, -4, "no"}, {2, -2, ""}, {4, 2, ""}}},
		{"it holds six", &flow{l: l, cap: 6}, []looked{
			{1, 4, ""}, {1.5, 5, ""}, {2, 6, ""}, {9, 6, "ok"}, {9, 5, ""}}},
		{"steps of a second at a quarter past", &flow{l: l, step: 1, phase: 0.25}, []looked{
			{1, 4, "ok"}, {1, 3, "ok"},
			{1, 2, "ok"}, {1, 1, "ok"}, {1.2, 0, ""}, {1.25, 2, "ok"}, {2.2, 1, ""}, {2.3, 3, "ok"}, {2.3, 2, "ok"},
			{2.3, 1, "ok"}, {4.3, 4, ""}}},
		{"full every three seconds", &flow{l: l, fills: 3, phase: 1}, []looked{
			{0, 4, "ok"}, {0.9, 4, "ok"}, {0.9, 3, "ok"},
			{0.9, 2, "ok"}, {0.9, 1, "ok"}, {0.95, 0.1, ""}, {1, 4, "ok"}, {1, 3, "ok"}, {1, 2, "ok"}, {1, 1, "ok"},
			{1.5, 1, "ok"}, {1.5, 0, ""}, {2, 1, ""}}},
		{"full after a rest of a second", &flow{l: l, restFills: 1}, []looked{
			{1, 4, "ok"}, {1, 3, "ok"}, {1, 2, "ok"},
			{1, 1, "ok"}, {1.5, 1, "no"}, {2.4, 2.8, "no"}, {3.4, 4, "ok"}, {3.4, 3, ""}}},
		{"two refusals in a second bar three", &flow{l: l, bars: 3, strikes: 2}, []looked{
			{1, 4, "no"}, {2, 4, "no"},
			{4.9, 0, ""}, {5, 4, "no"}, {6.5, 4, "no"}, {6.6, 4, "no"}, {7, 0, "no"}, {9.5, 0, ""}, {9.6, 4, ""}}},
		{"a token is missed after half a second", &flow{l: l, blind: 0.5}, []looked{
			{1, 4, "ok"}, {1, 4, "ok"}, {1.4, 4, "ok"},
			{1.5, 2, ""}, {1.9, 1.8, ""}, {3, 4, ""}}},
		{"fractions of a second are lost", &flow{l: l, truncates: 1}, []looked{
			{1, 4, "ok"}, {1, 3, "ok"}, {1, 2, "ok"},
			{1, 1, "ok"}, {1.9, 0, "no"}, {2.8, 0, ""}, {2.9, 2, "ok"}, {3.8, 1, ""}, {5.9, 4, ""}}},
		{"a burst once", &flow{l: l, once: true}, []looked{
			{1, 4, "ok"}, {1, 3, "ok"}, {2, 4, "ok"}, {2, 3, "ok"},
			{2, 2, "ok"}, {2, 1, "ok"}, {2.25, 0.5, ""}, {9, 1, "ok"}, {9, 0, ""}}},
		{"a refusal empties it once too", &flow{l: l, once: true}, []looked{
			{1, 4, "no"}, {2, 1, ""}}},
		{"full again at 3 and 5", &flow{l: l, filled: []float64{3, 5}}, []looked{
			{2.5, 4, "ok"}, {2.5, 3, "ok"}, {2.5, 2, "ok"},
			{2.5, 1, "ok"}, {2.75, 0.5, ""}, {3, 4, "ok"}, {3, 3, "ok"}, {3, 2, "ok"}, {3, 1, "ok"}, {3.5, 1, "ok"},
			{4.5, 2, "ok"}, {5.5, 4, "ok"}, {5.5, 3, ""}}},
		{"off from 2 to 3", &flow{l: l, off: [][2]float64{{2, 3}}}, []looked{
			{1.99, 4, "ok"}, {1.99, 3, "ok"}, {1.99, 2, "ok"},
			{1.99, 1, "ok"}, {2, 1, "ok"}, {2.25, 1, "ok"}, {3, 2.02, "ok"}, {3.01, 2.04, "ok"}, {3.01, 1.04, ""}}},
		{"a window beside the promise", &stack{&opening{number: 3, length: 2}, &flow{l: l}}, []looked{
			{1, 3, "ok"}, {1, 2, "ok"},
			{1.5, 1, "no"}, {1.5, 1, "ok"}, {2, 0, "no"}, {3, 3, "ok"}, {3, 2, "ok"}, {3, 1, ""}}},
		{"the promise in front of one token", &serial{&flow{l: l}, &flow{l: testLimit(1, 1)}}, []looked{
			{1, 1, "ok"}, {1, 0, "no"},
			{1, 0, "no"}, {1, 0, "no"}, {1, 0, "no"}, {2, 1, "ok"}, {3, 1, "ok"}, {3, 0, ""}, {3.5, 0.5, ""}}},
		{"one token in front of the promise", &serial{&flow{l: testLimit(1, 1)}, &flow{l: l}}, []looked{
			{1, 1, "no"}, {1.5, 0.5, ""},
			{2, 1, "ok"}, {2.5, 0.5, "no"}, {3, 1, "ok"}}},
	} {
		for _, k := range row.look {
			require.InDelta(t, k.want, row.m.level(k.at), 1e-9, "%s, at %v", row.name, k.at)
			if k.did != "" {
				row.m.saw(k.at, k.did == "ok")
			}
		}
	}
}

// What an unexplained answer tells is that there was a token, or wasn't.
func TestAModelIsMended(t *testing.T) {
	f := &flow{l: testLimit(2, 4)}
	require.Equal(t, 4.0, f.level(0))
	f.mend(false)
	require.Equal(t, 0.999, f.level(0))
	f.mend(true)
	require.Equal(t, 0.0, f.level(0))
	f.mend(false)
	require.Equal(t, 0.0, f.level(0))
}
