package bearer

import (
	"net/http"
	"strings"
)

// A challenge is what a server says of the tokens that it takes, in the header
// WWW-Authenticate with the scheme Bearer (RFC 6750, section 3; RFC 9728, section 5.1).
type challenge struct {
	metadata string // URL of the resource's metadata
	scope    string
	problem  string // such as invalid_token or insufficient_scope
}

// readChallenge reads the first Bearer challenge of a reply. What isn't there, or
// can't be read, is empty.
func readChallenge(header http.Header) challenge {
	for _, value := range header.Values("WWW-Authenticate") {
		if params, ok := bearerParams(value); ok {
			return challenge{params["resource_metadata"], params["scope"], params["error"]}
		}
	}
	return challenge{}
}

// widens reports if a refusal asks for another scope than the one before (RFC 6750,
// section 3.1): the token may be good, but not for this.
func widens(before, refusal http.Header) bool {
	c := readChallenge(refusal)
	return c.problem == "insufficient_scope" && c.scope != "" && c.scope != readChallenge(before).scope
}

// bearerParams are the parameters of the scheme Bearer in a list of challenges (RFC
// 9110, section 11.6.1): "Basic realm=x, Bearer error=\"a, b\", scope=c".
func bearerParams(text string) (params map[string]string, ok bool) {
	params = map[string]string{}
	inside := false
	for text != "" {
		text = strings.TrimLeft(text, " \t,")
		word := text[:tokenLength(text)]
		if word == "" {
			break // no list of challenges
		}
		text = text[len(word):]
		rest := strings.TrimLeft(text, " \t")
		if !strings.HasPrefix(rest, "=") {
			if inside {
				break // the next scheme
			}
			inside = strings.EqualFold(word, "Bearer")
			continue
		}
		var value string
		value, text = paramValue(strings.TrimLeft(rest[1:], " \t"))
		if name := strings.ToLower(word); inside && params[name] == "" {
			params[name] = value
		}
	}
	return params, inside
}

// paramValue cuts a token or a quoted string off a text.
func paramValue(text string) (value, rest string) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, ", \t")
		if end < 0 {
			end = len(text)
		}
		return text[:end], text[end:]
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), text[i+1:]
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// tokenLength is how many bytes of a text are a token (RFC 9110, section 5.6.2).
func tokenLength(text string) int {
	for i := range len(text) {
		c := text[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return i
		}
	}
	return len(text)
}
