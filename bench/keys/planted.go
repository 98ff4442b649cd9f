package main

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/zricethezav/gitleaks/v8/detect"

	"github.com/mcpload/mcpload/apikey"
)

// each writes every byte of a value in one way.
func each(v, format, between string) string {
	var parts []string
	for i := range len(v) {
		parts = append(parts, fmt.Sprintf(format, v[i]))
	}
	return strings.Join(parts, between)
}

// every cuts a value into parts of n bytes.
func every(n int, v, between string) string {
	var parts []string
	for ; len(v) > n; v = v[n:] {
		parts = append(parts, v[:n])
	}
	return strings.Join(append(parts, v), between)
}

func wide(v string, big bool) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(v)) {
		if big {
			b.Write([]byte{byte(u >> 8), byte(u)})
		} else {
			b.Write([]byte{byte(u), byte(u >> 8)})
		}
	}
	return b.String()
}

func b64(v string, before int) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(":", before) + v + ":tail"))
}

func xxd(v string) string {
	var b strings.Builder
	for i := 0; i < len(v); i += 16 {
		row := v[i:min(i+16, len(v))]
		fmt.Fprintf(&b, "%08x: %-39s  %s\n", i, every(4, hex.EncodeToString([]byte(row)), " "), row)
	}
	return b.String()
}

// disguises are 41 ways in which a value was seen to be written.
var disguises = map[string]func(string) string{
	"plain": func(v string) string { return v }, "hex": func(v string) string { return hex.EncodeToString([]byte(v)) },
	"HEX":  func(v string) string { return strings.ToUpper(hex.EncodeToString([]byte(v))) },
	"hex:": func(v string) string { return each(v, "%02x", ":") },
	"hex-": func(v string) string { return each(v, "%02X", "-") }, "hex ": func(v string) string {
		return each(v,
			"%02x", " ")
	},
	"0x": func(v string) string { return each(v, "0x%02x", ", ") }, "xxd": xxd,
	"hexdump":  func(v string) string { return hex.Dump([]byte("key: " + v)) },
	"base64 0": func(v string) string { return b64(v, 0) }, "base64 1": func(v string) string { return b64(v, 1) },
	"base64 2":      func(v string) string { return b64(v, 2) },
	"base64url":     func(v string) string { return base64.RawURLEncoding.EncodeToString([]byte("x:" + v)) },
	"MIME":          func(v string) string { return every(76, b64(strings.Repeat("padding ", 12)+v, 1), "\r\n") },
	"PEM lines":     func(v string) string { return every(64, b64(strings.Repeat("padding ", 5)+v, 2), "\n") },
	"base64²":       func(v string) string { return b64(b64(v, 1), 2) },
	"base32":        func(v string) string { return base32.StdEncoding.EncodeToString([]byte(":" + v)) },
	"percent":       func(v string) string { return each(v, "%%%02X", "") },
	"percent small": func(v string) string { return each(v, "%%%02x", "") },
	"percent twice": func(v string) string { return url.QueryEscape(each(v, "%%%02X", "")) }, "query": url.QueryEscape,
	`\u`: func(v string) string { return each(v, `\u%04x`, "") }, `\x`: func(v string) string {
		return each(v, `\x%02x`,
			"")
	}, `\u{}`: func(v string) string { return each(v, `\u{%x}`, "") },
	"octal": func(v string) string { return each(v, `\%03o`, "") }, "&#d": func(v string) string {
		return each(v,
			"&#%d;", "")
	}, "&#x": func(v string) string { return each(v, "&#x%X;", "") },
	"=XX": func(v string) string { return each(v, "=%02X", "") }, "QP breaks": func(v string) string {
		return every(20,
			strings.ReplaceAll(v, "=", "=3D"), "=\r\n")
	},
	"numbers":      func(v string) string { return fmt.Sprint([]byte(v)) },
	"JSON numbers": func(v string) string { return each(v, "%d", ", ") }, "chr": func(v string) string {
		return each(v,
			"chr(%d)", ".")
	},
	"one space": func(v string) string { return v[:8] + " " + v[8:] }, "wraps": func(v string) string {
		return every(20,
			v, "\n    ")
	},
	"NUL":        func(v string) string { return v[:8] + "\x00" + v[8:] },
	"backspaces": func(v string) string { return every(1, v, "\x08") },
	"colours":    func(v string) string { return every(5, v, "\x1b[1;31m") },
	"zero width": func(v string) string { return every(3, v, "\u200b") },
	"UTF-16 LE":  func(v string) string { return wide(v, false) }, "UTF-16 BE": func(v string) string {
		return wide(v,
			true)
	},
	"capitals": strings.ToUpper,
}

// planted hides made-up keys of every format that texts are searched for, each in
// every disguise, behind the name that a variable for it has.
func planted(leaks *detect.Detector) {
	r := rand.New(rand.NewPCG(1, 2))
	total, families := 0, map[string]bool{}
	ours, theirs, missed := 0, 0, map[string]int{}
	for _, p := range apikey.Providers() {
		for i, f := range p.Formats() {
			if f.Found == "no" {
				continue
			}
			families[p.Name()] = true
			name := strings.ToUpper(strings.ReplaceAll(p.Name(), "-", "_")) + "_KEY="
			for _, how := range slices.Sorted(maps.Keys(disguises)) {
				text := "starting up\n" + name + disguises[how](p.SampleOf(i, r)) + "\nready\n"
				total++
				if len(apikey.NewRedactor().Find(text)) > 0 {
					ours++
				} else {
					missed[how]++
				}
				if leaks != nil && len(leaks.DetectString(text)) > 0 {
					theirs++
				}
			}
		}
	}
	fmt.Printf("planted: %d of %d families in %d disguises\n", total, len(families), len(disguises))
	fmt.Printf("  apikey   %6.2f %%\n", 100*float64(ours)/float64(total))
	if leaks != nil {
		fmt.Printf("  gitleaks %6.2f %%\n", 100*float64(theirs)/float64(total))
	}
	for _, how := range slices.Sorted(maps.Keys(missed)) {
		fmt.Printf("  apikey missed %d: %s\n", missed[how], how)
	}
}
