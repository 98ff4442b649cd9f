package history

import "bytes"

// A numeral's faults.
type numeralFault uint8

const (
	exact    numeralFault = iota
	fraction              // it isn't whole
	overflow              // it is whole, and no int64
)

// integer returns the value of a JSON number if it is exactly a whole one:
// 1.5e9 is, 1.5 isn't. It never goes through a float64, which can't tell
// 1732412345123456789 from its neighbours.
func integer(numeral []byte) (int64, numeralFault) {
	negative := numeral[0] == '-'
	if negative {
		numeral = numeral[1:]
	}
	var d digits
	exponent := 0
	for i, c := range numeral {
		if c == 'e' || c == 'E' {
			exponent = power(numeral[i+1:])
			break
		}
		d.add(c)
	}
	// What the digits mean is value × 10^shift, with the last digit that isn't
	// zero as value's last.
	shift := d.zeros - d.places + exponent
	switch {
	case d.value == 0:
		return 0, exact
	case shift < 0:
		return 0, fraction
	case d.count+shift > 19: // 2⁶³ has 19 digits
		return 0, overflow
	}
	v := d.value
	for range shift {
		v *= 10
	}
	switch {
	case negative && v <= 1<<63:
		return -int64(v), exact
	case negative || v >= 1<<63:
		return 0, overflow
	}
	return int64(v), exact
}

// digits are the significant ones of a number: those from its first digit that
// isn't zero to its last.
type digits struct {
	value  uint64 // of the significant ones; wrong, though not 0, where they are more than 19
	count  int    // how many they are
	zeros  int    // zeros after them
	places int    // digits after the point
	point  bool   // the point was there
}

func (d *digits) add(c byte) {
	if c == '.' {
		d.point = true
		return
	}
	if d.point {
		d.places++
	}
	if c == '0' {
		if d.count > 0 {
			d.zeros++
		}
		return
	}
	d.count += d.zeros + 1
	if d.count <= 19 {
		for range d.zeros {
			d.value *= 10
		}
		d.value = d.value*10 + uint64(c-'0')
	}
	d.zeros = 0
}

// power reads an exponent. Beyond a thousand million it stays there, which is
// as good: a line isn't long enough to bring such a number back into range.
func power(text []byte) int {
	const most = 1_000_000_000
	p := 0
	for _, d := range bytes.TrimLeft(text, "+-") {
		p = min(p*10+int(d-'0'), most)
	}
	if text[0] == '-' {
		return -p
	}
	return p
}
