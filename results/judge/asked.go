package judge

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/mcpload/mcpload/history"
	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/invoked"
	"github.com/mcpload/mcpload/profiles"
)

// Asked is what a recorded history is held against, in the words of a command line, whose
// flags its errors name.
type Asked struct {
	Rate      string
	Burst     int
	Scope     string
	Charges   []string
	Promise   []string // laws, in place of all above
	Tolerance float64
}

// Consistent refuses flags that contradict each other, by which of them were given.
func (a *Asked) Consistent(given func(flag string) bool) error {
	if a.Burst < 1 && given("burst") {
		return fmt.Errorf("--burst %d is not 1 or more", a.Burst)
	}
	for _, name := range []string{"rate", "burst", "scope", "charges", "box"} {
		if len(a.Promise) > 0 && given(name) {
			return fmt.Errorf("--promise says what --%s says: give one of them", name)
		}
	}
	return nil
}

// Limit is the bucket that is promised; none where laws are.
func (a *Asked) Limit() (l profiles.Limit, err error) {
	if len(a.Promise) > 0 {
		return l, nil
	}
	l = profiles.Limit{Scope: profiles.Scope(a.Scope), Charges: []string{"*"}, Burst: a.Burst,
		Presumed: len(a.Charges) == 0}
	if len(a.Charges) > 0 {
		l.Charges = a.Charges
	}
	if a.Rate == "" {
		return l, hint.New(errors.New("verify needs the promised --rate"), "for example --rate 15/s --burst 40, or "+
			"--promise '30 per 10s fixed'")
	}
	given, err := profiles.ParseLimit(a.Rate)
	if err != nil {
		return l, fmt.Errorf("--rate: %w", err)
	}
	l.Rate, l.Burst = given.Rate, cmp.Or(l.Burst, given.Burst)
	switch {
	case l.Burst == 0:
		return l, hint.New(errors.New("verify needs the promised --burst"), "for example --rate 15/s --burst 40")
	case l.Scope != profiles.Global && l.Scope != profiles.Client:
		return l, fmt.Errorf("--scope %q is neither global nor client", a.Scope)
	}
	return l, nil
}

// Widening is the tolerance, of which none is below 0: 0 is the usual one.
func (a *Asked) Widening() (float64, error) {
	switch {
	case math.IsNaN(a.Tolerance) || a.Tolerance < 0 || a.Tolerance >= 1:
		return 0, fmt.Errorf("--tolerance %g is not from 0 to below 1 token", a.Tolerance)
	case a.Tolerance == 0:
		return -1, nil
	}
	return a.Tolerance, nil
}

// Open opens a history, or standard input for -, and unpacks it if need be. What it
// returns beside it closes it.
func Open(name string, stdin io.Reader) (io.Reader, func(), error) {
	file, end := stdin, func() {}
	if name != "-" {
		opened, err := os.Open(name)
		if err != nil {
			return nil, nil, fmt.Errorf("cannot read the history: %w", invoked.NoFile(err, name))
		}
		end = func() { _ = opened.Close() } // it was only read
		if info, err := opened.Stat(); err == nil && info.IsDir() {
			end()
			return nil, nil, hint.New(fmt.Errorf("cannot read the history: %s is a folder", name), "name a file in "+
				"it, or - for standard input")
		}
		file = opened
	}
	calls, err := history.Unpacked(file)
	if err != nil {
		end()
		return nil, nil, fmt.Errorf("cannot unpack the history: %w", err)
	}
	return calls, end, nil
}

// Unreadable is why a history can't be read, with how one looks.
func Unreadable(err error) error {
	if _, ok := errors.AsType[*history.Errors](err); !ok {
		return err
	}
	if strings.Contains(err.Error(), "is before sent_ns") {
		return hint.New(err, "was the clock set back while that call was under way? Nobody knows when it was "+
			"decided then: leave the line out, or say "+`"outcome":"unknown"`+" with the later instant twice")
	}
	return hint.New(err, "each line is one call, such as "+`{"sent_ns":0,"received_ns":812345,"outcome":"admitted"}`)
}
