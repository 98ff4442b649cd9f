package apikey

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The shortest secrets that are accepted. RFC 7518 section 3.2 wants a key for
// HS256 to have 256 bits.
const (
	shortestJWTSecret = 32
	shortestPassword  = 12
)

func checkJWTSecret(v string) Result {
	switch {
	case strings.HasPrefix(v, "ey"+"J") && strings.Count(v, ".") == 2:
		return Result{WrongFamily, "token", "is a token, not the secret that signs them", ""}
	case strings.HasPrefix(v, "-----BEGIN "):
		return Result{WrongFamily, "PEM block", "is a PEM block, not a shared secret", ""}
	case len(v) < shortestJWTSecret:
		return Result{Malformed, "", fmt.Sprintf("is too short: %d bytes, want %d or more", len(v), shortestJWTSecret),
			""}
	}
	return madeUp(v, "secret")
}

func checkPassword(v string) Result {
	if n := utf8.RuneCountInString(v); n < shortestPassword {
		return Result{Malformed, "", fmt.Sprintf("is too short: %d characters, want %d or more", n, shortestPassword),
			""}
	}
	return madeUp(v, "password")
}

// madeUp judges what no provider issues.
func madeUp(v, name string) Result {
	if i := control(v); i >= 0 {
		return Result{Malformed, "", fmt.Sprintf("has a control character at byte %d", i+1), ""}
	}
	r := Result{Verdict: Valid, Format: name}
	if title, kind, _ := foreign(v, nil); title != "" {
		r.Warning = "looks like " + article(title) + " " + kind
	}
	return r
}

func checkUsername(v string) Result {
	if i := control(v); i >= 0 {
		return Result{Malformed, "", fmt.Sprintf("has a control character at byte %d", i+1), ""}
	}
	if why, bad := placeholder(v); bad && v != "admin" && v != "test" {
		return Result{Placeholder, "", why, ""}
	}
	return Result{Verdict: Valid, Format: "name"}
}

func checkHost(v string) Result {
	if strings.HasPrefix(v, "<") || strings.HasPrefix(v, "$") || strings.HasPrefix(v, "{{") {
		return Result{Placeholder, "", "is a placeholder", ""}
	}
	if _, err := netip.ParseAddr(strings.Trim(v, "[]")); err == nil {
		return Result{Verdict: Valid, Format: "address"}
	}
	name := strings.TrimSuffix(v, ".")
	bad := Result{Malformed, "", "is no host name", ""}
	switch {
	case strings.Contains(v, "://"):
		bad.Detail = "has a scheme; want the host alone"
		return bad
	case strings.ContainsAny(v, "/?#"):
		bad.Detail = "has a path; want the host alone"
		return bad
	case strings.ContainsAny(v, ":@"):
		bad.Detail = "has a port or a user; want the host alone"
		return bad
	case len(name) > 253:
		bad.Detail = "is longer than 253 characters"
		return bad
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || stranger(label, urlSafes) >= 0 || label[0] == '-' ||
			label[len(label)-1] == '-' {
			return bad
		}
	}
	return Result{Verdict: Valid, Format: "name"}
}

func checkPort(v string) Result {
	n, err := strconv.ParseUint(v, 10, 64)
	switch {
	case err != nil || v[0] == '+':
		return Result{Malformed, "", "is not a number", ""}
	case n < 1 || n > 65535:
		return Result{Malformed, "", "is not from 1 to 65535", ""}
	}
	return Result{Verdict: Valid, Format: "port"}
}
