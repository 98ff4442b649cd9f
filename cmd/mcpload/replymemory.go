package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/wire"
)

// registerReplyMemory adds --reply-memory.
func (f *targetFlags) registerReplyMemory(flags *pflag.FlagSet) {
	flags.StringVar(&f.replyMemory, "reply-memory", "256MiB", "the most `memory` that replies may take while they are read, all together: 256MiB, 1GiB")
}

// sizeUnits are the units of a size, the longest first.
var sizeUnits = []struct {
	name  string
	bytes float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}}

// leastReplyMemory is enough for one reply of the greatest length.
const leastReplyMemory = 4 * wire.MaxMessage

// memory is what --reply-memory allows, for all jobs of a command.
func (f *targetFlags) memory() (*wire.ReplyMemory, error) {
	if f.replyMemory == "" {
		return wire.NewReplyMemory(0), nil
	}
	for _, u := range sizeUnits {
		number, ok := strings.CutSuffix(f.replyMemory, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(n*u.bytes >= leastReplyMemory) || n*u.bytes > math.MaxInt64/2 {
			break
		}
		return wire.NewReplyMemory(int64(n * u.bytes)), nil
	}
	return nil, hint.New(fmt.Errorf("--reply-memory %q is no size of at least %d MiB", f.replyMemory, leastReplyMemory>>20), "for example --reply-memory 1GiB")
}
