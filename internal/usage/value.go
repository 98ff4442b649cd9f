package usage

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/promise"
)

// InSeconds is a flag's value that is a time, and may be written as a bare number of seconds.
type InSeconds struct{ pflag.Value }

// Set implements pflag.Value.
func (v InSeconds) Set(s string) error {
	if _, err := strconv.ParseFloat(s, 64); err == nil && s != "0" {
		s += "s"
	}
	if span, err := promise.ParseSpan(s); err == nil {
		s = span.String() // which may have been written as 5 sec, or 2 minutes
	}
	if v.Value.Set(s) != nil {
		return noTime(s)
	}
	return nil
}

// noTime is the error about a text that should be a time.
type noTime string

func (s noTime) Error() string {
	return fmt.Sprintf("%q is no time such as 10s, 500ms or 2m", string(s))
}

// PlainError says of a flag's value that should be a number or a time what it is not, without
// the name of the function that found out. Other errors are returned as they are.
func PlainError(err error) error {
	var bad *pflag.InvalidValueError
	if !errors.As(err, &bad) {
		return err
	}
	if span, ok := errors.AsType[noTime](err); ok {
		return fmt.Errorf("--%s %w", bad.GetFlag().Name, span)
	}
	number, ok := errors.AsType[*strconv.NumError](err)
	if !ok {
		return err
	}
	kind := "a number"
	if t := bad.GetFlag().Value.Type(); strings.HasPrefix(t, "int") || strings.HasPrefix(t, "uint") {
		kind = "a whole number"
	}
	if errors.Is(number, strconv.ErrRange) {
		kind += " that fits"
	}
	return fmt.Errorf("--%s %q is not %s", bad.GetFlag().Name, bad.GetValue(), kind)
}
