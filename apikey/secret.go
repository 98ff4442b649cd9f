package apikey

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// A Secret holds a credential's value, and shows it to nobody who doesn't ask for
// it by Reveal: in fmt, JSON, XML, YAML and slog it is three stars, with whatever
// verb, in whatever struct. The zero Secret holds the empty text.
//
// The value is behind a function, as in Redactor.
type Secret struct{ value func() string }

// NewSecret hides a value.
func NewSecret(value string) Secret { return Secret{func() string { return value }} }

// Reveal returns the value: for the request that needs it, and for nothing that is
// printed.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return s.value()
}

// Set reports if there is a value.
func (s Secret) Set() bool { return s.Reveal() != "" }

// Equal compares a value with what somebody sent, in a time that tells nothing
// but their lengths.
func (s Secret) Equal(other string) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other)) == 1
}

// String is three stars.
func (s Secret) String() string { return hidden }

// GoString is three stars.
func (s Secret) GoString() string { return hidden }

// Format prints three stars, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, hidden) // a Formatter can't report an error
}

// MarshalText is three stars.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// UnmarshalText hides a text, so that a Secret can be a field of what a
// configuration file is read into.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}

// LogValue is three stars.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }
