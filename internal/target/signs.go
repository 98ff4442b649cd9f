package target

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/profiles"
)

// AddRefusals adds signs of a refusal to those of a profile: status=N, code=N,
// text=REGEXP (RE2) or reset. A text that is given by hand is looked for in every result,
// also in one that says no error: whoever gives it has seen what the server says.
func AddRefusals(r *profiles.Refusal, signs []string) error {
	r.Statuses, r.Codes = slices.Clone(r.Statuses), slices.Clone(r.Codes)
	for _, sign := range signs {
		if sign == "reset" {
			r.Resets = true
			continue
		}
		text := ""
		if err := readSign(sign, "status, code, text and reset", &r.Statuses, &r.Codes, &text); err != nil {
			return err
		}
		r.Text, r.Plain = anyOf(r.Text, text), anyOf(r.Plain, text)
	}
	return nil
}

// AddNotRefusals adds signs of what is no refusal: those of AddRefusals but reset.
func AddNotRefusals(r *profiles.Refusal, signs []string) error {
	n := &r.Not
	n.Statuses, n.Codes = slices.Clone(n.Statuses), slices.Clone(n.Codes)
	for _, sign := range signs {
		text := ""
		if err := readSign(sign, "status, code and text", &n.Statuses, &n.Codes, &text); err != nil {
			return err
		}
		n.Text = anyOf(n.Text, text)
	}
	return nil
}

// readSign reads status=N, code=N or text=REGEXP into where it belongs. Kinds are what
// there is, for the error.
func readSign(sign, kinds string, statuses, codes *[]int, text *string) error {
	kind, value, _ := strings.Cut(sign, "=")
	number, notNumber := strconv.Atoi(value)
	bad := func(what string) error {
		return hint.New(fmt.Errorf("%q: %s", sign, what), "as in status=503, code=-32029, or 'text=too many requests'")
	}
	switch {
	case kind == "status" && (notNumber != nil || number < 400 || number > 599):
		return bad("a status is a number from 400 to 599")
	case kind == "status":
		*statuses = append(*statuses, number)
	case kind == "code" && notNumber != nil:
		return bad("a code is a whole number")
	case kind == "code":
		*codes = append(*codes, number)
	case kind == "text":
		if re, err := regexp.Compile(value); err != nil || value == "" {
			return bad("the text is no regular expression (RE2)")
		} else if re.MatchString("") {
			return bad("the pattern matches the empty text, and so every text")
		}
		*text = value
	default:
		return bad("it is none of " + kinds)
	}
	return nil
}

// anyOf is a pattern that matches what one of two does; empty ones match nothing.
func anyOf(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "|" + b
}
