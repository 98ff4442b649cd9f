package verdict

import "math"

// A suffixTree knows, after every change of one leaf, which of the windows that
// may begin at its leaves asks the most of a bucket:
//
//	max over u of ( tokens at u and right of u - rho*(now - u) )
//
// over all leaves that are open. It is a segment tree of which every node keeps
// the sum of its tokens and the best window that begins inside it, so that one
// change costs O(log n) and the answer is at the root. Which of two windows is
// better doesn't depend on now.
//
// Tokens and instants are whole numbers, and only differences of them are
// turned into floating point: a history of a thousand years at a million tokens
// a second is judged as precisely as one of a second.
//
// Both sweeps are this one question: adding a call raises the count of every
// window that begins at or before an instant.
type suffixTree struct {
	rho  float64 // tokens a nanosecond
	size int     // leaves, a power of two
	node []suffixNode
}

type suffixNode struct {
	sum    int32 // tokens below the node
	tokens int32 // from the best window's beginning to the node's end; closed where there is none
	from   int64 // that beginning
}

// closed is the count of a node in which no window may begin.
const closed = math.MinInt32

// reset makes room for n leaves, in the order of their instants, none of them
// open and without a token, and sets the rate in tokens a nanosecond.
func (t *suffixTree) reset(n int, rho float64) {
	size := 1
	for size < n {
		size *= 2
	}
	t.rho, t.size = rho, size
	if cap(t.node) < 2*size {
		t.node = make([]suffixNode, 2*size)
	}
	t.node = t.node[:2*size]
	for i := range t.node {
		t.node[i] = suffixNode{tokens: closed}
	}
}

// add puts tokens on a leaf that isn't open yet.
func (t *suffixTree) add(leaf, tokens int32) {
	i := t.size + int(leaf)
	t.node[i].sum += tokens
	t.climb(i)
}

// open lets windows begin at a leaf's instant.
func (t *suffixTree) open(leaf int32, from int64) {
	i := t.size + int(leaf)
	t.node[i].tokens, t.node[i].from = t.node[i].sum, from
	t.climb(i)
}

// addOpen is add and open in one climb.
func (t *suffixTree) addOpen(leaf, tokens int32, from int64) {
	t.node[t.size+int(leaf)].sum += tokens
	t.open(leaf, from)
}

func (t *suffixTree) climb(i int) {
	rho := t.rho
	for i >>= 1; i >= 1; i >>= 1 {
		l, r, n := &t.node[2*i], &t.node[2*i+1], &t.node[i]
		n.sum = l.sum + r.sum
		long := l.tokens + r.sum
		if l.tokens != closed && (r.tokens == closed || float64(long-r.tokens) > rho*float64(r.from-l.from)) {
			n.tokens, n.from = long, l.from
		} else {
			n.tokens, n.from = r.tokens, r.from
		}
	}
}

// best returns what the best window that ends now asks for, and -Inf where
// none is open.
func (t *suffixTree) best(now int64) float64 {
	n := &t.node[1]
	if n.tokens == closed {
		return math.Inf(-1)
	}
	return float64(n.tokens) - t.rho*float64(now-n.from)
}

// A maxTree answers where the greatest of a run of values is.
type maxTree struct {
	size  int
	value []float64
	node  []int32 // of inner nodes: index into value, -1 where there is none.
}

// build takes the values in; it keeps the slice.
func (t *maxTree) build(value []float64) {
	size := 1
	for size < len(value) {
		size *= 2
	}
	t.size, t.value = size, value
	if cap(t.node) < size {
		t.node = make([]int32, size)
	}
	t.node = t.node[:size]
	for i := size - 1; i >= 1; i-- {
		t.node[i] = t.greater(t.of(2*i), t.of(2*i+1))
	}
}

// of is the index into value that stands at a node, the leaves behind the inner ones.
func (t *maxTree) of(node int) int32 {
	switch i := node - t.size; {
	case i < 0:
		return t.node[node]
	case i < len(t.value):
		return int32(i)
	}
	return -1
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
			best = t.greater(best, t.of(l))
			l++
		}
		if r&1 == 1 {
			r--
			best = t.greater(best, t.of(r))
		}
	}
	return best
}
