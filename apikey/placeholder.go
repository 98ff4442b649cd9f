package apikey

import (
	"bytes"
	"slices"
	"strings"
)

// stock are values that stand in templates, once lower case and without what
// isn't a letter or digit.
var stock = map[string]bool{
	"changeme": true, "changethis": true, "changeit": true, "replaceme": true, "replacethis": true, "todo": true,
	"tbd": true, "fixme": true,
	"test": true, "testing": true, "testkey": true, "testtoken": true, "dummy": true, "dummykey": true, "fake": true,
	"fakekey": true, "example": true, "sample": true, "demo": true,
	"placeholder": true, "none": true, "null": true, "nil": true, "undefined": true, "unset": true, "notset": true,
	"empty": true, "na": true, "true": true, "false": true,
	"key": true, "apikey": true, "token": true, "secret": true, "secretkey": true, "password": true, "passwd": true,
	"admin": true, "foo": true, "bar": true, "foobar": true,
	"mykey": true, "myapikey": true, "mysecret": true, "mysecretkey": true, "mytoken": true, "yourkey": true,
	"yoursecret": true, "yourtoken": true, "insert": true, "redacted": true,
}

// longestStock is how many letters the longest of them has.
const longestStock = 11

// telltales say inside a longer value that it is no secret.
var telltales = [][]byte{
	[]byte("your-"), []byte("your_"), []byte("yourapikey"), []byte("your api"), []byte("-here"), []byte("_here"),
	[]byte("changeme"), []byte("change-me"), []byte("change_me"),
	[]byte("change-this"), []byte("change_this"), []byte("replace-me"), []byte("replace_me"), []byte("replace-with"),
	[]byte("replace_with"), []byte("insert-"), []byte("insert_"),
	[]byte("placeholder"), []byte("example-key"), []byte("example_key"), []byte("api-key"), []byte("api_key"),
	[]byte("dummy"), []byte("redacted"),
}

// longestPlaceholder is the most bytes that somebody types as a template's text.
const longestPlaceholder = 512

// placeholder says why a value without surrounding white space is a template's
// text. It takes no memory.
func placeholder(v string) (why string, bad bool) {
	if why, bad := template(v); bad {
		return why, bad
	}
	return trivial(v[len(publicPrefix(v)):])
}

// references are how values begin that stand for a secret which is elsewhere.
var references = []string{
	"op://", "vault:", "vault://", "bw://", "pass://", "keychain:", "keyring:", "secret://", "secrets://",
	"doppler://", "infisical://", "sops:", "ref+", "env:", "env://",
	"file:", "ssm:", "awssm:", "aws-sm:", "awssm://", "secretsmanager:", "arn:aws:secretsmanager:", "arn:aws:ssm:",
	"gcp-sm:", "gcpsm://", "sm://", "akv://", "keyvault:", "azurekeyvault:", "@Microsoft.KeyVault(",
	"aws-secretsmanager:", "akeyless:", "conjur:", "gopass:", "pass:", "exec:", "secretRef:", "ENC[", "$env:", "{env:",
	"process.env.", "os.environ", "os.getenv(", "ENV.", "/run/secrets/", "~/", "@/", "@file:",
}

const referenced = "is a reference to a secret, which nobody resolved"

// reference says why a value is the place of a secret rather than the secret.
func reference(v string) (why string, bad bool) {
	if strings.ContainsAny(v[:min(len(v), 24)], ":+([./") {
		for _, r := range references {
			if len(r) <= len(v) && strings.EqualFold(v[:len(r)], r) {
				return referenced, true
			}
		}
	}
	if strings.HasPrefix(v, "projects/") && strings.Contains(v, "/secrets/") {
		return referenced, true
	}
	return "", false
}

// elsewhere reports if a value is an address of whatever scheme that isn't a database's,
// or of the web, which are told apart.
func elsewhere(v string) bool {
	scheme, _, is := strings.Cut(v, "://")
	if !is || stranger(scheme, dotted) >= 0 {
		return false
	}
	base, _, _ := strings.Cut(strings.ToLower(scheme), "+")
	return base != "http" && base != "https" && !slices.Contains(databases, base)
}

// template says why a value is a template's text.
func template(v string) (why string, bad bool) {
	if len(v) > longestPlaceholder {
		return "", false
	}
	switch {
	case strings.HasPrefix(v, "<") && strings.HasSuffix(v, ">"):
		return "is a <placeholder>", true
	case strings.HasPrefix(v, "${") || strings.HasPrefix(v, "$(") || strings.HasPrefix(v, "{{") ||
		strings.HasPrefix(v, "%(") || strings.HasPrefix(v, "$") && shouted(v[1:]) ||
		len(v) > 2 && v[0] == '%' && v[len(v)-1] == '%' && shouted(v[1:len(v)-1]):
		return "is a variable that nobody expanded", true
	case strings.Contains(v, "...") || strings.Contains(v, "…") || strings.Contains(v, hidden):
		return "is a shortened or masked value", true
	}
	if inStock(v) {
		return "is a template's word", true
	}
	if !coded20(v) {
		var room [longestPlaceholder]byte
		lower := room[:len(v)]
		for i := range len(v) {
			lower[i] = small[v[i]]
		}
		for _, t := range telltales {
			if bytes.Contains(lower, t) {
				return "is a template's text", true
			}
		}
	}
	body := v[len(publicPrefix(v)):]
	if body == "" || len(body) < len(v) && inStock(body) {
		return "is a prefix and nothing real behind it", true
	}
	return "", false
}

// coded20 reports if a value has twenty characters in it, or more, that chance
// wrote: then it is no template, whatever words stand before them, as in api_key_
// and 32 random characters.
func coded20(v string) bool {
	const least = 20
	n := 0
	for rest := v; rest != ""; {
		i := strings.IndexAny(rest, "-_. ")
		piece := rest
		if i >= 0 {
			piece, rest = rest[:i], rest[i+1:]
		} else {
			rest = ""
		}
		if !guessed(piece) {
			n += len(piece)
		}
	}
	return n >= least
}

// guessed reports if a piece may be somebody's word or number: letters in one
// case but for the first, or digits, few enough of them.
func guessed(piece string) bool {
	const longestWord = 20
	if len(piece) > longestWord {
		_, bad := trivial(piece)
		return bad
	}
	upper, lower, digit := 0, 0, 0
	for i := range len(piece) {
		switch c := piece[i]; {
		case c >= '0' && c <= '9':
			digit++
		case c >= 'a' && c <= 'z':
			lower++
		case c >= 'A' && c <= 'Z' && i > 0:
			upper++
		}
	}
	return digit == 0 && (upper == 0 || lower == 0) || digit > 0 && digit == len(piece) || len(piece) < 3
}

// shouted reports if v is the name of a variable in capitals.
func shouted(v string) bool {
	for i := range len(v) {
		if !words.has[v[i]] || v[i] >= 'a' && v[i] <= 'z' {
			return false
		}
	}
	return v != ""
}

// inStock looks a text up without its signs, and without digits at its end.
func inStock(v string) bool {
	var room [longestStock]byte
	n, letters := 0, 0 // letters: up to the last of them
	for i := range len(v) {
		c := small[v[i]]
		letter := c >= 'a' && c <= 'z'
		switch {
		case letter && n >= longestStock:
			return false // most long values end here
		case letter || c >= '0' && c <= '9':
			if n < longestStock {
				room[n] = c
			}
			if n++; letter {
				letters = n
			}
		}
	}
	return stock[string(room[:letters])]
}

// told reports if a well-formed value says itself that it is none. Only words
// that chance can't spell count, near the beginning: seven letters in 64 characters
// come up once in 10^8 keys.
func told(body string) bool {
	for i := range min(len(body), 64) {
		switch body[i] | 0x20 {
		case 'e', 'p', 'c', 'y':
			for _, w := range [...]string{"example", "placeholder", "changeme", "your-api", "your_api", "yourapikey"} {
				if len(body)-i >= len(w) && strings.EqualFold(body[i:i+len(w)], w) {
					return true
				}
			}
		}
	}
	return false
}

// leastVaried is the least that a secret must vary: the number of equally
// frequent characters that would collide as often as its own do (the inverse of
// Simpson's index). 32 random hex digits have about 11, an English sentence 15;
// one that has fewer than 5 comes up once in 10^9.
const leastVaried = 5

// trivial says why a value is too simple to be a secret: characters that repeat,
// that follow each other, or too few different ones.
func trivial(v string) (why string, bad bool) {
	if v == "" {
		return "", false
	}
	const looked = 64 // who goes on at random after so many is no template
	v = v[:min(len(v), looked)]
	var count [256]uint8
	steps, sum := 0, uint64(0) // sum is of the squares of the counts
	last := v[0]
	for i := range len(v) {
		c := v[i]
		sum += 2*uint64(count[c]) + 1
		count[c]++
		if c-last+1 <= 2 { // the same, or a neighbour
			steps++
		}
		last = c
	}
	steps-- // the first was compared with itself
	n := uint64(len(v))
	switch {
	case sum == n*n && len(v) > 2:
		return "is one character over and over", true
	case len(v) < 8:
		return "", false
	case steps*10 >= (len(v)-1)*7:
		return "is a sequence of neighbouring characters", true
	case periodic(v):
		return "is the same few characters over and over", true
	case len(v) >= 12 && n*n < leastVaried*sum:
		return "has too few different characters", true
	}
	return "", false
}

// periodic reports if a value repeats its first characters, at most 20, to its
// end, three times or more.
func periodic(v string) bool {
	for p := 1; p <= min(20, len(v)/3); p++ {
		if v[p:] == v[:len(v)-p] {
			return true
		}
	}
	return false
}
