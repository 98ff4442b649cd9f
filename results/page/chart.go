package page

import "html/template"

// A chart is a drawing with all that goes around it.
type chart struct {
	ID      string
	Title   string
	Lead    string // what it shows, in a sentence
	SVG     template.HTML
	Legend  []key
	Notes   []string // what was thinned, cut or left out
	Readout *readout // what the script tells under the pointer; nil where there is nothing to tell
	Table   table
	Small   bool // several stand side by side
}

// A key is an entry of a legend: the class of its swatch, and its meaning.
type key struct{ Class, Name string }

// A table is what a chart shows, in figures.
type table struct {
	Caption string
	Head    []string
	Rows    [][]string // the first cell of a row is its header
	Said    bool       // its cells are words, which are wrapped, and on a phone stand below each other
}

// Many reports if it has more columns of figures than fit a phone side by side.
func (t table) Many() bool { return !t.Said && len(t.Head) > 3 }

// Heads reports if each cell is to say what column it is of, since none is above it on a phone.
func (t table) Heads() bool { return t.Said || t.Many() }

// A readout is a chart over time in figures: equal slices of [From, To], and a
// row of values for each.
type readout struct {
	From   int64    `json:"from"` // nanoseconds from the run's start
	To     int64    `json:"to"`
	Names  []string `json:"names"`
	Format []string `json:"format"` // of each row: "count", "tokens" or "ms"
	Rows   [][]int  `json:"rows"`   // counts; hundredths of tokens; microseconds; -1 for nothing
}
