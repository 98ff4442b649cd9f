package apikey

import "bytes"

// mailgun finds 32, 8 and 8 digits that nothing surrounds, by the first hyphen.
// Bare 32 are left alone: most of them are hashes and trace ids.
func (s *scanner) mailgun(hyphen int) (begin, end int) {
	begin, end = hyphen-32, hyphen+1+8+1+8
	if begin < 0 || end > len(s.text) || s.text[hyphen+9] != '-' {
		return 0, 0
	}
	for i := begin; i < end; i++ {
		if i != hyphen && i != hyphen+9 && !hexesToH.has[small[s.text[i]]] {
			return 0, 0
		}
	}
	if !s.ends(end) || !s.apart(begin) || s.text[max(begin-1, 0)] == '_' {
		return 0, 0
	}
	return begin, end
}

// discord finds a bot's token by its first dot: 6 characters stand between two,
// and before them the number of the bot in base 64.
func (s *scanner) discord(dot int) (begin, end int) {
	const between, leastId, mostId, leastSign, mostSign = 6, 23, 30, 27, 45
	second := dot + 1 + between
	if dot < leastId || second+leastSign >= len(s.text) || s.text[second] != '.' {
		return 0, 0
	}
	begin, end = dot, second+1
	for begin > 0 && dot-begin <= mostId && urlSafes.has[s.text[begin-1]] && s.gap(begin) != space {
		begin--
	}
	for end < len(s.text) && end-second <= mostSign+1 && urlSafes.has[s.text[end]] && s.gap(end) != space {
		end++
	}
	n, sign := dot-begin, end-second-1
	if n < leastId || n > mostId || sign < leastSign || sign > mostSign ||
		stranger(string(s.text[dot+1:second]), urlSafes) >= 0 {
		return 0, 0
	}
	id, rest := s.text[begin:dot], s.text[second+1:end]
	if !mixed(id) && !loud(id) || !mixed(rest) && !loud(rest) || !various(rest) || s.begins(begin, "ey"+"J") {
		return 0, 0
	}
	return begin, end
}

// address finds the password in an address, by its ://.
func (s *scanner) address(i int) (begin, end int) {
	const furthest = 256
	from := i + len("://")
	limit := min(len(s.text), from+furthest)
	colon, at := -1, -1
walk:
	for k := from; k < limit; k++ {
		switch c := s.text[k]; {
		case c == '@':
			at = k
		case c == ':' && colon < 0:
			colon = k
		case c == '/' || c == '?' || c == '#' || c == '"' || c == '\'' || c == '`' || c == '<' || c == '>' ||
			c == '\\' || c == ',' || c == ')' || c == '}':
			break walk
		case s.gap(k) == space && k > from && at >= 0:
			break walk
		}
	}
	if colon < 0 && at-from >= leastUser && secretive(s.text[from:at]) && s.gap(from) != space {
		return from, at // a token in place of a user's name
	}
	if colon < 0 || at < colon+leastPassword || at-colon > 128 {
		return 0, 0
	}
	if password := s.text[colon+1 : at]; s.gap(colon+1) == space || !secretive(password) {
		return 0, 0
	}
	return colon + 1, at
}

// leastUser is how long a user's name is at least that may be a token.
const leastPassword, leastUser = 8, 20

// secretive reports if a password looks as if chance had written it: those in
// manuals are words.
func secretive(v []byte) bool {
	const long, leastDigits = 16, 2
	figures, alnum := 0, 0
	for _, c := range v {
		switch {
		case c >= '0' && c <= '9':
			figures, alnum = figures+1, alnum+1
		case alnums.has[c]:
			alnum++
		case c == '$' || c == '{' || c == '*' || c == '[' || c == '%':
			return false // a variable's, or hidden
		}
	}
	if template, bad := placeholder(string(v)); bad && template != "" {
		return false
	}
	if _, rest := lastDigits(v); wordlike(rest) { // hunter2, password123
		return false
	}
	return figures > 0 && alnum > figures && (mixed(v) && len(v) > leastPassword+1 || len(v) >= long &&
		figures >= leastDigits)
}

// lastDigits cuts the digits at the end off.
func lastDigits(v []byte) (figures, rest []byte) {
	rest = bytes.TrimRight(v, digits)
	return v[len(rest):], rest
}

// pem finds a private key in PEM. White space is no matter in it.
func (s *scanner) pem(i int) (begin, end int) {
	const longestLabel, longestBody, leastBody = 40, 16 << 10, 64
	head := s.text[i+10 : min(len(s.text), i+10+longestLabel)]
	label := bytes.Index(head, []byte("-----"))
	if label < 0 || !bytes.Contains(bytes.ToUpper(bytes.ReplaceAll(head[:label], []byte("+"), nil)),
		[]byte("PRIVATEKEY")) {
		return 0, 0
	}
	from := i + 10 + label + len("-----")
	n, limit := from, min(len(s.text), from+longestBody)
	for n < limit && !(s.text[n] == '-' && n+1 < len(s.text) && s.text[n+1] == '-') {
		step := 1
		if c := s.text[n]; !padded.has[c] && c != '\\' && c != ':' && c != ',' {
			step = pemGap(s.text[n:limit])
		}
		if n += step; step == 0 {
			break
		}
	}
	if n-from < leastBody || !mixed(s.text[from:n]) || !various(s.text[from+leastBody/2:n]) {
		return 0, 0
	}
	if n < len(s.text) && bytes.HasPrefix(bytes.ToUpper(s.text[n:min(len(s.text), n+8)]), []byte("-----END")) {
		if stop := bytes.Index(s.text[n+8:min(len(s.text), n+8+longestLabel)], []byte("-----")); stop >= 0 {
			n += 8 + stop + len("-----")
		}
	}
	return i, n
}

// pemGap is how long what stands between two lines of a key is that begins a text, of a
// comment, a quotation, or the source of a program; 0 where no line follows.
func pemGap(text []byte) int {
	const furthest, leastLine, mostLine = 16, 32, 100
	if n := runOf(text[:min(len(text), furthest+leastLine)], &stdBase64.has, 1, leastLine); n > 0 {
		return n
	}
	return max(0, bytes.Index(bytes.ToUpper(text[:min(len(text), mostLine)]), []byte("-----END")))
}

// token finds a JSON web token: a header and a payload, both JSON objects in
// base 64, and a signature. What stands in its middle is so telling that white
// space is no matter there.
func (s *scanner) token(i int) int {
	const leastHead, leastBody, leastSign, usualSign = 15, 10, 20, 43
	head := s.run(0, i)
	if head-i < leastHead || head >= len(s.text) || s.text[head] != '.' || !s.begins(head+1, "ey"+"J") {
		return 0
	}
	body := s.run(1, head+1)
	if body-head < leastBody || body >= len(s.text) || s.text[body] != '.' {
		return 0
	}
	end := body + 1
	w := walk{s: s, class: urlSafes, least: body + leastSign, usual: body + 1 + usualSign}
	for end < len(s.text) && w.goesOn(body+1, end) {
		end++
	}
	if end-body < leastSign {
		return 0
	}
	return end
}

// run is where the bytes of a token's part end that begin at i.
func (s *scanner) run(part, i int) int {
	if known := s.runs[part]; known[0] <= i && i < known[1] {
		return known[1]
	}
	j := i
	for j < len(s.text) && urlSafes.has[s.text[j]] {
		j++
	}
	s.runs[part] = [2]int{i, j}
	return j
}
