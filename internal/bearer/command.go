package bearer

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// Command gets tokens from a command of the user's, which a shell runs. It prints
// the token and nothing else, or the JSON that an authorization server answers with:
// an object with access_token, and perhaps expires_in in seconds. How long a token
// lasts that is a JWT stands in it.
type Command string

// Eager reports that it needs to know nothing of the server.
func (c Command) Eager() bool { return true }

// Hint says what to do where it gets no token, or none that a server takes.
func (c Command) Hint() string {
	return "run the command by itself: does it print a token, and one for this server?"
}

// Get implements Getter.
func (c Command) Get(ctx context.Context, _ http.Header) (Token, error) {
	shell, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/c"
	}
	cmd := exec.CommandContext(ctx, shell, flag, string(c))
	cmd.WaitDelay = time.Second // what it left running holds its output open
	var out printed
	var said tail
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil || out.over {
		switch {
		case out.over:
			err = errors.New("it printed far more than a token")
		case ctx.Err() != nil:
			err = fmt.Errorf("it printed no token within %s", getWithin)
		}
		return Token{}, fmt.Errorf("the command for a token failed: %w%s", err, lastLine(said.String(), out.String()))
	}
	text := strings.TrimSpace(out.String())
	var object tokenReply
	isJSON := strings.HasPrefix(text, "{") && json.Unmarshal([]byte(text), &object) == nil
	switch {
	case isJSON && object.Access != "":
		return object.token(), nil
	case isJSON && object.Problem != "":
		return Token{}, errors.New("the command for a token printed the JSON of an error: " + brief(object.Problem))
	case text == "":
		return Token{}, errors.New("the command for a token printed nothing" + lastLine(said.String(), ""))
	case !showable(text):
		return Token{}, errors.New("the command for a token printed something that is none: it has spaces, or more " +
			"than one line")
	}
	return Token{Value: text, Lasts: lifeOf(text, time.Now())}, nil
}

// mostPrinted bounds what is read of a command: a token is far shorter.
const mostPrinted = 1 << 20

// printed is what a command prints. A command that prints without an end is ended by that
// nobody reads on.
type printed struct {
	kept []byte // and no bytes.Buffer, whose ReadFrom knows no bound
	over bool
}

// Write implements io.Writer.
func (p *printed) Write(b []byte) (int, error) {
	if p.over = p.over || len(p.kept)+len(b) > mostPrinted; p.over {
		return 0, io.ErrShortBuffer
	}
	p.kept = append(p.kept, b...)
	return len(b), nil
}

func (p *printed) String() string { return string(p.kept) }

// tail is the end of what a command says beside, however long it is.
type tail struct{ kept []byte }

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - mostPrinted; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(b), nil
}

func (t *tail) String() string { return string(t.kept) }

// lastLine is the end of what a command said, for an error, without what it printed
// and without words that may be a token: a shell that traces, or curl -v, says those.
func lastLine(said, printed string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	if last == "" {
		return ""
	}
	for _, word := range strings.Fields(printed) {
		if len(word) >= 6 {
			last = strings.ReplaceAll(last, word, "***")
		}
	}
	return ": " + brief(tokenLike.ReplaceAllStringFunc(last, func(word string) string {
		if strings.ContainsAny(word, "0123456789") {
			return "***"
		}
		return word
	}))
}

// tokenLike is a word as long as tokens are. Those have digits as well; names don't often.
var tokenLike = regexp.MustCompile(`[A-Za-z0-9_~+=-]{16,}`)

// brief is a text of others as an error quotes it.
func brief(text string) string {
	if r := []rune(strings.ToValidUTF8(text, "?")); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return text
}

// showable reports if a text can stand in a header as a token (RFC 6750, section
// 2.1, and what servers issue beside).
func showable(token string) bool {
	for i := range len(token) {
		if c := token[i]; c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return token != ""
}

// lifeOf is how long a token lasts from now on that is a JWT (RFC 7519, section
// 4.1.4). 0: nobody knows.
func lifeOf(token string, now time.Time) time.Duration {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return 0
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Ends float64 `json:"exp"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil || !(claims.Ends > 0 && claims.Ends < 1e11) {
		return 0
	}
	return max(time.Unix(int64(claims.Ends), 0).Sub(now), 0)
}
