package page

import (
	"fmt"
	"html"
	"math"
	"time"
)

// readoutColumns is how many slices of the time the script tells apart. The
// bars of the load are a whole part of them.
const readoutColumns = 1000

func filled(n, with int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = with
	}
	return out
}

// summed adds up neighbours until n sums are left.
func summed(values []int, n int) []int {
	out := make([]int, n)
	for i, v := range values {
		out[i*n/len(values)] += v
	}
	return out
}

// hundredths writes tokens as a whole number, rounded outwards so that a band
// stays certain.
func hundredths(tokens float64, outwards func(float64) float64) int {
	return int(outwards(math.Round(min(max(tokens, -1e12), 1e12)*1e8) / 1e6))
}

// seconds is so long, or as long as can be said.
func seconds(s float64) time.Duration {
	const longest = 4e18
	return time.Duration(math.Round(min(max(s*1e9, -longest), longest)))
}

func escape(s string) string { return html.EscapeString(s) }

func (tl *timeline) readout() *readout {
	for k := range readoutColumns { // no event and no boundary in it: the neighbour's last level goes on
		if k > 0 && tl.columns.least[k] > tl.columns.most[k] {
			tl.columns.least[k], tl.columns.most[k] = tl.columns.least[k-1], tl.columns.most[k-1]
		}
	}
	return &readout{
		From: int64(seconds(tl.x.lo)), To: int64(seconds(tl.x.hi)),
		Names:  []string{"tokens at least", "tokens at most", "admitted", "refused", "failed or unknown"},
		Format: []string{"tokens", "tokens", "count", "count", "count"},
		Rows:   [][]int{tl.columns.least, tl.columns.most, tl.columns.admitted, tl.columns.refused, tl.columns.other},
	}
}

// table tells the timeline in a few slices.
func (tl *timeline) table() table {
	t := table{
		Caption: "Tokens and calls over time",
		Head:    []string{"from", "tokens at least", "tokens at most", "admitted", "refused", "failed or unknown"},
	}
	admitted, refused, other := summed(tl.columns.admitted, slices24), summed(tl.columns.refused, slices24),
		summed(tl.columns.other, slices24)
	label := tl.clock(slices24)
	for k := range slices24 {
		least, most := math.MaxInt, math.MinInt
		for i := range readoutColumns {
			if i*slices24/readoutColumns == k {
				least, most = min(least, tl.columns.least[i]), max(most, tl.columns.most[i])
			}
		}
		at := tl.x.lo + (tl.x.hi-tl.x.lo)*float64(k)/slices24
		t.Rows = append(t.Rows, []string{label(at), tokens(least), tokens(most), grouped(admitted[k]),
			grouped(refused[k]), grouped(other[k])})
	}
	return t
}

func tokens(hundredths int) string { return fmt.Sprint(figure(float64(hundredths) / 100)) }
