package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mcpload/mcpload/profiles"
)

// addRefusals adds the signs of --refusal to those of a profile.
func addRefusals(r *profiles.Refusal, signs []string) error {
	r.Statuses, r.Codes = slices.Clone(r.Statuses), slices.Clone(r.Codes)
	for _, sign := range signs {
		kind, value, _ := strings.Cut(sign, "=")
		number, notNumber := strconv.Atoi(value)
		bad := func(what string) error {
			return hinted{fmt.Errorf("--refusal %q: %s", sign, what), "as in --refusal status=503, --refusal code=-32029, or --refusal 'text=too many requests'"}
		}
		switch {
		case kind == "status" && (notNumber != nil || number < 400 || number > 599):
			return bad("a status is a number from 400 to 599")
		case kind == "status":
			r.Statuses = append(r.Statuses, number)
		case kind == "code" && notNumber != nil:
			return bad("a code is a whole number")
		case kind == "code":
			r.Codes = append(r.Codes, number)
		case kind == "text":
			if _, err := regexp.Compile(value); err != nil || value == "" {
				return bad("the text is no regular expression (RE2)")
			}
			if r.Text != "" {
				value = r.Text + "|" + value
			}
			r.Text = value
		default:
			return bad("it is none of status, code and text")
		}
	}
	return nil
}
