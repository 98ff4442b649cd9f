package apikey

import "bytes"

// What texts have that looks like a credential at first sight: names in code,
// sentences, blobs, and what documentation shows as an example.

// unlikely reports if what stands behind a mark was rather spelt by a person, or is
// shown as an example.
func unlikely(body []byte) bool { return spelled(body) || told(string(body)) || stuck(body) }

// spelled reports if most of a text is words, whatever joins them (capitals, as in
// AllowInstancesWithVolumes, or signs), with hardly a digit: three small letters in
// a row, or more, are counted as one, with a capital before them. Of 40 random
// letters and digits about 7 are, and 6 are digits; with small letters alone most
// letters are, but 11 are digits.
func spelled(body []byte) bool {
	const least, digitIn = 16, 16
	if len(body) < least {
		return false
	}
	inWords, figures, signs := wordsIn(body)
	return figures*digitIn <= len(body) && 4*inWords >= 3*(len(body)-signs)
}

// wordsIn counts the letters of a text that are in words, its digits, and its signs.
func wordsIn(body []byte) (letters, figures, signs int) {
	const word = 3
	run := 0
	count := func(i int) {
		if run >= word {
			letters += run
			if before := i - run - 1; before >= 0 && body[before] >= 'A' && body[before] <= 'Z' {
				letters++
			}
		}
		run = 0
	}
	for i, c := range body {
		switch {
		case c >= 'a' && c <= 'z':
			run++
			continue
		case c >= '0' && c <= '9':
			figures++
		case !alnums.has[c]:
			signs++
		}
		count(i)
	}
	count(len(body))
	return letters, figures, signs
}

// stuck reports if one letter or digit comes so often in a row that somebody leant
// on the key. Zero bytes are many As in base 64, and all ones many slashes.
func stuck(body []byte) bool {
	const often = 8
	run := 0
	for i, c := range body {
		if i == 0 || c != body[i-1] || c == 'A' || !alnums.has[c] {
			run = 0
		}
		if run++; run >= often && alnums.has[c] {
			return true
		}
	}
	return false
}

// others are the names of what has the shape of a weak format and is public.
var others = [][]byte{
	[]byte("commit"), []byte("gpgkey"), []byte("pgpkey"), []byte("fingerprint"), []byte("example"), []byte("sha"),
	[]byte("sha1"),
	[]byte("sha256"), []byte("checksum"), []byte("digest"), []byte("revision"),
}

// disowned reports if what stands right before i names something else than a
// credential.
func (s *scanner) disowned(i int) bool {
	const most = 32
	var room [most]byte
	text := s.text[max(0, i-most):i]
	lower := room[:len(text)]
	for k, c := range text {
		lower[k] = small[c]
	}
	for n := len(lower); n > 0 && !alnums.has[lower[n-1]]; n-- {
		lower = lower[:n-1]
	}
	for _, name := range others {
		if bytes.HasSuffix(lower, name) {
			return true
		}
	}
	return false
}

// inURLBlob reports if i stands in the middle of what somebody encoded in base 64 for
// addresses: a long run of its digits stands right before it that nobody spelt.
func (s *scanner) inURLBlob(i int) bool {
	const least = 24
	if i < least || s.gap(i) == space || !urlSafes.has[s.text[i-1]] {
		return false
	}
	run := s.text[i-least : i]
	for _, c := range run {
		if !urlSafes.has[c] {
			return false
		}
	}
	letters, _, signs := wordsIn(run)
	return 2*letters < least && signs <= least/4 && mixed(run)
}

// inBlob reports if i stands in the middle of what somebody encoded in base 64: a
// plus or a slash before it, and a long run of digits of that before those.
func (s *scanner) inBlob(i int) bool {
	const least = 40
	if i < least || s.text[i-1] != '+' && s.text[i-1] != '/' {
		return false
	}
	run := s.text[i-least : i]
	for _, c := range run {
		if !stdBase64.has[c] {
			return false
		}
	}
	letters, _, _ := wordsIn(run)
	return 2*letters < least // else it is rather a path
}
