package main

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/verdict"
)

// clockFlags say how far clocks may disagree, as given.
type clockFlags struct {
	drift string
	tick  time.Duration
	err   time.Duration
}

func (f *clockFlags) register(flags *pflag.FlagSet, tick time.Duration) {
	flags.StringVar(&f.drift, "clock-drift", "200ppm", "how much faster or slower than ours the limiter's clock may run: `200ppm`, 0.02% or 0")
	flags.DurationVar(&f.tick, "clock-tick", tick, "the limiter sees its clock in steps of this `length`: 1s where it counts whole seconds")
}

// registerError is for instants that somebody else wrote down.
func (f *clockFlags) registerError(flags *pflag.FlagSet) {
	flags.DurationVar(&f.err, "clock-error", 0, "how far each instant of the history may be off, either way, such as `2ms`")
}

// clocks is what the flags say.
func (f *clockFlags) clocks() (*verdict.Clocks, error) {
	drift, err := verdict.ParseDrift(f.drift)
	if err != nil {
		return nil, fmt.Errorf("--clock-drift: %s", spoken(err))
	}
	for _, flag := range []struct {
		name string
		d    time.Duration
	}{{"tick", f.tick}, {"error", f.err}} {
		if flag.d < 0 || flag.d > verdict.MaxSlack {
			return nil, fmt.Errorf("--clock-%s %s is not from 0 to %s", flag.name, flag.d, short(verdict.MaxSlack))
		}
	}
	return &verdict.Clocks{Drift: drift, Tick: f.tick, Error: f.err}, nil
}
