package apikey

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// What programs write between the name of a secret and its value, so that a value which
// nothing else tells is known for one.

// plainNames are of secretNames those that texts about keys, and test vectors, don't use.
var plainNames = map[string]bool{"apikey": true, "apitoken": true, "accesstoken": true, "authtoken": true,
	"refreshtoken": true, "bearertoken": true, "clientsecret": true, "secretkey": true, "secretaccesskey": true,
	"password": true, "passwd": true, "sessiontoken": true, "securitytoken": true, "authorization": true}

// secretBefore reports if the name right before a value is one of a secret, whoever
// issues it: in the source, or in what was undone of it.
func (s *scanner) secretBefore(i int, piece []byte) bool {
	before := s.sourceBefore(i, nearby)
	if assignsSecret(before, piece) {
		return true
	}
	if s.parent == nil || s.parent.parent == nil {
		return false
	}
	from, _ := s.view.back(i, i+1)
	return assignsSecret(s.parent.text[max(0, from-nearby):from], piece)
}

// glues are what stands between a name and its value, and around them.
var glues = newClass("", " \t\r\n\"'`\\=:>[]({,|")

// cutGlue cuts off what stands at a text's end between a name and its value.
func cutGlue(text []byte) (name, glue []byte) {
	n := len(text)
	for n > 0 && glues.has[text[n-1]] {
		n--
	}
	return text[:n], text[n:]
}

// lastWord is the word that a text ends with, as names of variables are written.
func lastWord(text []byte) []byte {
	n := len(text)
	for n > 0 && (words.has[text[n-1]] || text[n-1] == '-') {
		n--
	}
	return text[n:]
}

// fillers stand between a name and its value in sentences, and in lists of names and
// values: "API key provided: …", {"name":"API_KEY","value":"…"}, Some("…"), b'…'.
var fillers = map[string]bool{"provided": true, "is": true, "was": true, "value": true, "content": true, "some": true,
	"b": true}

// assignsSecret reports if a text ends with the name of a secret and what gives it a
// value: of a variable of the environment, or one of the few names that nothing else has.
func assignsSecret(text, value []byte) bool {
	name, glue := cutGlue(text)
	word := lastWord(name)
	lower := strings.ToLower(string(word))
	before, _ := cutGlue(name[:len(name)-len(word)])
	if schemes[lower] && len(glue) > 0 && glue[len(glue)-1] == ' ' {
		if lower == "basic" {
			return secretLogin(value)
		}
		if lower == "bearer" || strings.EqualFold(string(lastWord(before)), "authorization") {
			return true
		}
	}
	if lower == "auth" && bytes.ContainsAny(glue, "=:") {
		return secretLogin(value)
	}
	close := len(glue) > 0 && glue[0] != ' ' && glue[0] != '\t' || bytes.HasSuffix(before, []byte("$env"))
	if fillers[lower] && len(glue) > 0 {
		name, close = before, lower == "value"
		word = lastWord(name)
	} else if !gives(glue) {
		return false
	}
	if strings.EqualFold(string(word), "token") { // alone: nextToken is none
		return true
	}
	capitals := bytes.Equal(word, bytes.ToUpper(word))
	return endsIn(plainNames, string(lastWords(name))) || close && capitals && secretName(string(word)) || login(text)
}

// gives reports if what stands between a name and a value assigns it: a sign, or
// quotation marks around both of them, or white space alone, as behind a flag.
func gives(glue []byte) bool {
	const quotes = "\"'`"
	if len(glue) == 0 {
		return false
	}
	return bytes.ContainsAny(glue, "=:>|\n") || len(bytes.TrimSpace(glue)) == 0 ||
		bytes.ContainsAny(glue, ",") && bytes.ContainsAny(glue[:1], quotes) ||
		bytes.ContainsAny(glue, quotes) && bytes.ContainsAny(glue[:1], " (")
}

// login reports if a text ends with a flag for a user's name and password, and the name.
func login(text []byte) bool {
	user, colon := bytes.CutSuffix(text, []byte(":"))
	flag, _ := cutGlue(user[:len(user)-len(lastWord(user))])
	flag = lastWord(flag)
	return colon && (string(flag) == "-u" || string(flag) == "--user")
}

// lastWords are the last three words of a text, which sentences have spaces between.
func lastWords(text []byte) []byte {
	n := len(text)
	for k := 0; k < 3 && n > 0; k++ {
		n -= len(lastWord(text[:n]))
		if n == 0 || text[n-1] != ' ' {
			break
		}
		n--
	}
	return text[n:]
}

// secretLogin reports if a value is a user's name and password in base 64 (RFC 7617),
// and the password one that nobody would guess.
func secretLogin(value []byte) bool {
	plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(string(value), "="))
	_, password, ok := bytes.Cut(plain, []byte(":"))
	return err == nil && ok && (secretive(password) || uuidLike(password))
}

// uuidLike reports if a piece is a UUID.
func uuidLike(piece []byte) bool { return len(piece) == 36 && uuidFormat.fits(piece) }

var uuidFormat = &format{parts: uuid()}

// identifier reports if at least half of a piece's letters are in words, unless digits
// stand all over it as no person writes them.
func identifier(piece []byte) bool {
	const often = 6
	turns := 0
	for i := 1; i < len(piece); i++ {
		if numbers10.has[piece[i]] != numbers10.has[piece[i-1]] {
			turns++
		}
	}
	letters, figures, signs := wordsIn(piece)
	return turns < often && 2*letters >= len(piece)-figures-signs
}
