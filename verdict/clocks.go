package verdict

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Clocks says how far the clocks of a history and the clock of the limiter may
// disagree. A limiter that keeps its limit by its own clock keeps another one by
// ours, so every bound is widened by what the clocks may explain: L seconds of
// ours are at least L*(1-Drift) - Tick and at most L*(1+Drift) + Tick of the
// limiter's. The zero value is clocks that agree.
//
// The widening is exact for a window: however the drift varies within its
// bounds, L seconds can't become more, and a clock that runs fast throughout
// makes them that much.
type Clocks struct {
	Drift float64       // how much faster or slower one may run: 0.0002 is 200 ppm; at most MaxDrift
	Tick  time.Duration // the limiter sees its clock in steps as long as this
	Error time.Duration // how far each instant of the history may be off, either way
}

// What is taken for granted unless it is said otherwise: two quartz clocks, and
// a limiter that counts in milliseconds, as most do.
const (
	DefaultDrift = 200e-6
	DefaultTick  = time.Millisecond
)

// CoarseTick is the longest step in which the clocks of usual systems move: a timer of
// Windows 64 times a second, the coarse clocks of Linux 100 to 1000 times, unless the
// processor that moves them is away.
const CoarseTick = 16 * time.Millisecond

// The most that can be said. Clocks that differ by more than MaxDrift aren't
// clocks; the other two keep instants from running over.
const (
	MaxDrift = 0.1
	MaxSlack = 24 * time.Hour // of Tick and of Error
)

// DefaultClocks returns the clocks that are taken for granted.
func DefaultClocks() Clocks { return Clocks{Drift: DefaultDrift, Tick: DefaultTick} }

// Coarser are the clocks under which what fails is judged once more before it is said, where
// nobody said in which steps the limiter's clock moves: those of CoarseTick. False where
// somebody did.
func (c Clocks) Coarser() (Clocks, bool) {
	told := c.Tick != DefaultTick
	if !told {
		c.Tick = CoarseTick
	}
	return c, !told
}

// Fault says what is wrong with the numbers, and is empty where nothing is.
func (c Clocks) Fault() string {
	switch {
	case !(c.Drift >= 0 && c.Drift <= MaxDrift):
		return fmt.Sprintf("a drift of %g is not from 0 to %g", c.Drift, MaxDrift)
	case c.Tick < 0 || c.Tick > MaxSlack:
		return fmt.Sprintf("a tick of %s is not from 0 to %s", c.Tick, MaxSlack)
	case c.Error < 0 || c.Error > MaxSlack:
		return fmt.Sprintf("an error of %s is not from 0 to %s", c.Error, MaxSlack)
	}
	return ""
}

// Least is how much of the limiter's time has surely passed between two
// instants that lie at least so far apart by the history's clock.
func (c Clocks) Least(apart time.Duration) time.Duration {
	return max(0, time.Duration(math.Floor(float64(apart-2*c.Error)*(1-c.Drift)))-c.Tick)
}

// Most is how much of it may have passed between two that lie at most so far
// apart.
func (c Clocks) Most(apart time.Duration) time.Duration {
	return time.Duration(math.Ceil(float64(apart+2*c.Error)*(1+c.Drift))) + c.Tick
}

// PPM is the drift in parts per million.
func (c Clocks) PPM() float64 { return math.Round(c.Drift*1e9) / 1e3 }

// lag is how much longer a token that was taken may be missed, in nanoseconds of
// the history's clock: the tick.
func (c Clocks) lag() int64 { return int64(math.Ceil(float64(c.Tick) / (1 - c.Drift))) }

// String says what is taken for granted: "200 ppm", "200 ppm, and each instant
// within 2ms", or "no drift".
func (c Clocks) String() string {
	s := "no drift"
	if c.Drift > 0 {
		s = fmt.Sprintf("%g ppm", c.PPM())
	}
	if c.Tick != DefaultTick && c.Tick != 0 {
		s += fmt.Sprintf(", a limiter's tick of %s", c.Tick)
	}
	if c.Error > 0 {
		s += fmt.Sprintf(", and each instant within %s", c.Error)
	}
	return s
}

// ParseDrift reads `200ppm`, `0.02%` or `0`. A number without a unit would be a
// guess, so that only 0 may stand alone.
func ParseDrift(s string) (float64, error) {
	text := strings.ToLower(strings.Join(strings.Fields(s), ""))
	number, scale := text, 0.0
	if cut, ok := strings.CutSuffix(text, "ppm"); ok {
		number, scale = cut, 1e-6
	} else if cut, ok := strings.CutSuffix(text, "%"); ok {
		number, scale = cut, 1e-2
	}
	x, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) || scale == 0 && x != 0 {
		return 0, fmt.Errorf("%q is not a drift such as 200ppm, 0.02%% or 0", s)
	}
	if x *= scale; x < 0 || x > MaxDrift {
		return 0, fmt.Errorf("a drift of %q is not from 0 to %g%%", s, MaxDrift*100)
	}
	return x, nil
}
