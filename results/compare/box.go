package compare

import (
	"math"

	"github.com/mcpload/mcpload/results"
)

// A Move is what became of the certified box of rate and burst.
type Move struct {
	Base   string `json:"base"` // both boxes in words; "-" where nothing was measured
	New    string `json:"new"`
	Proven bool   `json:"moved"`         // no token bucket fits both
	Why    string `json:"why,omitempty"` // why nothing can be said

	base, now region
}

// A region is where a token bucket can be: the union of boxes.
type region []results.Measured

// boxes are what a side's runs leave possible together, since each box is certain
// to hold the bucket, if there is one and it stayed the same.
type sideBox struct {
	possible region
	runs     int // that measured something
	missing  int // that didn't
}

func boxes(parts []part) sideBox {
	var s sideBox
	for _, p := range parts {
		m := p.server.Measured
		if m == nil {
			s.missing++
			continue
		}
		if s.runs++; s.runs == 1 {
			s.possible = regionOf(m)
		} else {
			s.possible = intersect(s.possible, regionOf(m))
		}
	}
	return s
}

func regionOf(m *results.Measured) region {
	var r region
	for ; m != nil; m = m.Or {
		r = append(r, results.Measured{Rate: m.Rate, Burst: m.Burst})
	}
	return r
}

func intersect(a, b region) region {
	var out region
	for _, x := range a {
		for _, y := range b {
			m := results.Measured{Rate: overlap(x.Rate, y.Rate), Burst: overlap(x.Burst, y.Burst)}
			if m.Rate.Lo <= m.Rate.Hi && m.Burst.Lo <= m.Burst.Hi {
				out = append(out, m)
			}
		}
	}
	return out
}

func overlap(a, b results.Range) results.Range {
	return results.Range{Lo: max(a.Lo, b.Lo), Hi: min(a.Hi, b.Hi)}
}

// String says the region.
func (r region) String() string {
	if len(r) == 0 {
		return "-"
	}
	text := r[0].String()
	for i := range r[1:] {
		text += " or " + r[1+i].String()
	}
	return text
}

// moved compares two sides' boxes.
func moved(base, now sideBox) Move {
	m := Move{Base: base.possible.String(), New: now.possible.String(), base: base.possible, now: now.possible}
	switch {
	case base.runs == 0 || now.runs == 0:
		m.Why = "not measured on both sides"
	case len(base.possible) == 0:
		m.Why = "the runs of BASE fit no one bucket together"
	case len(now.possible) == 0:
		m.Why = "the runs of NEW fit no one bucket together"
	default:
		m.Proven = len(intersect(base.possible, now.possible)) == 0
	}
	return m
}

// hull is the smallest range that holds a side of every box.
func (r region) hull(of func(results.Measured) results.Range) results.Range {
	h := results.Range{Lo: math.Inf(1), Hi: math.Inf(-1)}
	for _, m := range r {
		h.Lo, h.Hi = min(h.Lo, of(m).Lo), max(h.Hi, of(m).Hi)
	}
	return h
}
