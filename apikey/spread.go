package apikey

import "bytes"

// widest is how many bytes one character takes of a text that is spread, with what
// stands between it and the next: 's', 'k' has five.
const widest = 5

// spread undoes what has the same signs between all of its characters: s k, s-k, and
// lists of characters as JSON and Python print them. A run of at least so many is met
// by looking at three characters once in so many.
func spread(v *view, least int) []*view {
	var out []*view
	least = max(least, leastLetter)
	for width := 2; width <= widest; width++ {
		step := (least - 4) * width
		for i := 0; i+4*width <= len(v.text); i += step {
			x, ok := separator(v.text, i, width)
			if !ok {
				continue
			}
			from, to := spreadRun(v.text, x, width)
			if (to-from)/width >= least {
				out = append(out, thinned(v, from, to, width))
			}
			i = max(i, to-step)
		}
	}
	return out
}

// separator finds width-1 signs that come three times within four widths from i on,
// each behind one character, and the same ones.
func separator(text []byte, i, width int) (at int, ok bool) {
	for x := i; x < i+width; x++ {
		sign := text[x]
		if sign != text[x+width] || sign != text[x+2*width] || alnums.has[sign] {
			continue
		}
		signs := text[x : x+width-1]
		if bytes.Equal(signs, text[x+width:x+2*width-1]) && bytes.Equal(signs, text[x+2*width:x+3*width-1]) &&
			parting(signs) && text[x+width-1] != sign {
			return x, true
		}
	}
	return 0, false
}

// parting reports if signs may stand between two characters.
func parting(signs []byte) bool {
	for _, c := range signs {
		if alnums.has[c] || c >= 0x80 {
			return false
		}
	}
	return true
}

// spreadRun is where the characters begin and end between which the signs at x stand.
func spreadRun(text []byte, x, width int) (from, to int) {
	signs := text[x : x+width-1]
	from = x
	for from >= width && bytes.Equal(signs, text[from-width:from-1]) {
		from -= width
	}
	to = x
	for to+2*width-1 <= len(text) && bytes.Equal(signs, text[to+width:to+2*width-1]) {
		to += width
	}
	if from--; from < 0 || from > 0 && alnums.has[text[from-1]] { // a sign is first, or it is the end of a word
		from += width
	}
	return from, min(to+width, len(text))
}

// thinned is every so manieth character from one place to another.
func thinned(v *view, from, to, width int) *view {
	var text []byte
	var places, ends []int32
	for i := from; i < to; i += width {
		text = append(text, v.text[i])
		places, ends = append(places, int32(i)), append(ends, int32(i+1))
	}
	return listed(v, text, places, ends)
}
