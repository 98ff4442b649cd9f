package wire

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// sizeUnits are the units of a size, the longest first.
var sizeUnits = []struct {
	name  string
	bytes float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}}

// leastReplyMemory is enough for one reply of the greatest length.
const leastReplyMemory = 4 * MaxMessage

// ParseReplyMemory reads a size such as 256MiB or 1GB: how much memory replies may take
// while they are read, all together. Empty is as much as NewReplyMemory takes by itself.
func ParseReplyMemory(size string) (*ReplyMemory, error) {
	if size == "" {
		return NewReplyMemory(0), nil
	}
	for _, u := range sizeUnits {
		number, ok := strings.CutSuffix(size, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(n*u.bytes >= leastReplyMemory) || n*u.bytes > math.MaxInt64/2 {
			break
		}
		return NewReplyMemory(int64(n * u.bytes)), nil
	}
	return nil, fmt.Errorf("%q is no size of at least %d MiB", size, leastReplyMemory>>20)
}
