package usage

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// InSeconds is a flag's value that is a time, and may be written as a bare number of seconds.
type InSeconds struct{ pflag.Value }

// Set implements pflag.Value.
func (v InSeconds) Set(s string) error {
	if _, err := strconv.ParseFloat(s, 64); err == nil && s != "0" {
		s += "s"
	}
	if err := v.Value.Set(s); err != nil {
		return fmt.Errorf("%q is no time such as 10s, 500ms or 2m", s)
	}
	return nil
}

// PlainError says of a flag's value that should be a number what it is not, without the
// name of the function that found out. Other errors are returned as they are.
func PlainError(err error) error {
	var bad *pflag.InvalidValueError
	var number *strconv.NumError
	if !errors.As(err, &bad) || !errors.As(err, &number) {
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
