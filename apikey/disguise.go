package apikey

// A disguise is a way to write a text so that it reads otherwise.
type disguise struct {
	name  string // as a Match has it
	solid bool   // undo wants the text without white space and noise
	undo  func(v *view, least int) []*view
}

// disguises are all that are undone, around each other as well. Case, white
// space, control characters, colour codes, UTF-16 and full-width letters are no
// rows: searching sees through them anywhere.
func disguises() []disguise {
	return []disguise{
		{escaped, false, func(v *view, _ int) []*view { return unescaped(v) }},
		{"quoted-printable", false, func(v *view, _ int) []*view { return quotedPrintable(v) }},
		{"dump", false, dumps},
		{"base64", true, base64s},
		{"hex", true, hexPairs},
		{"base32", true, base32s},
		{"binary", true, func(v *view, least int) []*view { return radix(v, oneBit, 1, 8, least) }},
		{"decimal", false, numbers},
		{"spread", false, spread},
	}
}

// escaped is one row for all that is written behind %, \ and &, since they are
// met side by side. Where there is a %, a Match says percent.
const escaped = "escaped"

// deepest is how many disguises around each other are undone.
const deepest = 3

// find looks for credentials in a view, and in what is disguised in it.
func (s *secrets) find(v *view, depth int) []Match {
	solid := v.solid()
	defer solid.free()
	found := families(solid, s.marks, nil)
	found = s.whole.scan(solid, found)
	found = s.letters.scan(solid, found)
	found = s.words(v, found)
	if depth == deepest || len(v.text) < s.least && len(s.short) == 0 {
		return found
	}
	for _, d := range disguises() {
		of := v
		if d.solid {
			of = solid
		}
		for _, plain := range d.undo(of, s.least) {
			for _, part := range plain.vicinities(len(s.values) == 0) {
				for _, m := range s.find(part, depth+1) {
					m.Encoding = d.name
					found = append(found, m)
				}
			}
		}
	}
	return found
}
