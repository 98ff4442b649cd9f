// Package shard splits a plan among machines, and bounds how far their clocks are
// apart, so that what they saw can be put together again.
//
// Most users want Parse or Auto, which say what part of a plan is ours, and
// Part.Owns, which says what belongs to it. All parts together are the plan: nothing
// is sent twice, and nothing is left out.
//
// The package deliberately sends nothing, and reads neither clock nor environment by
// itself.
package shard

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/internal/hint"
)

// Most is how many parts a plan may have.
const Most = 10_000

// A Part is one of the parts of a plan, counted from 1. The zero value is the whole.
type Part struct{ Nth, Of int }

// Parse reads a part such as 3/10.
func Parse(text string) (Part, error) {
	nth, of, ok := strings.Cut(text, "/")
	n, err := strconv.Atoi(nth)
	m, err2 := strconv.Atoi(of)
	if !ok || errors.Join(err, err2) != nil {
		return Part{}, fmt.Errorf("%q is not a part such as 3/10, or auto", text)
	}
	return made(n, m)
}

func made(nth, of int) (Part, error) {
	switch {
	case of < 1 || of > Most:
		return Part{}, fmt.Errorf("%d shards are not from 1 to %d", of, Most)
	case nth < 1 || nth > of:
		return Part{}, fmt.Errorf("shard %d of %d: shards count from 1", nth, of)
	}
	return Part{nth, of}, nil
}

// String is the part as Parse reads it; empty for the whole.
func (p Part) String() string {
	if p.Whole() {
		return ""
	}
	return fmt.Sprintf("%d/%d", p.Nth, p.Of)
}

// Whole reports if nobody split the plan. 1/1 is a part all the same: it is to be
// merged.
func (p Part) Whole() bool { return p.Of == 0 }

// Owns reports if number i of what is split, from 0, belongs to the part.
func (p Part) Owns(i int) bool { return p.Whole() || i%p.Of == p.Nth-1 }

// Count is how many of a total belong to the part.
func (p Part) Count(total int) int {
	if p.Whole() {
		return total
	}
	return max(0, (total-p.Nth+p.Of)/p.Of)
}

// TooFew is the error about what there are fewer of than parts, as the flag of that name
// says.
func (p Part) TooFew(flag string, n int) error {
	return hint.New(fmt.Errorf("--%s %d for %d shards: each needs one at least", flag, n, p.Of),
		fmt.Sprintf("--%s %d is one each", flag, p.Of))
}

// Fraction is the part's share of what can be divided at will, such as a rate.
func (p Part) Fraction(total float64) float64 {
	if p.Whole() {
		return total
	}
	return total / float64(p.Of)
}

// Evenly is how many there are in all where nobody said: at least so many, and as many
// of each part.
func (p Part) Evenly(least int) int {
	if p.Whole() {
		return least
	}
	return (least + p.Of - 1) / p.Of * p.Of
}

// Index is the number in the whole, from 0, of the part's own number i.
func (p Part) Index(i int) int {
	if p.Whole() {
		return i
	}
	return i*p.Of + p.Nth - 1
}

// Own is the part's own number of number i in the whole, which must belong to it.
func (p Part) Own(i int) int {
	if p.Whole() {
		return i
	}
	return i / p.Of
}
