package verdict

import "math"

// A suffixTree answers, after every change of one leaf, what the greatest
//
//	base(u) + sum of the weights at u and right of u
//
// is over all leaves u whose base is set. It is a segment tree of which every
// node keeps the sum of its weights and the best such value inside it, so that
// one change costs O(log n) and the answer is at the root.
//
// Both sweeps are this one question: adding a call raises the count of every
// window that begins at or before an instant.
type suffixTree struct {
	size int // leaves, a power of two
	node []suffixNode
}

type suffixNode struct{ sum, best float64 }

// reset makes room for n leaves: no weight, no base.
func (t *suffixTree) reset(n int) {
	size := 1
	for size < n {
		size *= 2
	}
	t.size = size
	if cap(t.node) < 2*size {
		t.node = make([]suffixNode, 2*size)
	}
	t.node = t.node[:2*size]
	for i := range t.node {
		t.node[i] = suffixNode{best: math.Inf(-1)}
	}
}

// add puts weight on a leaf that has no base yet.
func (t *suffixTree) add(leaf int32, weight float64) {
	i := t.size + int(leaf)
	t.node[i].sum += weight
	t.node[i].best += weight // stays -Inf until the base is set
	t.climb(i)
}

// open sets a leaf's base, so that windows may begin there.
func (t *suffixTree) open(leaf int32, base float64) {
	i := t.size + int(leaf)
	t.node[i].best = base + t.node[i].sum
	t.climb(i)
}

// addOpen is add and open in one climb.
func (t *suffixTree) addOpen(leaf int32, weight, base float64) {
	i := t.size + int(leaf)
	t.node[i].sum += weight
	t.node[i].best = base + t.node[i].sum
	t.climb(i)
}

func (t *suffixTree) climb(i int) {
	for i >>= 1; i >= 1; i >>= 1 {
		l, r := &t.node[2*i], &t.node[2*i+1]
		t.node[i] = suffixNode{sum: l.sum + r.sum, best: max(r.best, l.best+r.sum)}
	}
}

// best returns the greatest value, or -Inf where no base is set.
func (t *suffixTree) best() float64 { return t.node[1].best }

// A maxTree answers where the greatest of a run of values is.
type maxTree struct {
	size  int
	value []float64
	node  []int32 // index into value, -1 where there is none
}

// build takes the values in; it keeps the slice.
func (t *maxTree) build(value []float64) {
	size := 1
	for size < len(value) {
		size *= 2
	}
	t.size, t.value = size, value
	if cap(t.node) < 2*size {
		t.node = make([]int32, 2*size)
	}
	t.node = t.node[:2*size]
	for i := range size {
		if i < len(value) {
			t.node[size+i] = int32(i)
		} else {
			t.node[size+i] = -1
		}
	}
	for i := size - 1; i >= 1; i-- {
		t.node[i] = t.greater(t.node[2*i], t.node[2*i+1])
	}
}

func (t *maxTree) greater(a, b int32) int32 {
	if a < 0 || (b >= 0 && t.value[b] > t.value[a]) {
		return b
	}
	return a
}

// peak returns the index of the greatest value in [from, to), or -1 where
// that is empty.
func (t *maxTree) peak(from, to int) int32 {
	best := int32(-1)
	for l, r := from+t.size, to+t.size; l < r; l, r = l>>1, r>>1 {
		if l&1 == 1 {
			best = t.greater(best, t.node[l])
			l++
		}
		if r&1 == 1 {
			r--
			best = t.greater(best, t.node[r])
		}
	}
	return best
}
