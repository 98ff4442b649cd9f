package history

import "fmt"

// skip reads a value of any kind, after white space, and forgets it. It keeps
// its own stack, so that a line of a million brackets costs no more than its
// length.
func (s *scanner) skip() *LineError {
	s.open = s.open[:0]
	for {
		opened, err := s.value()
		if err != nil {
			return err
		}
		if !opened {
			if err := s.closeAll(); err != nil || len(s.open) == 0 {
				return err
			}
		}
	}
}

// value reads a scalar, an empty object or array, or the beginning of a
// filled one up to its first value; then opened is true.
func (s *scanner) value() (opened bool, err *LineError) {
	switch c := s.space(); c {
	case '"':
		_, err = s.str("")
	case 't':
		err = s.literal("true")
	case 'f':
		err = s.literal("false")
	case 'n':
		err = s.literal("null")
	case '{', '[':
		return s.enter(c)
	default:
		if c != '-' && (c < '0' || c > '9') {
			return false, s.unexpected("a value")
		}
		_, err = s.number()
	}
	return false, err
}

// enter reads a bracket and, in an object, the first key.
func (s *scanner) enter(bracket byte) (opened bool, err *LineError) {
	if len(s.open)+2 > maxDepth { // the line's own object is one more
		return false, &LineError{
			Byte:    s.at + 1,
			Problem: fmt.Sprintf("objects and arrays nest deeper than %d at byte %d", maxDepth, s.at+1),
		}
	}
	s.at++
	if s.space() == bracket+2 { // in ASCII, { and } are two apart, as are [ and ]
		s.at++
		return false, nil
	}
	s.open = append(s.open, bracket)
	if bracket == '{' {
		err = s.key()
	}
	return true, err
}

func (s *scanner) key() *LineError {
	if _, err := s.str("a key"); err != nil {
		return err
	}
	return s.expect(':', "':'")
}

// closeAll reads what follows a value: the brackets that close, up to the
// comma before the next value and, in an object, its key. Afterwards nothing
// is open if the whole value was read.
func (s *scanner) closeAll() *LineError {
	for len(s.open) > 0 {
		bracket := s.open[len(s.open)-1]
		switch s.space() {
		case ',':
			s.at++
			if bracket == '{' {
				return s.key()
			}
			return nil
		case bracket + 2:
			s.at++
			s.open = s.open[:len(s.open)-1]
		default:
			return s.unexpected("',' or '" + string(rune(bracket+2)) + "'")
		}
	}
	return nil
}
