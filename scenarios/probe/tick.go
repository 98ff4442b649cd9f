package probe

import "github.com/mcpload/mcpload/verdict"

// allowTick has the limiter's clock go in steps of a millisecond from now on, as
// most do. It returns false where that is so already, or where the steps that were
// given are not 0.
//
// A tick is worth rate times a millisecond in tokens, up and down. Up to 50/s the
// tolerance of 0.05 covers that, and a bucket is measured without a tick, since one
// would hide a hundredth of the rate of a bucket without burst. Above, an honest
// bucket that counts milliseconds is explained by no bucket without one: before a
// limiter is called anything else, it is given its tick.
func (p *probe) allowTick() bool {
	if p.cfg.Clocks.Tick != 0 {
		return false
	}
	clocks := *p.cfg.Clocks
	clocks.Tick = verdict.DefaultTick
	p.cfg.Clocks = &clocks
	return true
}
