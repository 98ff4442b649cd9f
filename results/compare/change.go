package compare

import (
	"math"
	"math/rand/v2"
	"slices"
)

// A changePoint is where a series changed.
type changePoint struct {
	at int     // the first value after the change
	p  float64 // of the permutation test
}

// Settings of the change detection.
const (
	leastSegment = 3    // values that make a level: two in a row may be chance
	permutations = 199  // of each test, so that the least p is 0.005
	significance = 0.05 // of each test
)

// changePoints finds where a series changes its distribution, by the e-divisive
// method of Matteson and James (A Nonparametric Approach for Multiple Change Point
// Analysis of Multivariate Data, JASA 109, 2014) with the energy distance of
// exponent 1: the place that divides a segment best is tested against the best
// places of permutations of the segment, and where it holds, both parts are divided
// again. It wants no distribution, and takes a few hundred values in milliseconds.
func changePoints(values []float64, seed uint64) []changePoint {
	rng := rand.New(rand.NewPCG(seed, uint64(len(values))))
	var found []changePoint
	var divide func(from, to int)
	divide = func(from, to int) {
		segment := values[from:to]
		at, distance := division(segment)
		if at == 0 || distance <= 0 {
			return
		}
		shuffled := slices.Clone(segment)
		as := 1
		for range permutations {
			rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			if _, d := division(shuffled); d >= distance {
				as++
			}
		}
		p := float64(as) / (permutations + 1)
		if p > significance {
			return
		}
		found = append(found, changePoint{from + at, p})
		divide(from, from+at)
		divide(from+at, to)
	}
	divide(0, len(values))
	slices.SortFunc(found, func(a, b changePoint) int { return a.at - b.at })
	return found
}

// division is where a segment divides best, and the scaled energy distance of the
// parts there; 0 where it is too short. The sums of distances within and between
// the parts follow from those one place to the left, so that all places together
// take as long as one.
func division(x []float64) (at int, distance float64) {
	n := len(x)
	within := func(from, to, i int) (sum float64) {
		for j := from; j < to; j++ {
			sum += math.Abs(x[j] - x[i])
		}
		return sum
	}
	left, right, between := 0.0, 0.0, 0.0 // sums over pairs
	for i := range x {
		right += within(i+1, n, i)
	}
	for k := 1; k <= n-leastSegment; k++ { // x[k-1] moves from the right to the left
		toLeft, toRight := within(0, k-1, k-1), within(k, n, k-1)
		left += toLeft
		right -= toRight
		between += toRight - toLeft
		if k < leastSegment {
			continue
		}
		a, b := float64(k), float64(n-k)
		e := 2*between/(a*b) - 2*left/(a*(a-1)) - 2*right/(b*(b-1))
		if d := a * b / (a + b) * e; d > distance {
			at, distance = k, d
		}
	}
	return at, distance
}
