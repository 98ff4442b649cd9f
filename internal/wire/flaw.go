package wire

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

// byteOrderMark is what some systems put before UTF-8.
var byteOrderMark = []byte("\xef\xbb\xbf")

// encodingFlaw says where a text is no UTF-8, as JSON must be; empty where it is.
func encodingFlaw(text []byte) string {
	if utf8.Valid(text) {
		return ""
	}
	at := 0
	for at < len(text) {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return fmt.Sprintf("the response is no UTF-8, at byte %d: %s", at, brief(text[max(0, at-20):]))
}

// trailingFlaw says that a message is followed by what belongs to none.
func trailingFlaw(rest []byte) string {
	rest = bytes.TrimSpace(rest)
	if len(rest) >= 15 && equalFold(rest[:15], "content-length:") {
		return "the response is followed by " + brief(rest) + ": messages are framed by their length, where each " +
			"should be a line"
	}
	return "the response is followed by what is no JSON: " + brief(rest)
}

// notMCP says why a text is no message, by name where it has one.
func notMCP(text []byte, err error) error {
	trimmed := bytes.TrimSpace(text)
	start := bytes.ToLower(trimmed[:min(len(trimmed), 32)])
	switch {
	case bytes.HasPrefix(text, []byte{0x1f, 0x8b}):
		return errors.New("it is compressed (gzip), which was not asked for")
	case bytes.HasPrefix(text, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return errors.New("it is compressed (zstd), which was not asked for")
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}), bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		return errors.New("it is UTF-16, by its byte order mark")
	case len(trimmed) == 0:
		return errors.New("it is empty")
	case bytes.HasPrefix(start, []byte("<!doctype html")), bytes.HasPrefix(start, []byte("<html")):
		return errors.New("it is HTML")
	case start[0] == '<':
		return errors.New("it is markup, such as HTML or XML")
	case string(trimmed) == "null":
		return errors.New("it is null")
	}
	return err
}
